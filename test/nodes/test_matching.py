"""Frames and answers that belong together by exact stamp, and results held by stamp."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.nodes.held import HeldFrames
from uois_sam.nodes.matching import StampMatcher


class Matches:
    def __init__(self, frames: int = 30, answers: int = 5) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.dropped = 0
        self.matcher: StampMatcher[str, str] = StampMatcher(
            lambda f, a: self.pairs.append((f, a)), self._drop, frames, answers
        )

    def _drop(self) -> None:
        self.dropped += 1


def test_an_answer_finds_its_frame_among_newer_ones_and_again_for_a_correction() -> None:
    m = Matches()
    for stamp in (10, 20, 30):
        m.matcher.add_frame(stamp, f"frame {stamp}")
    m.matcher.add_answer(20, "first")
    m.matcher.add_answer(20, "corrected")
    assert m.pairs == [("frame 20", "first"), ("frame 20", "corrected")]


def test_an_early_answer_waits_for_its_frame() -> None:
    m = Matches()
    m.matcher.add_answer(10, "early")
    m.matcher.add_frame(9, "another")
    assert m.pairs == []
    m.matcher.add_frame(10, "frame")
    assert m.pairs == [("frame", "early")]


def test_frames_and_answers_that_nobody_asks_for_are_forgotten() -> None:
    m = Matches(frames=2, answers=1)
    for stamp in (1, 2, 3):
        m.matcher.add_frame(stamp, f"frame {stamp}")
    m.matcher.add_answer(1, "too late")
    m.matcher.add_answer(7, "frame never comes")
    assert m.pairs == []
    assert m.dropped == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=60))
def test_a_pair_always_has_one_stamp(events: list[tuple[bool, int]]) -> None:
    pairs: list[tuple[int, int]] = []
    matcher: StampMatcher[int, int] = StampMatcher(lambda f, a: pairs.append((f, a)), lambda: None, 3, 2)
    for is_frame, stamp in events:
        (matcher.add_frame if is_frame else matcher.add_answer)(stamp, stamp)
    assert all(frame == answer for frame, answer in pairs)


def test_held_frames_are_found_by_stamp_or_as_the_newest() -> None:
    held: HeldFrames[str] = HeldFrames(2)
    with pytest.raises(InputError, match="no frame has been answered"):
        held.find(0)
    for stamp in (1_500_000_000, 2_000_000_000, 3_000_000_000):
        held.add(stamp, f"{stamp}")
    assert held.find(0) == "3000000000"
    held.replace(2_000_000_000, "corrected")
    assert held.find(2_000_000_000) == "corrected"
    assert held.find(0) == "3000000000"
    with pytest.raises(InputError, match=r"stamp 1\.500000000 is not held; the newest 2 are"):
        held.find(1_500_000_000)
    held.replace(1_500_000_000, "never")
    with pytest.raises(InputError, match="not held"):
        held.find(1_500_000_000)
