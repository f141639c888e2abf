"""The simulated annotator: where it clicks, that it gets there, and that void pixels count for nobody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from uois_sam.adaptation.annotator import SimulatedAnnotator, Target
from uois_sam.adaptation.interactive import Click
from uois_sam.errors import InputError

SHAPE = (9, 11)
MASKS = hnp.arrays(bool, SHAPE)
NOTHING = np.zeros(SHAPE, bool)


def square(top: int, bottom: int, left: int, right: int) -> NDArray[np.bool_]:
    mask = NOTHING.copy()
    mask[top:bottom, left:right] = True
    return mask


def depths(wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance of each pixel to the nearest that is not wrong; all beyond the image is not."""
    outside = np.argwhere(np.pad(~wrong, 1, constant_values=True)) - 1
    found = np.zeros(SHAPE)
    for y, x in np.argwhere(wrong):
        found[y, x] = np.hypot(*(outside - (y, x)).T).min()
    return found


@given(MASKS, MASKS, MASKS)
def test_the_click_lies_deepest_in_what_is_wrong(
    truth: NDArray[np.bool_], void: NDArray[np.bool_], mask: NDArray[np.bool_]
) -> None:
    assume((truth & ~void).any())
    click = SimulatedAnnotator(Target(truth, void)).next_click(mask)
    missing, spare = depths(truth & ~mask & ~void), depths(mask & ~truth & ~void)
    if click is None:
        assert not missing.any()
        assert not spare.any()
        return
    y, x = int(click.y), int(click.x)
    assert not void[y, x]
    assert click.positive == truth[y, x] != mask[y, x]
    assert (missing if click.positive else spare)[y, x] == pytest.approx(max(missing.max(), spare.max()), abs=1e-4)


def test_the_first_click_is_the_middle_of_the_object() -> None:
    annotator = SimulatedAnnotator(Target(square(1, 8, 2, 9), NOTHING))
    assert annotator.next_click(NOTHING) == Click(5, 4, True)


def test_the_larger_error_goes_first_and_the_border_of_the_image_bounds_it() -> None:
    truth = square(0, 9, 0, 3)
    assert SimulatedAnnotator(Target(truth, NOTHING)).next_click(NOTHING) == Click(1, 1, True)
    mask = square(0, 9, 0, 11)
    click = SimulatedAnnotator(Target(truth, NOTHING)).next_click(mask)
    assert click is not None
    assert not click.positive
    assert 6 <= click.x <= 7


def test_no_pixel_is_clicked_twice_and_in_the_end_none_is_left() -> None:
    target = Target(square(2, 4, 2, 5), NOTHING)
    annotator = SimulatedAnnotator(target)
    clicks = [annotator.next_click(NOTHING) for _ in range(6)]
    assert len({(c.x, c.y) for c in clicks if c is not None}) == 6
    assert annotator.next_click(NOTHING) is None


@given(MASKS, MASKS, st.integers(0, 2**31))
def test_void_pixels_count_for_nobody(truth: NDArray[np.bool_], void: NDArray[np.bool_], seed: int) -> None:
    assume((truth & ~void).any())
    mask = np.random.default_rng(seed).random(SHAPE) < 0.5
    other = np.where(void, ~mask, mask)
    target = Target(truth, void)
    assert target.iou(mask) == target.iou(other)
    assert 0 <= target.iou(mask) <= 1
    assert target.iou(np.where(void, mask, truth)) == 1
    one, two = SimulatedAnnotator(target), SimulatedAnnotator(target)
    assert one.next_click(mask) == two.next_click(other)


def test_iou() -> None:
    target = Target(square(0, 4, 0, 4), square(0, 9, 3, 4))
    assert target.iou(square(2, 6, 0, 4)) == pytest.approx(6 / 18)


def test_targets_that_are_none_are_refused() -> None:
    for truth, void, words in (
        (NOTHING, NOTHING, "no pixel that counts"),
        (square(1, 3, 1, 3), square(0, 4, 0, 4), "no pixel that counts"),
        (square(1, 3, 1, 3), NOTHING[:4], "wanted two masks"),
        (square(1, 3, 1, 3).astype(np.uint8), NOTHING, "wanted bool"),
    ):
        with pytest.raises(InputError, match=words):
            Target(truth, void)
