"""The published sets: what is read from a tiny copy of each layout, and how what is missing is named."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny_sets
from tiny_sets import CX, CY, DEPTH_MM, FX, FY, OBJECTS, H, W, colour

from uois_sam.datasets.catalogue import KINDS, open_dataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.rule_choice import choose_rule
from uois_sam.errors import InputError
from uois_sam.types import Camera, Frame

WRITERS = {
    "ocid": tiny_sets.write_ocid,
    "osd": tiny_sets.write_osd,
    "tod": tiny_sets.write_tod,
    "phocal": tiny_sets.write_phocal,
    "housecat6d": tiny_sets.write_housecat6d,
    "uoais-sim": tiny_sets.write_uoais_sim,
}
FOUND = Camera(FX, FY, CX, CY, W, H)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All sets, each in a folder of its kind's name."""
    root = tmp_path_factory.mktemp("sets")
    for kind, write in WRITERS.items():
        write(root / kind)
    return root


def expect(frame: Frame, seed: int, objects: np.ndarray = OBJECTS, camera: Camera | None = FOUND) -> None:
    assert frame.image.dtype == np.uint8
    assert np.abs(frame.image.astype(int) - colour(seed)).max() <= 3  # TOD is JPEG
    assert frame.depth is not None
    assert frame.depth.dtype == np.float32
    np.testing.assert_allclose(frame.depth, DEPTH_MM / 1000, rtol=1e-6)
    assert frame.label is not None
    assert frame.label.dtype == np.uint16
    np.testing.assert_array_equal(frame.label, objects)
    if camera is None:
        assert frame.camera is None
    else:
        assert frame.camera is not None
        found = (frame.camera.fx, frame.camera.fy, frame.camera.cx, frame.camera.cy)
        np.testing.assert_allclose(found, (camera.fx, camera.fy, camera.cx, camera.cy), rtol=1e-4)
        assert (frame.camera.width, frame.camera.height) == (W, H)


def test_every_published_kind_has_a_test() -> None:
    assert set(WRITERS) | {"folder", "masks"} == set(KINDS)


def test_ocid(sets: Path) -> None:
    dataset = open_dataset(f"ocid:{sets / 'ocid'}")
    assert dataset.names == [
        "ARID10/table/top/fruits/seq05/result_2018-08-24-15-13-2",
        "ARID10/table/top/fruits/seq05/result_2018-08-24-15-13-10",
        "ARID20/floor/bottom/seq01/result_2018-08-24-15-13-2",
        "ARID20/floor/bottom/seq01/result_2018-08-24-15-13-10",
        "YCB10/table/bottom/cuboid/seq10/result_2018-08-24-15-13-2",
        "YCB10/table/bottom/cuboid/seq10/result_2018-08-24-15-13-10",
    ]
    for frame, seed in zip(dataset, (1, 1, 0, 0, 2, 2), strict=True):
        expect(frame, seed)
    assert [frame.name for frame in dataset] == dataset.names
    assert open_dataset(f"ocid/ARID20:{sets / 'ocid'}").names == dataset.names[2:4]


def test_ocid_takes_table_from_the_scene_and_not_from_where_the_set_lies(tmp_path: Path) -> None:
    root = tmp_path / "my_table_sets"
    tiny_sets.write_ocid(root)
    frame = open_dataset(f"ocid/ARID20:{root}")[0]
    expect(frame, 0)


def test_ocid_without_clouds_has_no_intrinsics(tmp_path: Path) -> None:
    tiny_sets.write_ocid(tmp_path)
    shutil.rmtree(tmp_path / "ARID20/floor/bottom/seq01/pcd")
    expect(open_dataset(f"ocid/ARID20:{tmp_path}")[0], 0, camera=None)


def test_osd(sets: Path, tmp_path: Path) -> None:
    dataset = open_dataset(f"osd:{sets / 'osd'}")
    assert dataset.names == ["learn0", "learn2", "learn10", "test0"]
    for frame, seed in zip(dataset, (0, 2, 1, 3), strict=True):
        expect(frame, seed, camera=None)
    assert open_dataset(f"osd/test:{sets / 'osd'}").names == ["test0"]
    assert open_dataset(f"osd/learn:{sets / 'osd'}").names == ["learn0", "learn2", "learn10"]
    tiny_sets.write_osd(tmp_path)
    tiny_sets.write_pcd(tmp_path / "pcd" / "learn0.pcd", tiny_sets.cloud(DEPTH_MM / 1000))
    expect(open_dataset(f"osd:{tmp_path}")[3], 3)


