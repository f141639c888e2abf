"""The file of marked instances: COCO's form, and what it says beyond."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst
from numpy.typing import NDArray

from uois_sam.adaptation.interactive import Click
from uois_sam.annotation.instance_labels import (
    MarkedImage,
    MarkedObject,
    draw_labels,
    mark_object,
    read_instances,
    write_instances,
)
from uois_sam.datasets.coco_rle import decode_rle
from uois_sam.errors import InputError

H, W = 7, 9


def rectangle(x: int, y: int, w: int, h: int) -> NDArray[np.bool_]:
    mask = np.zeros((H, W), bool)
    mask[y : y + h, x : x + w] = True
    return mask


def some_images() -> dict[str, MarkedImage]:
    clicks = (Click(3, 2, True), Click(0, 6, False))
    objects = (mark_object(1, rectangle(2, 1, 3, 4), clicks), mark_object(2, rectangle(6, 0, 2, 7), (), (7, 3)))
    return {"b.jpg": MarkedImage((H, W), objects, True), "a.png": MarkedImage((4, 4), (), False)}


@st.composite
def marked_images(draw: st.DrawFn) -> MarkedImage:
    shape = draw(nst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))
    size = (shape[0], shape[1])
    labels = draw(nst.arrays(np.uint8, size, elements=st.integers(0, 3)))
    x, y = st.integers(0, size[1] - 1), st.integers(0, size[0] - 1)
    objects: list[MarkedObject] = []
    for value in (1, 2, 3):
        if (labels == value).any():
            clicks = draw(st.lists(st.builds(Click, x, y, st.booleans()), max_size=3))
            prompt = draw(st.none() | st.tuples(x, y))
            objects.append(mark_object(len(objects) + 1, labels == value, tuple(clicks), prompt))
    return MarkedImage(size, tuple(objects), draw(st.booleans()))


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), marked_images(), max_size=3))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, images: dict[str, MarkedImage]) -> None:
    path = tmp_path_factory.mktemp("marked") / "instances.json"
    assert read_instances(path) == {}
    write_instances(images, path)
    assert read_instances(path) == images
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_it_is_of_cocos_form(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    write_instances(some_images(), path)
    document = json.loads(path.read_text())
    assert [(image["id"], image["file_name"], image["done"]) for image in document["images"]] == [
        (1, "color/b.jpg", True),
        (2, "color/a.png", False),
    ]
    assert document["images"][0]["width"], document["images"][0]["height"] == (W, H)
    first, second = document["annotations"]
    assert (first["id"], first["image_id"], first["category_id"], first["iscrowd"]) == (1, 1, 1, 0)
    assert (first["bbox"], first["area"]) == ([2, 1, 3, 4], 12)
    assert first["clicks"] == [[3, 2, 1], [0, 6, 0]]
    assert (decode_rle(first["segmentation"], (H, W)) == rectangle(2, 1, 3, 4)).all()
    assert "prompt" not in first
    assert second["prompt"] == [7, 3]
    assert document["categories"] == [{"id": 1, "name": "object", "supercategory": "object"}]


def test_the_coco_api_reads_it(tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools, COCO's own reader, is not installed")
    path = tmp_path / "instances.json"
    write_instances(some_images(), path)
    read = coco.COCO(str(path))
    assert read.getImgIds() == [1, 2]
    first, second = read.loadAnns(read.getAnnIds(imgIds=[1]))
    assert (read.annToMask(first).astype(bool) == rectangle(2, 1, 3, 4)).all()
    assert (read.annToMask(second).astype(bool) == rectangle(6, 0, 2, 7)).all()
    assert read.getAnnIds(imgIds=[2]) == []


def test_the_kth_object_has_label_k() -> None:
    objects = some_images()["b.jpg"].objects
    labels = draw_labels(objects, (H, W))
    assert labels.dtype == np.uint16
    assert ((labels == 1) == rectangle(2, 1, 3, 4)).all()
    assert ((labels == 2) == rectangle(6, 0, 2, 7)).all()


def test_an_object_without_a_pixel_is_none() -> None:
    with pytest.raises(InputError, match="object 3 has no pixel left"):
        mark_object(3, np.zeros((H, W), bool))


def spoil(*keys: str | int, value: Any = None) -> Callable[[dict[str, Any]], None]:
    def change(document: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        if value is None:
            del document[keys[-1]]
        else:
            document[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        spoil("images"),
        spoil("annotations"),
        spoil("images", value=[{"name": "photo"}]),
        spoil("images", value={"photo": 1}),
        spoil("images", 0, "done"),
        spoil("images", 0, "done", value=1),
        spoil("images", 0, "height", value="tall"),
        spoil("images", 0, "height", value=H + 1),
        spoil("images", 0, "file_name", value="b.jpg"),
        spoil("annotations", 0, "image_id", value=7),
        spoil("annotations", 0, "segmentation", value=[[1, 2, 3, 4, 5, 6]]),
        spoil("annotations", 0, "segmentation", "counts", value=f"{H * W}"),
        spoil("annotations", 0, "segmentation", "counts", value=[H * W]),
        spoil("annotations", 0, "clicks", value=[[1, 2]]),
        spoil("annotations", 0, "clicks", value=[[1, 2, 3]]),
        spoil("annotations", 0, "clicks", value=[[1, H, 1]]),
        spoil("annotations", 0, "clicks", value=[[1.5, 2, 1]]),
        spoil("annotations", 1, "prompt", value=[W, 2]),
        spoil("annotations", 1, "prompt", value=[2]),
        spoil("annotations", 1, "prompt", value=5),
    ],
)
def test_another_file_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = tmp_path / "instances.json"
    write_instances(some_images(), path)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="no file of marked instances"):
        read_instances(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(json_values, json_values)
def test_any_values_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, images: Any, annotations: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "instances.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    with suppress(InputError):
        assert read_instances(path) == {}


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_instances({}, tmp_path / "nowhere" / "instances.json")
    (tmp_path / "instances.json").write_text("{")
    with pytest.raises(InputError, match="as JSON"):
        read_instances(tmp_path / "instances.json")
