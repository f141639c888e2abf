"""The folder form of a data set: what is read, in which order, and how bad folders are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.image_files import natural_key
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError

H, W = 12, 16
CAMERA = {"fx": 20.0, "fy": 21.0, "cx": 7.5, "cy": 5.5, "width": W, "height": H, "depth_scale": 0.0005}
RED = np.full((H, W, 3), (0, 0, 255), np.uint8)


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two frames with everything."""
    for k in (1, 2):
        write(tmp_path / "color" / f"table{k}.png", RED)
        write(tmp_path / "depth" / f"table{k}.png", np.full((H, W), 1000 * k, np.uint16))
        write(tmp_path / "label" / f"table{k}.png", np.full((H, W), k, np.uint8))
    write_json(tmp_path / "camera.json", CAMERA)
    return tmp_path


def test_a_frame_holds_rgb_metres_label_and_camera(folder: Path) -> None:
    dataset = FolderDataset(folder)
    frame = dataset[1]
    assert len(dataset) == 2
    assert frame.name == "table2"
    assert frame.image.dtype == np.uint8
    np.testing.assert_array_equal(frame.image, np.full((H, W, 3), (255, 0, 0)))
    assert frame.depth is not None
    assert frame.depth.dtype == np.float32
    np.testing.assert_allclose(frame.depth, 1.0)
    assert frame.label is not None
    assert frame.label.dtype == np.uint16
    assert (frame.label == 2).all()
    assert frame.camera is not None
    assert (frame.camera.fx, frame.camera.fy, frame.camera.cx, frame.camera.cy) == (20.0, 21.0, 7.5, 5.5)
    assert (frame.camera.width, frame.camera.height) == (W, H)


def test_colour_alone_is_enough(tmp_path: Path) -> None:
    write(tmp_path / "color" / "a.jpg", RED)
    frame = FolderDataset(str(tmp_path))[0]
    assert (frame.depth, frame.label, frame.camera) == (None, None, None)


def test_unknown_depth_stays_zero_and_millimetres_are_assumed(tmp_path: Path) -> None:
    write(tmp_path / "color" / "a.png", RED)
    depth = np.full((H, W), 1234, np.uint16)
    depth[0] = 0
    write(tmp_path / "depth" / "a.png", depth)
    read = FolderDataset(tmp_path)[0].depth
    assert read is not None
    assert (read[0] == 0).all()
    np.testing.assert_allclose(read[1:], 1.234)


def test_intrinsics_of_a_frame_go_before_those_of_the_folder(folder: Path) -> None:
    write_json(folder / "frames" / "table2.json", {**CAMERA, "fx": 33, "depth_scale": 0.001, "seed": 7})
    one, two = FolderDataset(folder)
    assert one.camera is not None
    assert two.camera is not None
    assert (one.camera.fx, two.camera.fx) == (20, 33)
    assert one.depth is not None
    assert two.depth is not None
    assert (one.depth.max(), two.depth.max()) == (pytest.approx(0.5), pytest.approx(2.0))


def test_names_are_in_natural_order(tmp_path: Path) -> None:
    names = ["learn10", "learn2", "learn1", "b", "2", "10", "a3b10", "a3b9"]
    for name in names:
        write(tmp_path / "color" / f"{name}.png", RED)
    assert FolderDataset(tmp_path).names == ["2", "10", "a3b9", "a3b10", "b", "learn1", "learn2", "learn10"]


WORDS = st.text(max_size=8)


@given(WORDS, st.integers(0, 10**6), st.integers(0, 10**6), WORDS)
def test_numbers_in_names_count_by_value(before: str, one: int, other: int, after: str) -> None:
    keys = [natural_key(f"{before} {number} {after}") for number in (one, other)]
    assert (keys[0] < keys[1]) == (one < other)


@given(WORDS, WORDS)
def test_any_two_names_can_be_ordered(one: str, other: str) -> None:
    assert natural_key(one) <= natural_key(other) or natural_key(other) < natural_key(one)


def test_other_files_are_passed_over(folder: Path) -> None:
    (folder / "color" / "notes.txt").write_text("not an image")
    (folder / "color" / "._table1.png").write_bytes(b"resource fork")
    assert FolderDataset(folder).names == ["table1", "table2"]


def test_it_is_a_sequence_that_reads_late(folder: Path) -> None:
    dataset = FolderDataset(folder)
    (folder / "color" / "table2.png").write_bytes(b"")
    assert dataset[0].name == dataset[-2].name == "table1"
    assert [frame.name for frame in dataset[:1]] == ["table1"]
    with pytest.raises(IndexError, match="frame 2 of 2"):
        dataset[2]
    with pytest.raises(InputError, match=r"table2\.png is no readable image"):
        dataset[1]


def test_the_rule_is_the_callers_then_the_folders(folder: Path) -> None:
    assert FolderDataset(folder).rule == LabelRule(first_object=1, ignore=None)
    write_json(folder / "dataset.json", {"first_object": 2, "ignore": 0, "about": "a test"})
    assert FolderDataset(folder).rule == LabelRule(first_object=2, ignore=0)
    assert FolderDataset(folder, LabelRule(ignore=255)).rule == LabelRule(first_object=1, ignore=255)


def remove_color(folder: Path) -> None:
    for image in (folder / "color").iterdir():
        image.unlink()
    (folder / "color").rmdir()


def empty_color(folder: Path) -> None:
    for image in (folder / "color").iterdir():
        image.rename(image.with_suffix(".txt"))


