"""Frames written as a recording and as a folder: read back as they were, one stream of one camera, a full disk."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frames import CAMERA, START, STEP, H, W, assert_same, frame
from rosbags.highlevel import AnyReader

from uois_sam.datasets.folder import FolderDataset
from uois_sam.errors import InputError, SourceError
from uois_sam.sources.bag import BagSource
from uois_sam.sources.camera_topics import CAMERA_INFO, DEPTH, IMAGE, TRUTH
from uois_sam.sources.folder_writer import FolderWriter
from uois_sam.sources.frame_bag import FrameBagWriter
from uois_sam.sources.image_codec import decode_labels, millimetres
from uois_sam.types import Camera

Writer = FrameBagWriter | FolderWriter


def bag_writer(path: Path) -> Writer:
    return FrameBagWriter(path / "x.mcap")


def folder_writer(path: Path) -> Writer:
    return FolderWriter(path / "x", "x")


BOTH = pytest.mark.parametrize("make", [bag_writer, folder_writer])


def test_a_recording_has_all_topics_of_a_camera_and_the_truth(tmp_path: Path) -> None:
    with FrameBagWriter(tmp_path / "x.mcap") as writer:
        for k in range(3):
            writer.add(frame(k))
        assert writer.count == 3
    topics = {f"/{t}" for t in (IMAGE, DEPTH, CAMERA_INFO, TRUTH)}
    labels, stamps = [], set()
    with AnyReader([writer.path]) as reader:
        assert {c.topic: c.msgcount for c in reader.connections} == dict.fromkeys(topics, 3)
        for connection, recorded, raw in reader.messages():
            message: Any = reader.deserialize(raw, connection.msgtype)
            stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
            assert stamp == recorded
            assert message.header.frame_id == CAMERA.frame_id
            stamps.add(stamp)
            if connection.topic == f"/{TRUTH}":
                m = message
                labels.append(decode_labels(m.encoding, m.width, m.height, m.step, m.is_bigendian, m.data.data))
    assert stamps == {START + k * STEP for k in range(3)}
    assert all(np.array_equal(found, frame(k).label) for k, found in enumerate(labels))
    with BagSource(writer.path) as source:
        for k, found in enumerate(source):
            assert_same(found, replace(frame(k), label=None))
        assert k == 2


def test_a_folder_is_a_data_set_with_stamps(tmp_path: Path) -> None:
    with FolderWriter(tmp_path / "x", "name") as writer:
        for k in range(3):
            writer.add(frame(k))
    dataset = FolderDataset(writer.path)
    assert dataset.names == ["000000", "000001", "000002"]
    for k, found in enumerate(dataset):
        assert_same(found, frame(k))
    assert dataset.sequence is not None
    assert (dataset.sequence.name, dataset.sequence.frame_rate) == ("name", 10.0)


def test_uneven_stamps_have_no_rate(tmp_path: Path) -> None:
    with FolderWriter(tmp_path / "x", "x") as writer:
        for k in (0, 1, 2, 5):
            writer.add(frame(k))
    assert json.loads((writer.path / "sequence.json").read_text())["frame_rate"] is None


@BOTH
def test_colour_alone(make: Callable[[Path], Writer], tmp_path: Path) -> None:
    with make(tmp_path) as writer:
        writer.add(frame(0, depth=False, camera=None, label=False))
    if isinstance(writer, FolderWriter):
        assert sorted(p.name for p in writer.path.iterdir()) == ["color", "sequence.json"]
    else:
        with AnyReader([writer.path]) as reader:
            assert [c.topic for c in reader.connections] == [f"/{IMAGE}"]


@BOTH
@pytest.mark.parametrize(
    ("second", "says"),
    [
        (replace(frame(1), stamp=None), "frame '1' has the stamp None"),
        (replace(frame(1), stamp=-1), "frame '1' has the stamp -1"),
        (replace(frame(1), stamp=START), "wanted a later one"),
        (replace(frame(1), image=np.zeros((H, W + 1, 3), np.uint8)), "is 33 x 24, the first 32 x 24"),
        (replace(frame(1), camera=replace(CAMERA, fx=9.0)), "other intrinsics than the first"),
        (replace(frame(1), camera=None), "other intrinsics than the first"),
        (replace(frame(1), depth=None), "has no depth, the first has some"),
    ],
)
def test_frames_of_another_stream_are_refused(
    make: Callable[[Path], Writer], second: Any, says: str, tmp_path: Path
) -> None:
    def write() -> None:
        with make(tmp_path) as writer:
            writer.add(frame(0))
            writer.add(second)

    with pytest.raises(InputError, match=says) as caught:
        write()
    assert "\n" not in str(caught.value)
    assert len(list(_read(tmp_path))) == 1


def _read(path: Path) -> Iterator[Any]:
    if (path / "x.mcap").exists():
        with BagSource(path / "x.mcap") as source:
            yield from source
    else:
        yield from FolderDataset(path / "x")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files cannot grow beyond `size` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def large(k: int, *, noise: bool) -> Any:
    """A frame of 300 x 400 px that compresses badly or well."""
    small, rng = frame(k, depth=False, label=False), np.random.default_rng(k)
    image = rng.integers(0, 256, (300, 400, 3), np.uint8) if noise else np.full((300, 400, 3), k, np.uint8)
    return replace(small, image=image, camera=Camera(300, 300, 199.5, 149.5, 400, 300))


def test_what_a_full_disk_leaves_of_a_recording_can_be_read(tmp_path: Path) -> None:
    def write() -> None:
        with FrameBagWriter(tmp_path / "x.mcap") as writer:
            for k in range(30):
                writer.add(large(k, noise=True))

    with largest_file(2_000_000), pytest.raises(SourceError, match="File too large") as caught:
        write()
    assert "\n" not in str(caught.value)
    frames = list(_read(tmp_path))
    assert 1 <= len(frames) < 6
    for k, found in enumerate(frames):
        assert_same(found, large(k, noise=True))


def test_what_a_full_disk_leaves_of_a_folder_can_be_read(tmp_path: Path) -> None:
    def write() -> None:
        with FolderWriter(tmp_path / "x", "x") as writer:
            for k in range(6):
                writer.add(large(k, noise=k > 2))

    with largest_file(50_000), pytest.raises(SourceError, match="the first 3 frames can be read") as caught:
        write()
    assert "\n" not in str(caught.value)
    frames = list(_read(tmp_path))
    assert len(frames) == 3
    for k, found in enumerate(frames):
        assert_same(found, large(k, noise=False))


def test_frames_go_where_there_is_no_room_for_their_stamps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk so full that sequence.json itself does not fit until a frame is given up."""
    original = Path.write_text

    def write_text(path: Path, text: str) -> int:
        if path.name == "sequence.json" and len(json.loads(text)["stamps"]) > 1:
            original(path, text[:7])
            raise OSError(28, "No space left on device")
        return original(path, text)

    monkeypatch.setattr(Path, "write_text", write_text)
    writer = FolderWriter(tmp_path / "x", "x")
    for k in range(3):
        writer.add(frame(k))
    with pytest.raises(SourceError, match=r"No space left on device; the first 1 frames can be read"):
        writer.close()
    writer.close()
    (found,) = _read(tmp_path)
    assert_same(found, frame(0))
    with pytest.raises(SourceError, match="is closed"):
        writer.add(frame(3))


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with FolderWriter(tmp_path / "x", "x") as writer:
        writer.add(frame(0))
    with pytest.raises(InputError, match="holds images already"):
        FolderWriter(tmp_path / "x", "x")
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="cannot write to the folder"):
        FolderWriter(tmp_path / "file" / "x", "x")
    with pytest.raises(InputError, match=r"ends in \.mcap"):
        FrameBagWriter(tmp_path / "x.bag")


def test_depth_that_finds_no_room_is_unknown() -> None:
    depth = np.array([[0.0, 0.0004, 0.0006, 1.2344, 65.535, 65.536, 1e9, -1.0, np.nan]], np.float32)
    assert millimetres(depth).tolist() == [[0, 0, 1, 1234, 65535, 0, 0, 0, 0]]
