"""Playing frames at a pace, without middleware."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from uois_sam.errors import InputError, SourceError
from uois_sam.replay.online import OnlineLog
from uois_sam.replay.player import FramePlayer
from uois_sam.sources.source import OpenSource
from uois_sam.types import Frame

IMAGE = np.zeros((2, 3, 3), np.uint8)
WAIT = 60.0


def frame(stamp: int | None) -> Frame:
    return Frame(IMAGE, None, None, stamp, "")


class Frames(OpenSource):
    """Gives frames of these stamps, or raises."""

    rate = None

    def __init__(self, *things: int | Exception | None) -> None:
        self._things: Iterator[Any] = iter(things)

    def describe(self) -> str:
        return "frames"

    def __next__(self) -> Frame:
        thing = next(self._things)
        if isinstance(thing, Exception):
            raise thing
        return frame(thing)


class Nodes:
    """Answers frames that go out as soon as they come: each after so many tries, or never where it is None."""

    def __init__(self, log: OnlineLog, tries: Mapping[int, int | None] | None = None) -> None:
        self._log = log
        self._tries = tries or {}
        self.sent: list[int] = []

    def messages(self, frame: Frame, stamp: int) -> dict[str, bytes]:
        return {"image": stamp.to_bytes(8, "little")}

    def publish(self, messages: Mapping[str, bytes]) -> None:
        stamp = int.from_bytes(messages["image"], "little")
        self.sent.append(stamp)
        tries = self._tries.get(stamp, 1)
        if tries is not None and self.sent.count(stamp) >= tries:
            self._log.heard("instances", stamp, time.perf_counter())


def play(player: FramePlayer) -> None:
    with player:
        assert player.finished.wait(WAIT)
    player.check()


@pytest.mark.parametrize("pace", ["answers", "recorded", 1000.0])
def test_all_frames_go_out_once_in_their_order(pace: Any) -> None:
    log = OnlineLog(["instances"])
    nodes = Nodes(log)
    player = FramePlayer(Frames(2000, 3000, 3000, 1), frame(1000), pace, log, nodes)
    play(player)
    assert nodes.sent == [1000, 2000, 3000, 3001, 1]
    assert log.answered == 5
    assert (player.refused, player.ended) == ([], "")


def test_frames_without_a_stamp_get_the_time() -> None:
    log = OnlineLog(["instances"])
    nodes = Nodes(log)
    before = time.time_ns()
    play(FramePlayer(Frames(None, None), frame(None), "answers", log, nodes))
    assert before <= nodes.sent[0] < nodes.sent[1] < nodes.sent[2]


def test_a_frame_that_was_lost_goes_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnlineLog, "patience", 0.01)
    log = OnlineLog(["instances"])
    nodes = Nodes(log, {10: 3, 20: None})
    play(FramePlayer(Frames(20, 30), frame(10), "answers", log, nodes))
    assert nodes.sent == [10, 10, 10, 20, 20, 20, 30]
    frames, _ = log.records()
    assert [one.answered is not None for one in frames] == [True, False, True]


def test_frames_that_cannot_be_used_and_a_source_that_fails() -> None:
    log = OnlineLog(["instances"])
    nodes = Nodes(log)
    source = Frames(InputError("too dark"), 20, SourceError("cut off"), 30)
    player = FramePlayer(source, frame(10), "answers", log, nodes)
    play(player)
    assert nodes.sent == [10, 20]
    assert (player.refused, player.ended) == (["too dark"], "cut off")


def test_what_goes_wrong_is_told() -> None:
    log = OnlineLog(["instances"])
    player = FramePlayer(Frames(ValueError("wrong")), frame(10), "answers", log, Nodes(log))
    with player:
        assert player.finished.wait(WAIT)
        with pytest.raises(ValueError, match="wrong"):
            player.check()


@pytest.mark.parametrize("pace", ["answers", "recorded"])
def test_it_stops_while_it_waits(pace: Any) -> None:
    log = OnlineLog(["instances"])
    nodes = Nodes(log, {10: None})
    player = FramePlayer(Frames(10**15, 10**16), frame(10), pace, log, nodes)
    with player:
        pass
    assert player.finished.is_set()
    assert nodes.sent in ([], [10])
