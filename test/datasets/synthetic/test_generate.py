"""Data sets of synthetic tables: exact, repeatable, resumable, and clear about bad arguments."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.synthetic.families import HELDOUT_FAMILIES, TRAINING_FAMILIES
from uois_sam.datasets.synthetic.generate import generate, main, parse_size
from uois_sam.errors import InputError, UoisSamError

SIZE = (96, 128)
NAMES = ["000000_0", "000000_1", "000001_0", "000001_1"]


def _read(folder: Path, kind: str, name: str) -> np.ndarray:
    return cv2.imread(str(folder / kind / f"{name}.png"), cv2.IMREAD_UNCHANGED)


def _description(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / "frames" / f"{name}.json").read_text())


def test_every_frame_has_all_its_files(small_set: Path) -> None:
    for folder, suffix in (
        ("color", "jpg"),
        ("depth", "png"),
        ("label", "png"),
        ("parts", "png"),
        ("frames", "json"),
    ):
        assert sorted(p.name for p in (small_set / folder).iterdir()) == [f"{n}.{suffix}" for n in NAMES]


def test_the_folder_reader_reads_it(small_set: Path) -> None:
    dataset = FolderDataset(small_set)
    assert dataset.names == NAMES
    frame = dataset[0]
    assert frame.camera is not None
    assert (frame.camera.height, frame.camera.width) == SIZE
    assert frame.camera.cx == (SIZE[1] - 1) / 2
    assert frame.label is not None
    assert frame.label.max() >= 2


def test_parts_lie_on_objects_and_are_named(small_set: Path) -> None:
    for name in NAMES:
        label, parts = _read(small_set, "label", name), _read(small_set, "parts", name)
        assert label.dtype == parts.dtype == np.uint16
        np.testing.assert_array_equal(parts > 0, label > 0)
        objects = _description(small_set, name)["objects"]
        assert {int(k) for k in objects} == set(np.unique(label)) - {0}
        for number, info in objects.items():
            assert info["family"] in TRAINING_FAMILIES
            assert parts[label == int(number)].max() <= len(info["parts"])


def test_table_lies_in_its_plane_within_a_millimetre(small_set: Path) -> None:
    for name in NAMES:
        frame = _description(small_set, name)
        z = _read(small_set, "depth", name) / 1000
        v, u = np.mgrid[: SIZE[0], : SIZE[1]]
        points = np.stack([(u - frame["cx"]) / frame["fx"] * z, (v - frame["cy"]) / frame["fy"] * z, z], -1)
        *normal, offset = frame["table_plane"]
        height = points @ np.array(normal) + offset
        table = (_read(small_set, "label", name) == 0) & (np.abs(height) < 0.005)
        assert table.mean() > 0.05
        assert np.abs(np.median(height[table])) < 0.0003
        assert np.percentile(np.abs(height[table]), 95) < 0.001
        # Objects stand on the table, not in it.
        assert height[_read(small_set, "label", name) > 0].min() > -0.008


def test_colour_shows_what_the_label_says(small_set: Path) -> None:
    for name in NAMES:
        color = cv2.imread(str(small_set / "color" / f"{name}.jpg"))
        assert color.shape == (*SIZE, 3)
        assert 35 < color.mean() < 210


def test_numbers_hold_over_the_views_of_a_scene(small_set: Path) -> None:
    one, other = (_description(small_set, name)["objects"] for name in NAMES[:2])
    shared = one.keys() & other.keys()
    assert shared
    assert all(one[k] == other[k] for k in shared)


def test_scenes_do_not_depend_on_the_number_of_workers(
    small_set: Path, renderer_backend: str, lights_dir: Path, tmp_path: Path
) -> None:
    again = generate(
        tmp_path, 1, 11, workers=1, size=SIZE, views=2, backend=renderer_backend, cache_dir=lights_dir
    )
    for name in NAMES[:2]:
        for kind in ("depth", "label", "parts"):
            np.testing.assert_array_equal(_read(again, kind, name), _read(small_set, kind, name))
        assert _description(again, name) == _description(small_set, name)


def test_an_interrupted_set_is_completed(
    small_set: Path, renderer_backend: str, lights_dir: Path, tmp_path: Path
) -> None:
    part = tmp_path / "part"
    shutil.copytree(small_set, part)
    wanted = (part / "label" / "000001_1.png").read_bytes()
    kept = (part / "label" / "000000_0.png").stat().st_mtime_ns
    (part / "frames" / "000001_1.json").unlink()
    (part / "label" / "000001_1.png").write_bytes(b"cut short")
    calls: list[tuple[int, int]] = []
    generate(
        part,
        2,
        11,
        workers=2,
        size=SIZE,
        views=2,
        backend=renderer_backend,
        cache_dir=lights_dir,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert (part / "label" / "000001_1.png").read_bytes() == wanted
    assert (part / "label" / "000000_0.png").stat().st_mtime_ns == kept
    assert calls == [(1, 2), (2, 2)]
    assert not [p for p in part.rglob(".*") if p.is_file()]


def test_statistics_are_written(small_set: Path) -> None:
    statistics = json.loads((small_set / "dataset.json").read_text())
    assert statistics["frames"] == 4
    assert statistics["families"] == sorted(TRAINING_FAMILIES)
    assert statistics["visible_objects"] == sum(statistics["by_family"].values())


def test_two_sets_are_not_mixed(small_set: Path) -> None:
    with pytest.raises(InputError, match="other seed"):
        generate(small_set, 2, 12, size=SIZE, views=2)
    with pytest.raises(InputError, match="other size"):
        generate(small_set, 2, 11, size=(64, 64), views=2)


def test_heldout_sets_hold_no_trained_object(renderer_backend: str, lights_dir: Path, tmp_path: Path) -> None:
    out = generate(
        tmp_path,
        1,
        3,
        workers=1,
        size=SIZE,
        families="heldout",
        sensor_noise=True,
        backend=renderer_backend,
        cache_dir=lights_dir,
    )
    families = {o["family"] for o in _description(out, "000000_0")["objects"].values()}
    assert families
    assert families <= set(HELDOUT_FAMILIES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count is 0"),
        ({"views": 0}, "views 0"),
        ({"seed": -1}, "seed is -1"),
        ({"workers": 0}, "workers is 0"),
        ({"size": (10, 640)}, "size is 10x640"),
        ({"size": (480, 10_000)}, "48 to 2048"),
        ({"families": "both"}, "'train' or 'heldout'"),
        ({"backend": "metal"}, "backend is 'metal'"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        generate(tmp_path / "out", **{"count": 1, **arguments})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "480", "480x", "x640", "480x640x3", "-1x5", "4.5x3", "axb"])
def test_bad_sizes_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="HEIGHTxWIDTH"):
        parse_size(text)


def test_size_is_height_by_width() -> None:
    assert parse_size("240X320") == (240, 320)


def test_command_line_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "x"), "--count", "0"]) == 2
    assert "count is 0" in capsys.readouterr().err


def test_without_the_renderers_package_the_refusal_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UoisSamError, match=r"mujoco, version 4, for Python 3\.11"):
        generate(tmp_path / "set", 1, 0, size=(48, 64))
