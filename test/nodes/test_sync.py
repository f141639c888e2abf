"""Pairing of streams by stamp, with the stand-in or message_filters, whichever imports."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from std_msgs.msg import Header

from uois_sam.nodes.stamps import stamp_ns, to_time
from uois_sam.nodes.sync import FramePairing

MS = 1_000_000


class Message:
    """Anything with a header, as synchronisers want it."""

    def __init__(self, stream: str, stamp: int) -> None:
        self.stream = stream
        self.header = Header(stamp=to_time(stamp))

    @property
    def stamp(self) -> int:
        return stamp_ns(self.header.stamp)


class Pairs:
    """Collects what a pairing makes."""

    def __init__(self, slop: float = 0.01, queue_size: int = 10) -> None:
        self.sets: list[dict[str, int]] = []
        self.jumps: list[tuple[str, float]] = []
        self.pairing = FramePairing(self._paired, lambda s, t: self.jumps.append((s, t)), slop, queue_size)

    def _paired(self, messages: dict[str, Any]) -> None:
        assert all(message.stream == name for name, message in messages.items())
        self.sets.append({name: message.stamp for name, message in messages.items()})

    def add(self, stream: str, stamp: int) -> None:
        self.pairing.add(stream, Message(stream, stamp))


@pytest.mark.parametrize("nanoseconds", [0, 1, 999_999_999, 1_000_000_000, 1_700_000_000_123_456_789])
def test_stamps_survive_the_way_to_a_message_and_back(nanoseconds: int) -> None:
    assert stamp_ns(to_time(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    "order", [("image", "depth", "info"), ("info", "depth", "image"), ("depth", "image", "info")]
)
def test_equal_stamps_pair_in_whatever_order_they_come(order: tuple[str, ...]) -> None:
    p = Pairs()
    p.pairing.use(["image", "depth", "info"])
    for stamp in (1000 * MS, 1033 * MS):
        for stream in order:
            p.add(stream, stamp)
    assert p.sets == [dict.fromkeys(("image", "depth", "info"), s) for s in (1000 * MS, 1033 * MS)]


def test_stamps_within_the_slop_pair_and_others_do_not() -> None:
    p = Pairs(slop=0.01)
    p.pairing.use(["image", "depth"])
    p.add("image", 1000 * MS)
    p.add("depth", 1020 * MS)
    assert p.sets == []
    p.add("image", 1025 * MS)
    assert p.sets == [{"image": 1025 * MS, "depth": 1020 * MS}]


def test_a_lost_depth_costs_its_frame_and_no_other() -> None:
    p = Pairs()
    p.pairing.use(["image", "depth"])
    for k in range(6):
        p.add("image", k * 33 * MS)
        if k != 2:
            p.add("depth", k * 33 * MS)
    assert [s["image"] // MS for s in p.sets] == [0, 33, 99, 132, 165]
    assert all(s["image"] == s["depth"] for s in p.sets)


def test_one_stream_alone_passes_through() -> None:
    p = Pairs()
    p.pairing.use(["image"])
    p.add("image", 5 * MS)
    p.add("depth", 5 * MS)
    assert p.sets == [{"image": 5 * MS}]


def test_a_recording_that_starts_again_pairs_anew_from_its_first_frame() -> None:
    p = Pairs()
    p.pairing.use(["info", "depth", "image"])
    for stamp in (5000 * MS, 5033 * MS, 1000 * MS, 1033 * MS):
        for stream in ("info", "depth", "image"):
            p.add(stream, stamp)
    assert [s["image"] // MS for s in p.sets] == [5000, 5033, 1000, 1033]
    assert p.jumps == [("info", pytest.approx(4.033))]


def test_what_waits_from_before_a_jump_never_pairs() -> None:
    p = Pairs()
    p.pairing.use(["image", "depth"])
    p.add("depth", 2000 * MS)
    p.add("depth", 1000 * MS)
    p.add("image", 2000 * MS)
    assert p.sets == []
    assert len(p.jumps) == 1


def test_a_stream_that_appears_is_waited_for() -> None:
    p = Pairs()
    p.pairing.use(["image"])
    p.add("image", 1 * MS)
    p.pairing.use(["image", "depth"])
    p.add("image", 34 * MS)
    assert len(p.sets) == 1
    p.pairing.use(["image", "depth"])
    p.add("depth", 34 * MS)
    assert p.sets[1:] == [{"image": 34 * MS, "depth": 34 * MS}]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["image", "depth"]), st.integers(0, 400)), max_size=80))
def test_sets_are_within_the_slop_and_no_message_is_used_twice(events: list[tuple[str, int]]) -> None:
    p = Pairs(slop=0.01, queue_size=3)
    p.pairing.use(["image", "depth"])
    newest: dict[str, int] = {}
    for stream, stamp in events:
        if stamp > newest.get(stream, -1):
            newest[stream] = stamp
            p.add(stream, stamp * MS)
    for one in p.sets:
        assert abs(one["image"] - one["depth"]) <= 10 * MS
    for stream in ("image", "depth"):
        used = [one[stream] for one in p.sets]
        assert used == sorted(set(used))
