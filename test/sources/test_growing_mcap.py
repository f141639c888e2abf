"""Recordings that stay readable: after each flush, on a full disk, and when the process is killed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from rosbags.highlevel import AnyReader
from test_bag_writer import IMAGE, START, image_cdr

from uois_sam.errors import SourceError
from uois_sam.sources.bag import BagSource
from uois_sam.sources.bag_writer import BagWriter
from uois_sam.sources.growing_mcap import TAIL, GrowingMcap

HEAD = b"beginning"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the disk take so many more bytes; what lies on it may be overwritten."""

    def fill(room: int) -> None:
        write = os.pwrite
        left = room

        def limited(file: int, data: bytes, at: int) -> int:
            nonlocal left
            growth = max(0, at + len(data) - os.fstat(file).st_size)
            if growth > left:
                fits = len(data) - growth + left
                left = 0
                if fits <= 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return write(file, data[:fits], at)
            left -= growth
            return write(file, data, at)

        monkeypatch.setattr(os, "pwrite", limited)

    return fill


def stamps(path: Path) -> list[int | None]:
    with BagSource(path) as source:
        return [frame.stamp for frame in source]


def test_the_file_ends_with_a_tail_after_each_commit(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(HEAD)
    file = GrowingMcap(path)
    assert file.write(b"one") == 3
    assert path.read_bytes() == HEAD
    file.commit()
    assert path.read_bytes() == HEAD + b"one" + TAIL
    assert file.tell() == len(HEAD) + 3
    file.write(memoryview(b"two"))
    file.commit()
    assert path.read_bytes() == HEAD + b"onetwo" + TAIL
    file.write(b"forgotten")
    file.drop()
    file.close()
    file.close()
    assert path.read_bytes() == HEAD + b"onetwo" + TAIL
    assert not file.finished


@pytest.mark.parametrize("room", [0, 1, 20, 99])
def test_a_commit_that_fails_changes_nothing(tmp_path: Path, full_disk: Callable[[int], None], room: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(HEAD)
    file = GrowingMcap(path)
    file.write(b"one")
    file.commit()
    full_disk(room)
    file.write(b"x" * 100)
    with pytest.raises(OSError, match="No space left"):
        file.commit()
    assert path.read_bytes() == HEAD + b"one" + TAIL
    file.write(b"a summary" * 50)
    with pytest.raises(OSError, match="No space left"):
        file.close()
    assert path.read_bytes() == HEAD + b"one" + TAIL
    assert not file.finished


def test_a_live_recording_is_there_and_readable_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    with BagWriter(path, live=True) as writer:
        assert [p.name for p in tmp_path.iterdir()] == ["x.mcap"]
        with AnyReader([path]) as reader:
            assert reader.message_count == 0
        for k in range(4):
            writer.add("/i", IMAGE, image_cdr(START + k), START + k)
            writer.flush()
            assert stamps(path) == [START + j for j in range(k + 1)]
        writer.flush()
    assert [p.name for p in tmp_path.iterdir()] == ["x.mcap"]
    assert stamps(path) == [START + k for k in range(4)]
    with AnyReader([path]) as reader:
        assert reader.message_count == 4


def test_an_error_leaves_a_live_recording_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"

    def fail() -> None:
        with BagWriter(path, live=True) as writer:
            writer.add("/i", IMAGE, image_cdr(), START)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert stamps(path) == [START]


def test_stamps_that_go_back_are_held(tmp_path: Path) -> None:
    """Readers refuse a recording without a summary whose messages are out of order."""
    path = tmp_path / "x.mcap"
    writer = BagWriter(path, live=True)
    for k in (5, 3, 7):
        writer.add("/i", IMAGE, image_cdr(START + k), START + k)
    writer.flush()
    with AnyReader([path]) as reader:
        assert [stamp for _, stamp, _ in reader.messages()] == [START + k for k in (5, 5, 7)]
    writer.close()


@pytest.mark.parametrize("room", [0, 10, 300, 5000])
def test_a_full_disk_leaves_what_was_written_readable(
    tmp_path: Path, full_disk: Callable[[int], None], room: int
) -> None:
    path = tmp_path / "x.mcap"
    writer = BagWriter(path, live=True)
    for k in range(3):
        writer.add("/i", IMAGE, image_cdr(START + k), START + k)
    writer.flush()
    full_disk(room)

    def fill() -> None:
        for k in range(3, 1000):
            writer.add("/i", IMAGE, image_cdr(START + k), START + k)
            writer.flush()

    with pytest.raises(SourceError, match="No space left on device; what was written until then") as caught:
        fill()
    assert "\n" not in str(caught.value)
    assert writer.count > 3
    found = stamps(path)
    assert found == [START + k for k in range(len(found))]
    assert len(found) >= 3
    assert [p.name for p in tmp_path.iterdir()] == ["x.mcap"]
    writer.close()
    with pytest.raises(SourceError, match="is closed"):
        writer.add("/i", IMAGE, image_cdr(), START)


@pytest.mark.parametrize("live", [True, False])
def test_a_disk_that_is_full_at_the_end(tmp_path: Path, full_disk: Callable[[int], None], live: bool) -> None:
    path = tmp_path / "x.mcap"
    writer = BagWriter(path, live=live)
    writer.add("/i", IMAGE, image_cdr(), START)
    writer.flush()
    full_disk(0)
    with pytest.raises(SourceError, match="No space left"):
        writer.close()
    assert [p.name for p in tmp_path.iterdir()] == (["x.mcap"] if live else [])
    if live:
        assert stamps(path) == [START]


def test_a_killed_process_leaves_what_it_flushed(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    code = """
        import os, signal, sys
        from uois_sam.sources.bag_writer import BagWriter
        writer = BagWriter(sys.argv[1], live=True)
        for k in range(3):
            writer.add("/i", "sensor_msgs/msg/Image", bytes.fromhex(sys.argv[2]), 5 + k)
        writer.flush()
        writer.add("/i", "sensor_msgs/msg/Image", bytes.fromhex(sys.argv[2]), 9)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    words = [sys.executable, "-c", textwrap.dedent(code), str(path), image_cdr().hex()]
    assert subprocess.run(words, timeout=120).returncode == -9
    with AnyReader([path]) as reader:
        assert [stamp for _, stamp, _ in reader.messages()] == [5, 6, 7]
    assert [p.name for p in tmp_path.iterdir()] == ["x.mcap"]
