"""What happens in a sequence, and when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.synthetic.events import SECONDS, EventCounts, draw_slots
from uois_sam.errors import InputError


@given(seed=st.integers(0, 10_000), rate=st.sampled_from([5.0, 10.0, 30.0]))
def test_slots_do_not_get_in_each_others_way(seed: int, rate: float) -> None:
    frames = round(6 * rate)
    slots = draw_slots(np.random.default_rng(seed), EventCounts(), frames, rate)
    assert sorted(s.kind for s in slots) == ["add", "carry", "carry", "push", "push", "remove", "turn"]
    assert [s.first for s in slots] == sorted(s.first for s in slots)
    for slot in slots:
        assert 1 <= slot.first < slot.last <= frames - 2
        assert slot.last - slot.first + 1 == max(3, round(SECONDS[slot.kind] * rate))
    moving = [sum(s.first <= k <= s.last for s in slots if s.kind != "turn") for k in range(frames)]
    assert max(moving) <= 3
    turns = [s for s in slots if s.kind == "turn"]
    first, second = (s.middle() for s in slots if s.kind == "carry")
    assert not first.meets(second)
    assert not any(t.meets(carry) for t in turns for carry in (first, second))


def test_a_seed_gives_the_same_slots_again() -> None:
    drawn = [draw_slots(np.random.default_rng(k), EventCounts(), 60, 10.0) for k in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_no_events_need_no_room() -> None:
    assert draw_slots(np.random.default_rng(0), EventCounts.parse(""), 1, 10.0) == []


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(InputError, match=r"20 frames at 10 a second are too few for the events push=2, carry=2"):
        draw_slots(np.random.default_rng(0), EventCounts(), 20, 10.0)
    with pytest.raises(InputError, match="too few for the events turn=9"):
        draw_slots(np.random.default_rng(0), EventCounts(0, 0, 0, 0, 9), 60, 10.0)


def test_counts_as_a_person_writes_them() -> None:
    assert EventCounts.parse("push=3,turn=1") == EventCounts(push=3, carry=0, remove=0, add=0, turn=1)
    assert EventCounts.parse("") == EventCounts(0, 0, 0, 0, 0)


@pytest.mark.parametrize("text", ["push", "push=", "push=-1", "fall=1", "push=1;add=1", "hidden=2"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="give KIND=NUMBER of push, carry, remove, add, turn"):
        EventCounts.parse(text)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(InputError, match="'carry' is -1"):
        EventCounts(carry=-1)
