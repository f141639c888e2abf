"""Depth as given, hidden, half of it removed, and another frame's."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.depth import TITLES, ConditionedDepth, DepthCondition, half_removed, has_depth
from uois_sam.evaluation.evaluate import evaluate
from uois_sam.types import Camera, Frame

CAMERA = Camera(60, 60, 31.5, 23.5, 64, 48)


def frame(k: int, h: int = 48, w: int = 64, *, depth: bool = True) -> Frame:
    """Everything at k + 1 metres, and a hole."""
    metres = np.full((h, w), k + 1, np.float32)
    metres[:5, :5] = 0
    label = np.zeros((h, w), np.uint16)
    label[10:30, 10:30] = 1
    image = np.full((h, w, 3), k, np.uint8)
    return Frame(image, metres if depth else None, CAMERA, name=f"frame{k}", label=label)


FRAMES = [frame(k) for k in range(5)]


def depths(frames: list[Frame], condition: DepthCondition) -> list[np.ndarray | None]:
    return [one.depth for one in ConditionedDepth(frames, condition)]


@pytest.mark.parametrize("condition", TITLES)
def test_all_but_depth_stays(condition: DepthCondition) -> None:
    seen = ConditionedDepth(FRAMES, condition)
    assert len(seen) == 5
    for one, original in zip(seen, FRAMES, strict=True):
        assert (one.name, one.camera) == (original.name, original.camera)
        assert one.image is original.image
        assert one.label is original.label


def test_measured_and_none() -> None:
    assert all(one is original for one, original in zip(ConditionedDepth(FRAMES, "measured"), FRAMES, strict=True))
    assert depths(FRAMES, "none") == [None] * 5


def test_wrong_depth_is_that_of_the_frame_half_the_set_away() -> None:
    assert [float(depth.max()) for depth in depths(FRAMES, "wrong") if depth is not None] == [3, 4, 5, 1, 2]
    assert [float(depth.max()) for depth in depths(FRAMES[:2], "wrong") if depth is not None] == [2, 1]


def test_wrong_depth_of_another_size_is_scaled_by_nearest_pixels_and_keeps_its_metres() -> None:
    large = replace(frame(6, 96, 128), depth=np.arange(96 * 128, dtype=np.float32).reshape(96, 128))
    found, other = depths([FRAMES[0], large], "wrong")
    assert found is not None
    assert other is not None
    assert (found.shape, other.shape) == ((48, 64), (96, 128))
    assert found.dtype == other.dtype == np.float32
    assert set(np.unique(other)) == {0, 1}  # nothing between 0 and 1 metre was made up
    np.testing.assert_array_equal(found, cv2.resize(large.depth, (64, 48), interpolation=cv2.INTER_NEAREST))


def test_frames_without_depth() -> None:
    mixed = [FRAMES[0], frame(1, depth=False)]
    wrong = depths(mixed, "wrong")
    assert wrong[0] is None
    assert wrong[1] is FRAMES[0].depth
    half = depths(mixed, "half")
    assert half[0] is not None
    assert half[1] is None
    unmeasured = np.zeros((4, 5), np.float32)
    np.testing.assert_array_equal(half_removed(unmeasured, 0), unmeasured)


def test_another_frame_wants_another_frame() -> None:
    with pytest.raises(InputError, match="the set has one"):
        ConditionedDepth(FRAMES[:1], "wrong")
    assert len(ConditionedDepth([], "wrong")) == 0


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 30), st.integers(1, 30)), elements=st.sampled_from([0, 1, 2.5])
    )
)
def test_half_of_the_measured_pixels_go_and_nothing_else(depth: np.ndarray) -> None:
    kept = half_removed(depth, 3)
    assert kept.dtype == np.float32
    gone = kept != depth
    assert not kept[gone].any()
    assert np.count_nonzero(gone) == np.count_nonzero(depth) // 2


@pytest.mark.parametrize("seed", range(8))
def test_what_goes_are_a_few_large_regions(seed: int) -> None:
    gone = half_removed(np.ones((480, 640), np.float32), seed) == 0
    assert gone.sum() == gone.size // 2
    regions = cv2.connectedComponentsWithStats(gone.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    assert len(regions) <= 6
    assert regions.max() > gone.sum() / 4


def test_what_goes_depends_on_the_place_in_the_set_alone() -> None:
    same = [FRAMES[0]] * 3
    first, again = depths(same, "half"), depths(same, "half")
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert first[0] is not None
    assert (first[0] != first[1]).any()
    np.testing.assert_array_equal(ConditionedDepth(same, "half")[1].depth, first[1])
    np.testing.assert_array_equal(ConditionedDepth(same, "half")[-1].depth, first[2])
    np.testing.assert_array_equal(ConditionedDepth(same, "half")[1:][1].depth, first[2])
    np.testing.assert_array_equal(FRAMES[0].depth, frame(0).depth)  # the frame itself is not changed


def test_frames_beyond_the_end_are_not_there() -> None:
    for index in (5, -6):
        with pytest.raises(IndexError):
            ConditionedDepth(FRAMES, "wrong")[index]


@pytest.mark.parametrize("condition", TITLES)
def test_scoring_processes_change_nothing(condition: DepthCondition) -> None:
    def near(one: Frame) -> np.ndarray:
        if one.depth is None:
            return np.zeros(one.image.shape[:2], np.uint16)
        return ((one.depth > 0) & (one.depth < 3)).astype(np.uint16)

    seen = ConditionedDepth(FRAMES, condition)
    assert evaluate(seen, near, LabelRule(), workers=2) == evaluate(seen, near, LabelRule())


def test_whether_a_set_has_depth() -> None:
    assert has_depth([frame(0, depth=False), FRAMES[1]])
    assert not has_depth([frame(0, depth=False), replace(FRAMES[1], camera=None)])
    assert not has_depth([])
