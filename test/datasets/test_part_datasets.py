"""Readers of labelled parts, on tiny sets in the published layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_part_sets import (
    HEAD,
    TORSO,
    H,
    W,
    annotation,
    coco_content,
    rectangle,
    write_image,
    write_partimagenet,
    write_pascal_part,
    write_synthetic,
)

from uois_sam.datasets.coco_parts import CocoPartsDataset, polygon_mask
from uois_sam.datasets.part_catalogue import open_part_dataset
from uois_sam.datasets.part_labels import PartLabels
from uois_sam.datasets.pascal_part import MERGED, PART_NAMES
from uois_sam.errors import InputError


def test_boxes_and_points_of_masks() -> None:
    labels = PartLabels.from_masks(np.array([3, 1]), np.stack([HEAD, TORSO]))
    assert labels.boxes.tolist() == [[3, 4, 9, 10], [8, 8, 26, 18]]
    assert labels.points.tolist() == [[5.5, 6.5], [16.5, 12.5]]
    assert len(labels) == 2
    assert len(PartLabels.from_masks(np.zeros(0, np.int64), np.zeros((0, H, W), bool))) == 0


@pytest.mark.parametrize(
    ("boxes", "masks", "complaint"),
    [
        ([[0, 0, 2]], None, "wanted \\(P,\\) and \\(P, 4\\)"),
        ([[2, 0, 2, 5]], None, "has no area"),
        ([[0, 0, np.nan, 5]], None, "has no area"),
        ([[0, 0, 2, 2]], np.zeros((2, H, W), bool), "wanted \\(1, H, W\\)"),
    ],
)
def test_labels_that_do_not_fit(boxes: Any, masks: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        PartLabels(np.array([0]), np.array(boxes, np.float32), masks)


def test_an_empty_mask_is_no_part() -> None:
    with pytest.raises(InputError, match="mask 0 of 1 parts is empty"):
        PartLabels.from_masks(np.array([0]), np.zeros((1, H, W), bool))


def test_synthetic_tables(tmp_path: Path) -> None:
    dataset = open_part_dataset(f"parts:{write_synthetic(tmp_path / 'set', 2)}")
    assert dataset.part_names == ("body", "handle", "lid")
    labels = dataset.parts(0)
    assert labels.kinds.tolist() == [0, 1]
    assert labels.boxes.tolist() == [[8, 6, 18, 18], [18, 8, 21, 16]]
    assert labels.masks is not None
    assert int(labels.masks[1].sum()) == 24
    assert dataset[1].image.shape == (H, W, 3)


def test_slivers_of_synthetic_parts_are_left_out(tmp_path: Path) -> None:
    folder = write_synthetic(tmp_path / "set", 1, (240, 320))
    parts = cv2.imread(str(folder / "parts" / "0.png"), cv2.IMREAD_UNCHANGED)
    parts[60, 80:95] = 3
    cv2.imwrite(str(folder / "parts" / "0.png"), parts)
    assert open_part_dataset(f"parts:{folder}").parts(0).kinds.tolist() == [0, 1]
    parts[60, 80:96] = 3
    cv2.imwrite(str(folder / "parts" / "0.png"), parts)
    assert open_part_dataset(f"parts:{folder}").parts(0).kinds.tolist() == [0, 1, 2]


def test_synthetic_tables_without_parts(tmp_path: Path) -> None:
    folder = write_synthetic(tmp_path / "set")
    meta = json.loads((folder / "frames" / "0.json").read_text())
    (folder / "frames" / "0.json").write_text(json.dumps({**meta, "objects": {}}))
    with pytest.raises(InputError, match="names no part of any object"):
        open_part_dataset(f"parts:{folder}")
    (folder / "frames" / "0.json").write_text(json.dumps({**meta, "objects": {"2": {"family": "mug"}}}))
    with pytest.raises(InputError, match="names no parts of its objects"):
        open_part_dataset(f"parts:{folder}")
    for path in (folder / "parts").iterdir():
        path.unlink()
    (folder / "parts").rmdir()
    with pytest.raises(InputError, match="has no folder parts/"):
        open_part_dataset(f"parts:{folder}")


def test_partimagenet(tmp_path: Path) -> None:
    dataset = open_part_dataset(f"partimagenet:{write_partimagenet(tmp_path / 'set')}")
    assert len(dataset.part_names) == 40
    assert dataset.names == ["a_1", "b_2"]
    torso, head = dataset.parts(0), dataset.parts(1)
    assert (torso.kinds.tolist(), head.kinds.tolist()) == ([1], [0])
    assert torso.boxes.tolist() == [[8, 8, 26, 18]]
    assert torso.masks is not None
    assert head.masks is not None
    np.testing.assert_array_equal(torso.masks[0], TORSO)
    np.testing.assert_array_equal(head.masks[0], HEAD)
    assert dataset[1].image.shape == (H, W, 3)


def test_partimagenet_of_another_layout(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wanted 40"):
        open_part_dataset(f"partimagenet:{write_partimagenet(tmp_path / 'set', 39)}")
    with pytest.raises(InputError, match=r"PartImageNet: .*images/train is missing; wanted PATH/images"):
        open_part_dataset(f"partimagenet/train:{tmp_path / 'set'}")
    with pytest.raises(InputError, match="has no split 'trainval'; give partimagenet/val:PATH or"):
        open_part_dataset(f"partimagenet/trainval:{tmp_path / 'set'}")


def test_coco_boxes_without_masks(tmp_path: Path) -> None:
    content = coco_content(3)
    content["annotations"] = [annotation(7, 2, [-2.5, 4, 12, 30], None), annotation(7, 0, [1, 1, 2, 2], [])]
    (tmp_path / "a.json").write_text(json.dumps(content))
    write_image(tmp_path / "b_2.jpg")
    (tmp_path / "b_2.jpg").rename(tmp_path / "b_2.JPEG")
    dataset = open_part_dataset(f"coco:{tmp_path / 'a.json'}")
    assert dataset.part_names == ("Thing 0", "Thing 2")
    labels = dataset.parts(0)
    assert labels.masks is None
    assert labels.kinds.tolist() == [1, 0]
    assert labels.boxes.tolist() == [[0, 4, 9.5, H], [1, 1, 3, 3]]
    assert dataset[0].name == "b_2"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"annotations": []}, "no annotation with a box"),
        ({"categories": None}, "is no annotation file of COCO's form"),
        ({"images": [{"id": 7}]}, "is no annotation file of COCO's form: no 'height|'file_name|3"),
        ({"annotations": [annotation(7, 5, [1, 1, 2, 2], None)]}, "category 5 is not among"),
        ({"annotations": [annotation(1, 0, [1, 1, 2, 2], None)]}, "is no annotation file"),
        ({"annotations": [annotation(7, 0, [1, 1, 2], None)]}, "is no annotation file"),
        ({"annotations": [annotation(7, 0, ["a", 1, 2, 2], None)]}, "is no annotation file"),
    ],
)
def test_coco_files_of_another_form(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps({**coco_content(3), **change}))
    with pytest.raises(InputError, match=complaint):
        CocoPartsDataset(tmp_path / "a.json", tmp_path)


def test_coco_masks_of_another_size(tmp_path: Path) -> None:
    content = coco_content(3)
    content["annotations"] = [annotation(7, 0, [1, 1, 2, 2], {"size": [3, 3], "counts": [9]})]
    (tmp_path / "a.json").write_text(json.dumps(content))
    dataset = CocoPartsDataset(tmp_path / "a.json", tmp_path)
    with pytest.raises(InputError, match=r"a part of b_2.JPEG: mask is no run-length code of 24 x 32"):
        dataset.parts(0)
    with pytest.raises(InputError, match="cannot read"):
        dataset[0]


@given(st.integers(0, W - 1), st.integers(0, H - 1), st.integers(1, W), st.integers(1, H))
def test_polygons_of_whole_pixels_are_exact(x: int, y: int, w: int, h: int) -> None:
    wanted = np.zeros((H, W), bool)
    wanted[y : y + h, x : x + w] = True
    np.testing.assert_array_equal(polygon_mask([rectangle(x, y, x + w, y + h)], (H, W)), wanted)


def test_polygons_that_are_none() -> None:
    assert not polygon_mask([[1, 1, 5, 5], [np.nan] * 6], (H, W)).any()
    with pytest.raises(InputError, match="no list of polygons"):
        polygon_mask([["x", 1, 5]], (H, W))
    with pytest.raises(InputError, match="no list of polygons"):
        polygon_mask([[1, 2, 3]], (H, W))


def test_pascal_part(tmp_path: Path) -> None:
    dataset = open_part_dataset(f"pascal-part/val:{write_pascal_part(tmp_path / 'VOC2010')}")
    labels = dataset.parts(0)
    assert [dataset.part_names[k] for k in labels.kinds] == ["dog head", "dog torso"]
    assert labels.boxes.tolist() == [[3, 2, 9, 10], [8, 8, 26, 18]]
    assert dataset[0].image.shape == (H, W, 3)


def test_pascal_part_merges_sixteen_classes() -> None:
    assert len(MERGED) == 16
    assert len(set(PART_NAMES)) == len(PART_NAMES)
    for parts in MERGED.values():
        merged = [fine for group in parts.values() for fine in group]
        assert len(merged) == len(set(merged))


def test_pascal_part_of_another_layout(tmp_path: Path) -> None:
    folder = write_pascal_part(tmp_path / "VOC2010")
    dataset = open_part_dataset(f"pascal-part:{folder}")
    (folder / "Annotations_Part" / "2008_000001.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(InputError, match="is no annotation of PASCAL-Part"):
        dataset.parts(0)
    (folder / "ImageSets" / "Main" / "val.txt").write_text("2008_000001 2008_000002")
    with pytest.raises(InputError, match=r"has no 2008_000002.mat of 2 in"):
        open_part_dataset(f"pascal-part:{folder}")
    with pytest.raises(InputError, match=r"PASCAL-Part: .*train.txt is missing"):
        open_part_dataset(f"pascal-part/train:{folder}")


def test_unknown_sets_of_parts() -> None:
    with pytest.raises(InputError, match="give parts:PATH, coco:PATH, partimagenet:PATH or pascal-part:PATH"):
        open_part_dataset("folder:x")
