"""A folder as a recording and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from frames import CAMERA, START, STEP, H, W, assert_same, frame
from recordings import image, info, write_bag

from uois_sam.datasets.folder import FolderDataset
from uois_sam.errors import InputError, SourceError
from uois_sam.sources.convert import FIRST_STAMP, convert
from uois_sam.sources.folder_writer import FolderWriter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve frames, one of them without labels, and unevenly stamped."""
    with FolderWriter(tmp_path / "folder", "folder") as writer:
        for k in (*range(10), 12, 13):
            writer.add(frame(k, label=k != 4))
    return writer.path


def test_round_trip_from_a_folder(folder: Path, tmp_path: Path) -> None:
    there = convert(f"folder:{folder}", tmp_path / "x.mcap")
    assert (there.frames, there.labelled, there.depth, there.camera) == (12, 11, True, True)
    back = convert(f"bag:{tmp_path / 'x.mcap'}", tmp_path / "back")
    assert (back.frames, back.labelled, back.depth, back.camera) == (12, 11, True, True)
    for found, wanted in zip(FolderDataset(tmp_path / "back"), FolderDataset(folder), strict=True):
        assert_same(found, wanted)
    assert (tmp_path / "back" / "camera.json").read_text() == (folder / "camera.json").read_text()


def test_round_trip_from_a_recording(folder: Path, tmp_path: Path) -> None:
    """A recording that comes back from a folder has the same messages."""
    convert(str(folder), tmp_path / "x.mcap")
    convert(str(tmp_path / "x.mcap"), tmp_path / "between")
    convert(str(tmp_path / "between"), tmp_path / "again" / "x.mcap")
    assert (tmp_path / "x.mcap").read_bytes() == (tmp_path / "again" / "x.mcap").read_bytes()


def test_frames_without_stamps_get_a_rate(folder: Path, tmp_path: Path) -> None:
    (folder / "sequence.json").unlink()
    convert(str(folder), tmp_path / "x.mcap", rate=25.0)
    convert(str(tmp_path / "x.mcap"), tmp_path / "back")
    stamps = [f.stamp for f in FolderDataset(tmp_path / "back")]
    assert stamps == [FIRST_STAMP + k * 40_000_000 for k in range(12)]


def test_labels_of_eight_bits_and_depth_of_floats(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    colour = rng.integers(0, 256, (H, W, 3), np.uint8)
    metres = rng.uniform(0.3, 3, (H, W)).astype(np.float32)
    metres[0] = np.nan
    label = rng.integers(0, 256, (H, W), np.uint8)
    bag = write_bag(
        tmp_path / "x.db3",
        [
            info("/cam/camera_info", W, H),
            *(image("/cam/image_raw", colour, "bgr8", START + k * STEP) for k in range(3)),
            *(image("/cam/depth", metres, "32FC1", START + k * STEP) for k in range(3)),
            *(image("/truth/labels", label, "mono8", START + k * STEP) for k in (0, 2)),
        ],
    )
    done = convert(str(bag), tmp_path / "back")
    assert (done.frames, done.labelled) == (3, 2)
    frames = list(FolderDataset(tmp_path / "back"))
    for found in frames:
        assert np.array_equal(found.image, colour[..., ::-1])
        assert found.depth is not None
        assert not found.depth[0].any()
        np.testing.assert_allclose(found.depth[1:], metres[1:], atol=0.00051)
    assert frames[1].label is None
    assert frames[2].label is not None
    assert np.array_equal(frames[2].label, label)


def test_progress_says_how_many_there_are(folder: Path, tmp_path: Path) -> None:
    said: list[tuple[int, int | None]] = []
    convert(str(folder), tmp_path / "x.mcap", progress=lambda done, total: said.append((done, total)))
    convert(str(tmp_path / "x.mcap"), tmp_path / "y", progress=lambda done, total: said.append((done, total)))
    assert said == [(k, 12) for k in range(1, 13)] * 2


@pytest.mark.parametrize(
    ("source", "out", "says"),
    [
        ("synthetic", "x.mcap", "synthetic has no end"),
        ("device:0", "x.mcap", "device:0 has no end"),
        ("folder:nowhere", "x.mcap", "there is nothing at 'nowhere'"),
        ("FOLDER", "x.db3", r"wanted|ends in \.mcap"),
        ("FOLDER", "taken.mcap", "it is a folder"),
        ("FOLDER", "full", "holds images already"),
        ("EMPTY", "x.mcap", "no folder color/"),
        ("CUT", "x", "no readable recording"),
        ("CUT", "CUT", "no readable recording"),
        ("MIXED", "x.mcap", "is 33 x 24, the first 32 x 24"),
        ("BACKWARDS", "x.mcap", "wanted a later one"),
        ("PARTLY", "x.mcap", "has the stamp None"),
        ("BAD", "x.mcap", "no readable image"),
    ],
)
def test_bad_input_gets_one_line(source: str, out: str, says: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken.mcap").mkdir()
    with FolderWriter(tmp_path / "full", "full") as writer:
        writer.add(frame(0))
    places = {name: tmp_path / name.lower() for name in ("EMPTY", "MIXED", "BACKWARDS", "PARTLY", "BAD")}
    (places["EMPTY"]).mkdir()
    convert(str(folder), tmp_path / "whole.mcap")
    whole = (tmp_path / "whole.mcap").read_bytes()
    (tmp_path / "cut.mcap").write_bytes(whole[: len(whole) // 2])
    for name in ("MIXED", "BACKWARDS", "PARTLY", "BAD"):
        with FolderWriter(places[name], name) as writer:
            for k in range(3):
                writer.add(frame(k, depth=False, label=False, camera=None))
    cv2.imwrite(str(places["MIXED"] / "color" / "000001.png"), np.zeros((H, W + 1, 3), np.uint8))
    (places["BAD"] / "color" / "000001.png").write_bytes(b"no image")
    for name in ("BACKWARDS", "PARTLY"):
        content = json.loads((places[name] / "sequence.json").read_text())
        content["stamps"]["000001"] = 1
        if name == "PARTLY":
            del content["stamps"]["000001"]
        (places[name] / "sequence.json").write_text(json.dumps(content))
    places |= {"FOLDER": folder, "CUT": tmp_path / "cut.mcap"}
    given = str(places.get(source, source))
    with pytest.raises((InputError, SourceError), match=says) as caught:
        convert(given, places.get(out, tmp_path / out))
    assert "\n" not in str(caught.value)


def test_a_recording_is_not_written_over_itself(folder: Path, tmp_path: Path) -> None:
    convert(str(folder), tmp_path / "x.mcap")
    before = (tmp_path / "x.mcap").read_bytes()
    with pytest.raises(InputError, match="is what is read"):
        convert(str(tmp_path / "x.mcap"), tmp_path / "x.mcap")
    assert (tmp_path / "x.mcap").read_bytes() == before


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_rates_that_are_none(rate: float, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give frames a second"):
        convert(str(folder), tmp_path / "x.mcap", rate=rate)


def test_frames_of_two_cameras_are_no_recording(tmp_path: Path) -> None:
    with FolderWriter(tmp_path / "x", "x") as writer:
        for k in range(2):
            writer.add(frame(k))
    (tmp_path / "x" / "frames").mkdir()
    other = {k: getattr(replace(CAMERA, fx=99.0), k) for k in ("fx", "fy", "cx", "cy", "width", "height")}
    (tmp_path / "x" / "frames" / "000001.json").write_text(json.dumps(other))
    with pytest.raises(InputError, match="made with one camera"):
        convert(str(tmp_path / "x"), tmp_path / "x.mcap")
