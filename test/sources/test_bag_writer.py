"""Recordings written as one .mcap with the definitions of their types."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import ROS2, START, build, image
from rosbags.highlevel import AnyReader

from uois_sam.errors import InputError, SourceError
from uois_sam.sources.bag import BagSource
from uois_sam.sources.bag_writer import BagWriter, installed_interfaces

INTERFACES = Path(__file__).resolve().parents[2] / "src"
IMAGE = "sensor_msgs/msg/Image"
PIXELS = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)


def image_cdr(stamp: int = START) -> bytes:
    return bytes(ROS2.serialize_cdr(build(ROS2, image("/i", PIXELS, "rgb8", stamp)), IMAGE))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "demo.mcap"
    with BagWriter(path) as writer:
        for k in range(3):
            writer.add("/camera/color/image_raw", IMAGE, image_cdr(START + k * 10**8), START + k * 10**8)
        assert writer.count == 3
    assert [p.name for p in path.parent.iterdir()] == ["demo.mcap"]
    with BagSource(path) as source:
        frames = list(source)
    assert [f.stamp for f in frames] == [START + k * 10**8 for k in range(3)]
    assert np.array_equal(frames[0].image, PIXELS)


def test_own_types_are_recorded_with_their_definition(tmp_path: Path) -> None:
    """Every message type of the interface package, nested ones included, is in the file's schema."""
    names = sorted(p.stem for p in (INTERFACES / "uois_sam_msgs" / "msg").glob("*.msg"))
    path = tmp_path / "own.mcap"
    with BagWriter(path, [INTERFACES]) as writer:
        for name in names:
            writer.add(f"/{name}", f"uois_sam_msgs/msg/{name}", b"\0\1\0\0", START)
    with AnyReader([path]) as reader:
        definitions: dict[str, Any] = {c.msgtype: c.msgdef.data for c in reader.connections}
        assert set(definitions) == {f"uois_sam_msgs/msg/{name}" for name in names}
        assert "MSG: sensor_msgs/Image" in definitions["uois_sam_msgs/msg/InstanceArray"]
        empty = reader.typestore.types["uois_sam_msgs/msg/InstanceArray"]
    assert {"header", "instances", "label_image"} <= set(empty.__dataclass_fields__)


def test_messages_are_made_of_the_types_that_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    with BagWriter(path, [INTERFACES]) as writer:
        time = writer.kind("builtin_interfaces/msg/Time")(sec=5, nanosec=6)
        header = writer.kind("std_msgs/msg/Header")(stamp=time, frame_id="camera")
        part = writer.kind("uois_sam_msgs/msg/PartArray")(header=header, parts=[])
        writer.add_message("/parts", part, START)
        with pytest.raises(InputError, match="no definition of no_msgs/msg/None"):
            writer.kind("no_msgs/msg/None")
    with AnyReader([path]) as reader:
        ((connection, stamp, raw),) = reader.messages()
        message: Any = reader.deserialize(raw, connection.msgtype)
    assert (connection.msgtype, stamp) == ("uois_sam_msgs/msg/PartArray", START)
    assert (message.header.stamp.sec, message.header.frame_id) == (5, "camera")


def test_nothing_is_flushed_by_the_clock_where_the_caller_does_it(tmp_path: Path) -> None:
    """So that the same messages make the same file, however long they take."""
    now = [0.0]
    sizes = []
    for pace, seconds in ((0.0, math.inf), (50.0, math.inf), (50.0, 1.0)):
        path = tmp_path / f"{pace}-{seconds}" / "x.mcap"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.monotonic", lambda: now[0])
            with BagWriter(path, live=True, flush_seconds=seconds) as writer:
                for k in range(5):
                    now[0] += pace
                    writer.add("/i", IMAGE, image_cdr(START + k), START + k)
        sizes.append(path.stat().st_size)
    assert sizes[0] == sizes[1] < sizes[2]


def test_interfaces_are_found_through_the_ament_prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "share" / "some_msgs" / "msg"
    package.mkdir(parents=True)
    (package / "Outer.msg").write_text("Inner[] inner\nstd_msgs/Header header\n")
    (package / "Inner.msg").write_text("float32[3] xyz  # metres\n")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/nowhere:{tmp_path}")
    assert installed_interfaces() == [Path("/nowhere/share"), tmp_path / "share"]
    with BagWriter(tmp_path / "x.mcap") as writer:
        writer.add("/x", "some_msgs/msg/Outer", b"\0\1\0\0", 0)
    with AnyReader([tmp_path / "x.mcap"]) as reader:
        assert "MSG: some_msgs/Inner" in reader.connections[0].msgdef.data


def test_an_older_recording_is_replaced_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    path.write_bytes(b"old")

    def fail() -> None:
        with BagWriter(path) as writer:
            writer.add("/i", IMAGE, image_cdr(), START)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.mcap"]
    with BagWriter(path) as writer:
        writer.add("/i", IMAGE, image_cdr(), START)
    assert len(list(BagSource(path))) == 1


def test_an_empty_recording_is_a_valid_file(tmp_path: Path) -> None:
    BagWriter(tmp_path / "x.mcap").close()
    with AnyReader([tmp_path / "x.mcap"]) as reader:
        assert reader.message_count == 0


def test_wrong_use_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.mcap"):
        BagWriter(tmp_path / "x.bag")
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="cannot write a recording"):
        BagWriter(tmp_path / "file" / "x.mcap")
    (tmp_path / "broken_msgs" / "msg").mkdir(parents=True)
    (tmp_path / "broken_msgs" / "msg" / "Bad.msg").write_text("int32[ broken\n")
    writer = BagWriter(tmp_path / "x.mcap", [tmp_path])
    writer.add("/i", IMAGE, image_cdr(), START)
    cases = [
        (("/i", "std_msgs/msg/String", b"", START), "was recorded as sensor_msgs/msg/Image"),
        (("/j", IMAGE, image_cdr(), -1), "stamp of a message on /j is -1"),
        (("/j", "no_msgs/msg/None", b"", START), "no definition of no_msgs/msg/None"),
        (("/j", "nonsense", b"", START), "no definition of nonsense"),
        (("/j", "broken_msgs/msg/Bad", b"", START), "cannot be read as a definition"),
    ]
    for arguments, says in cases:
        with pytest.raises(InputError, match=says) as caught:
            writer.add(*arguments)
        assert "\n" not in str(caught.value)
    writer.close()
    writer.close()
    with pytest.raises(SourceError, match="is closed"):
        writer.add("/i", IMAGE, image_cdr(), START)