def test_tod(sets: Path) -> None:
    focal = 12 / math.tan(math.radians(22.5))
    camera = Camera(focal, focal, 15.5, 11.5, W, H)
    dataset = open_dataset(f"tod:{sets / 'tod'}")
    assert dataset.names == [f"scene_00000/{view:05d}" for view in range(7)]
    for view, frame in enumerate(dataset):
        expect(frame, view, OBJECTS if view > 1 else np.zeros((H, W)), camera)
    assert len(open_dataset(f"tod/train:{sets / 'tod'}")) == 14


def test_phocal(sets: Path, tmp_path: Path) -> None:
    dataset = open_dataset(f"phocal:{sets / 'phocal'}")
    assert dataset.names == ["sequence_1/000000", "sequence_1/000010", "sequence_2/000000", "sequence_10/000000"]
    for frame, seed in zip(dataset, (0, 10, 0, 0), strict=True):
        expect(frame, seed)
    tiny_sets.write_phocal(tmp_path, depth_scale=1.0)  # millimetres per unit
    expect(open_dataset(f"phocal:{tmp_path}")[0], 0)


def test_housecat6d(sets: Path) -> None:
    dataset = open_dataset(f"housecat6d:{sets / 'housecat6d'}")
    assert dataset.names == ["scene01/000000", "scene01/000010", "val_scene1/000000", "test_scene1/000000"]
    for frame, seed in zip(dataset, (0, 10, 0, 0), strict=True):
        expect(frame, seed)
    for split, name in (("train", "scene01"), ("val", "val_scene1"), ("test", "test_scene1")):
        part = open_dataset(f"housecat6d/{split}:{sets / 'housecat6d'}")
        assert {n.split("/")[0] for n in part.names} == {name}


def test_uoais_sim(sets: Path) -> None:
    for spec in ("uoais-sim", "uoais-sim/train"):
        empty, full = open_dataset(f"{spec}:{sets / 'uoais-sim'}")
        expect(empty, 1, np.zeros((H, W)), camera=None)
        expect(full, 2, camera=None)
        assert (empty.name, full.name) == ("tabletop/color/0", "bin/color/0")


@pytest.mark.parametrize("kind", WRITERS)
def test_the_rule_of_a_published_set_is_its_own(sets: Path, kind: str) -> None:
    dataset = open_dataset(f"{kind}:{sets / kind}")
    assert choose_rule(dataset) == (LabelRule(), "as the set is published")


LEAVE_OUT = [
    ("ocid", "ARID20", "ARID20"),
    ("ocid", "ARID10/table/top/fruits/seq05/rgb", "ARID10"),
    ("ocid", "ARID10/table/top/fruits/seq05/depth", "depth/result_2018-08-24-15-13-2.png"),
    ("ocid", "ARID10/table/top/fruits/seq05/label", "label/result_2018-08-24-15-13-2.png"),
    ("osd", "image_color", "image_color"),
    ("osd", "image_color/*.png", "image_color"),
    ("osd", "disparity/learn0.png", "disparity/learn0.png"),
    ("osd", "annotation", "annotation/learn0.png"),
    ("tod", "test_set", "test_set"),
    ("tod", "test_set/scene_00000", "test_set"),
    ("tod", "test_set/scene_00000/rgb_00003.jpeg", "rgb_00003.jpeg"),
    ("tod", "test_set/scene_00000/depth_00003.png", "depth_00003.png"),
    ("tod", "test_set/scene_00000/segmentation_00003.png", "segmentation_00003.png"),
    ("phocal", "sequence_*", "sequence_*"),
    ("phocal", "sequence_1/scene_camera.json", "sequence_1/scene_camera.json"),
    ("phocal", "sequence_1/rgb", "sequence_1/rgb"),
    ("phocal", "sequence_1/depth", "sequence_1/depth/000000.png"),
    ("phocal", "sequence_1/mask", "sequence_1/mask/000000.png"),
    ("housecat6d", "val_scene1", "val_scene[0-9]*"),
    ("housecat6d", "scene01/intrinsics.txt", "scene01/intrinsics.txt"),
    ("housecat6d", "scene01/rgb/*", "scene01/rgb"),
    ("housecat6d", "scene01/depth", "scene01/depth/000000.png"),
    ("housecat6d", "scene01/instance", "scene01/instance/000000.png"),
    ("uoais-sim", "annotations", "coco_anns_uoais_sim_val.json"),
    ("uoais-sim", "val", "val"),
    ("uoais-sim", "val/bin/color", "val/bin/color/0.png"),
    ("uoais-sim", "val/bin/depth", "val/bin/depth/0.png"),
]


