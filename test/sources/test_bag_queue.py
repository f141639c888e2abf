"""Recordings written from a thread of their own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from rosbags.highlevel import AnyReader
from test_bag_writer import IMAGE, START, image_cdr

from uois_sam.errors import InputError, SourceError
from uois_sam.sources.bag_queue import ROOM, BagQueue
from uois_sam.sources.bag_writer import BagWriter


def test_all_messages_are_written_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    with BagQueue(BagWriter(path, live=True)) as bag:
        for k in range(2 * ROOM):
            bag.add("/a" if k % 2 else "/b", IMAGE, image_cdr(START + k), START + k)
        assert bag.counts == {"/a": ROOM, "/b": ROOM}
    with AnyReader([path]) as reader:
        assert [stamp for _, stamp, _ in reader.messages()] == [START + k for k in range(2 * ROOM)]


def test_messages_come_from_any_thread(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    with BagQueue(BagWriter(path, live=True)) as bag:

        def add(topic: str) -> None:
            for _ in range(50):
                bag.add(topic, IMAGE, image_cdr(), START)

        threads = [threading.Thread(target=add, args=(f"/{k}",)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert bag.counts == {f"/{k}": 50 for k in range(4)}
    with AnyReader([path]) as reader:
        assert reader.message_count == 200


def test_an_error_of_the_writer_is_told_and_ends_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    bag = BagQueue(BagWriter(path, live=True))
    bag.add("/a", IMAGE, image_cdr(), START)
    bag.add("/a", "std_msgs/msg/String", b"", START)
    for _ in range(2 * ROOM):  # nobody is held up for good
        try:
            bag.add("/a", IMAGE, image_cdr(), START)
        except InputError:
            break
    with pytest.raises(InputError, match="was recorded as sensor_msgs/msg/Image"):
        bag.close()
    with pytest.raises(InputError, match="was recorded as"):
        bag.add("/a", IMAGE, image_cdr(), START)
    with AnyReader([path]) as reader:
        assert reader.message_count == 1


def test_an_error_in_the_block_is_not_hidden_by_one_of_the_writer(tmp_path: Path) -> None:
    def fail() -> None:
        with BagQueue(BagWriter(tmp_path / "x.mcap", live=True)) as bag:
            bag.add("/a", "no_msgs/msg/None", b"", START)
            raise SourceError("of the block")

    with pytest.raises(SourceError, match="of the block"):
        fail()