def truncate(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def truncated_jpeg(folder: Path) -> None:
    (folder / "color" / "table1.png").unlink()
    noise = np.random.default_rng(0).integers(0, 255, (H, W, 3)).astype(np.uint8)
    write(folder / "color" / "table1.jpg", noise)
    truncate(folder / "color" / "table1.jpg")


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BAD_FOLDERS: list[tuple[str, Callable[[Path], object], str]] = [
    ("no color", remove_color, "has no folder color/"),
    ("no images", empty_color, "holds no image; wanted files that end in .png"),
    ("two of one name", lambda f: write(f / "color" / "table1.jpg", RED), r"both table1\.jpg and table1\.png"),
    (
        "foreign image",
        lambda f: (f / "color" / "table1.png").write_text("hello"),
        r"table1\.png is no readable image",
    ),
    ("truncated PNG", lambda f: truncate(f / "color" / "table1.png"), r"table1\.png is no readable image"),
    ("truncated JPEG", truncated_jpeg, r"table1\.jpg is no readable image"),
    ("image is a folder", lambda f: replace_by_folder(f / "color" / "table1.png"), r"cannot read .*table1\.png"),
    ("image of another size", lambda f: write(f / "color" / "table1.png", RED[:6]), "16 x 6, but the intrinsics"),
    (
        "depth size",
        lambda f: write(f / "depth" / "table1.png", np.zeros((6, 8), np.uint16)),
        "is 8 x 6, its colour",
    ),
    (
        "depth of 8 bits",
        lambda f: write(f / "depth" / "table1.png", np.zeros((H, W), np.uint8)),
        "channel of uint16",
    ),
    ("depth in colour", lambda f: write(f / "depth" / "table1.png", RED), "wanted one channel of uint16"),
    ("truncated depth", lambda f: truncate(f / "depth" / "table1.png"), "depth.*is no readable image"),
    (
        "label size",
        lambda f: write(f / "label" / "table1.png", np.zeros((6, 8), np.uint8)),
        "is 8 x 6, its colour",
    ),
    ("label in colour", lambda f: write(f / "label" / "table1.png", RED), "wanted one channel of uint8 or uint16"),
    ("broken camera", lambda f: truncate(f / "camera.json"), r"cannot read .*camera\.json as JSON"),
    (
        "binary camera",
        lambda f: (f / "camera.json").write_bytes(b"\xff\xfe\x00\xd8"),
        r"cannot read .*camera\.json",
    ),
    ("camera is a list", lambda f: write_json(f / "camera.json", [1, 2]), "holds a JSON list; wanted an object"),
    (
        "no focal length",
        lambda f: write_json(f / "camera.json", {**CAMERA, "fx": None}),
        "fx is null; wanted a number",
    ),
    (
        "focal length in words",
        lambda f: write_json(f / "camera.json", {**CAMERA, "fx": "20"}),
        'fx is "20"; wanted',
    ),
    ("focal length 0", lambda f: write_json(f / "camera.json", {**CAMERA, "fy": 0}), r"camera\.json: .*fy=0"),
    ("focal length NaN", lambda f: write_json(f / "camera.json", {**CAMERA, "fy": float("nan")}), "fy is NaN"),
    (
        "no width",
        lambda f: write_json(f / "camera.json", {k: v for k, v in CAMERA.items() if k != "width"}),
        "width",
    ),
    ("depth scale 0", lambda f: write_json(f / "camera.json", {**CAMERA, "depth_scale": 0}), "depth_scale is 0"),
    ("camera of another size", lambda f: write_json(f / "camera.json", {**CAMERA, "width": 640}), "for 640 x 12"),
    ("broken frame", lambda f: write_json(f / "frames" / "table1.json", {}), r"table1\.json: fx is null"),
    ("broken rule", lambda f: write_json(f / "dataset.json", {"ignore": "0"}), 'ignore "0"; wanted whole numbers'),
    ("rule from 0", lambda f: write_json(f / "dataset.json", {"first_object": 0}), r"dataset\.json: first object"),
]


@pytest.mark.parametrize(("spoil", "message"), [pytest.param(*case[1:], id=case[0]) for case in BAD_FOLDERS])
def test_bad_folders_are_refused_in_one_line(folder: Path, spoil: Callable[[Path], object], message: str) -> None:
    spoil(folder)
    with pytest.raises(InputError, match=message) as error:
        list(FolderDataset(folder))
    assert "\n" not in str(error.value)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere is no folder; give one that holds color/"):
        FolderDataset(tmp_path / "nowhere")


def test_real_kinect_scenes(shared_dir: Path) -> None:
    path = shared_dir / "realdata" / "osd-learn"
    if not path.is_dir():
        pytest.skip("no realdata/osd-learn in the reference material")
    dataset = FolderDataset(path, LabelRule(first_object=2, ignore=0))
    assert len(dataset) == 45
    assert dataset.names[:3] == ["learn0", "learn1", "learn2"]
    objects = 0
    for frame in dataset:
        assert frame.image.shape == (480, 640, 3)
        assert frame.depth is not None
        assert 0.5 < np.median(frame.depth[frame.depth > 0]) < 2
        assert frame.label is not None
        np.testing.assert_array_equal(dataset.rule.ignored(frame.label), frame.depth == 0)
        objects += len(np.unique(dataset.rule.objects(frame.label))) - 1
    assert objects == 112