@pytest.mark.parametrize(("kind", "left_out", "named"), LEAVE_OUT)
def test_what_is_missing_is_named_with_where_to_get_it(
    tmp_path: Path, kind: str, left_out: str, named: str
) -> None:
    WRITERS[kind](tmp_path)
    for path in list(tmp_path.glob(left_out)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError) as error:
        list(open_dataset(f"{kind}:{tmp_path}"))
    message = str(error.value)
    about = KINDS[kind].about
    assert "\n" not in message
    assert message.startswith(about.title)
    assert named in message
    assert about.source in message


@pytest.mark.parametrize("kind", WRITERS)
def test_a_missing_folder_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match=r"nowhere.* is missing; wanted PATH/.*https://"):
        open_dataset(f"{kind}:{tmp_path / 'nowhere'}")


def edit_json(path: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


UOAIS_JSON = "annotations/coco_anns_uoais_sim_val.json"
BROKEN: list[tuple[str, Callable[[Path], object], str]] = [
    ("osd", lambda r: cut(r / "image_color/learn0.png"), r"learn0\.png is no readable image"),
    ("osd", lambda r: tiny_sets.write(r / "disparity/learn0.png", colour(1)), "wanted one channel of uint16"),
    ("osd", lambda r: tiny_sets.write(r / "annotation/learn0.png", OBJECTS[:9]), "is 32 x 9, its colour image"),
    ("osd", lambda r: tiny_sets.write(r / "annotation/learn0.png", colour(1)), "one channel of uint8 or uint16"),
    (
        "osd",
        lambda r: tiny_sets.write_pcd(r / "pcd/a.pcd", tiny_sets.cloud(np.ones((30, 40)))),
        "intrinsics are for 40 x 30",
    ),
    ("tod", lambda r: cut(r / "test_set/scene_00000/segmentation_00000.png"), "is no readable image"),
    ("phocal", lambda r: (r / "sequence_1/scene_camera.json").write_text("[]"), "wanted an object"),
    ("phocal", lambda r: edit_json(r / "sequence_1/scene_camera.json", lambda c: c.pop("rgb")), "no intrinsics"),
    (
        "phocal",
        lambda r: edit_json(r / "sequence_1/scene_camera.json", lambda c: c["rgb"].pop("fx")),
        "fx is null; wanted a number",
    ),
    (
        "phocal",
        lambda r: edit_json(r / "sequence_1/scene_camera.json", lambda c: c["rgb"].update(depth_scale=0)),
        "depth_scale is 0",
    ),
    ("housecat6d", lambda r: (r / "scene01/intrinsics.txt").write_text("1 2 3"), "holds no 3 x 3 matrix"),
    ("housecat6d", lambda r: (r / "scene01/intrinsics.txt").write_text("0 " * 9), "wanted positive numbers"),
    ("uoais-sim", lambda r: (r / UOAIS_JSON).write_text("{"), "cannot read .* as JSON"),
    ("uoais-sim", lambda r: (r / UOAIS_JSON).write_text("{}"), "is no annotation file of UOAIS-Sim"),
    ("uoais-sim", lambda r: (r / UOAIS_JSON).write_text('{"images": 3}'), "is no annotation file of UOAIS-Sim"),
    (
        "uoais-sim",
        lambda r: (r / UOAIS_JSON).write_text('{"images": [], "annotations": []}'),
        "names no image",
    ),
    (
        "uoais-sim",
        lambda r: edit_json(r / UOAIS_JSON, lambda c: c["annotations"][0].update(image_id=77)),
        "is no annotation file of UOAIS-Sim",
    ),
    (
        "uoais-sim",
        lambda r: edit_json(r / UOAIS_JSON, lambda c: c["annotations"][0].update(visible_mask=[[1, 2, 3]])),
        "object 1 of bin/color/0.png: mask is no run-length code",
    ),
]


@pytest.mark.parametrize(("kind", "spoil", "message"), BROKEN)
def test_broken_files_are_refused_in_one_line(
    tmp_path: Path, kind: str, spoil: Callable[[Path], object], message: str
) -> None:
    WRITERS[kind](tmp_path)
    spoil(tmp_path)
    with pytest.raises(InputError, match=message) as error:
        list(open_dataset(f"{kind}:{tmp_path}"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "unknown; give folder:PATH, masks:PATH, uoais-sim:PATH"),
        ("coco:here", "unknown; give folder:PATH"),
        ("osd", "names no folder; give osd:PATH with PATH/{image_color"),
        ("osd:", "names no folder"),
        ("osd/half:here", r"osd has no split 'half'; give osd/all:PATH or osd/learn:PATH or osd/test:PATH"),
        ("phocal/test:here", "phocal has no split 'test'; give phocal:PATH"),
    ],
)
def test_a_bad_spec_says_what_is_wanted(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_dataset(spec)
