"""Which frames are trained on, and what they say."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.training.frames import EpochOrder, LabelledFrames, Share
from uois_sam.training.ranks import Ranks
from uois_sam.types import Frame


def frames(count: int) -> list[Frame]:
    return [Frame(np.zeros((16, 16, 3), np.uint8), name=str(k)) for k in range(count)]


@given(st.integers(2, 300), st.floats(0.5, 100), st.floats(0.5, 99), st.integers(0, 9))
def test_no_frame_both_teaches_and_judges(count: int, percent: float, validation: float, seed: int) -> None:
    used, held = Share(percent, validation, seed).split(frames(count), LabelRule())
    assert len(used) >= 1
    assert len(held) >= 1
    assert not set(used.indices) & set(held.indices)
    assert {*used.indices, *held.indices} <= set(range(count))


def test_smaller_shares_are_part_of_larger_ones() -> None:
    parts = [Share(percent, seed=3).split(frames(200), LabelRule()) for percent in (1, 5, 10, 50, 100)]
    assert [len(used) for used, _ in parts] == [2, 10, 19, 95, 190]
    for (smaller, held), (larger, other) in pairwise(parts):
        assert set(smaller.indices) < set(larger.indices)
        assert held.indices == other.indices


def test_objects_and_ignored_pixels_follow_the_rule(tables: Path) -> None:
    labelled = LabelledFrames(FolderDataset(tables), LabelRule(2, 0), (1, 3))[0]
    label = labelled.frame.label
    assert label is not None
    assert labelled.frame.name == "1"
    np.testing.assert_array_equal(labelled.objects > 0, label == 2)
    np.testing.assert_array_equal(labelled.ignored, label == 0)


@pytest.mark.parametrize("bad", [{"percent": 0}, {"percent": 101}, {"validation": 0}, {"validation": 100}])
def test_shares_that_leave_nothing_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match="wanted 0 < percent"):
        Share(**bad)


def test_too_few_frames_and_frames_without_labels_are_refused() -> None:
    with pytest.raises(InputError, match="1 frames"):
        Share().split(frames(1), LabelRule())
    with pytest.raises(InputError, match="frame '0' has no label"):
        LabelledFrames(frames(2), LabelRule(), (0,))[0]


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 3), st.integers(0, 5))
def test_an_epoch_takes_no_frame_twice_and_every_rank_others(
    frames: int, batch: int, ranks: int, seed: int
) -> None:
    orders = [EpochOrder(frames, batch, seed, Ranks(rank, ranks)) for rank in range(ranks)]
    steps = orders[0].steps
    taken = [k for step in range(steps) for order in orders for k in order.at(step)[1]]
    assert len(taken) == len(set(taken)) == min(frames, steps * batch * ranks)
    assert set(taken) <= set(range(frames))
    assert {order.at(step)[0] for step in range(steps) for order in orders} == {0}
    assert orders[0].at(steps)[0] == 1


def test_epochs_have_orders_of_their_own_and_the_same_again() -> None:
    order = EpochOrder(40, 40, 3, Ranks())
    assert order.at(0) == order.at(0)
    assert order.at(0)[1] != order.at(1)[1]
