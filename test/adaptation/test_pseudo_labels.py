"""What clicks and masks teach: eq. 1 and 3 to 5 against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from uois_sam.adaptation.interactive import Click
from uois_sam.adaptation.pseudo_labels import click_labels, mask_labels, result_labels
from uois_sam.adaptation.settings import AdaptationSettings

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))


def eroded(mask: NDArray[np.bool_], times: int) -> NDArray[np.bool_]:
    """Eq. 3 and 4 as they are written: what lies beyond the image takes nothing away."""
    for _ in range(times):
        around = np.pad(mask, 1, constant_values=True)
        mask = around[1:-1, 1:-1] & around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return mask


@given(MASKS, st.integers(0, 5))
def test_masks_are_eroded_on_both_sides(mask: NDArray[np.bool_], times: int) -> None:
    labels = mask_labels(mask, times)
    assert labels.dtype == np.int8
    assert ((labels == 1) == eroded(mask, times)).all()
    assert ((labels == 0) == eroded(~mask, times)).all()
    assert np.isin(labels, (-1, 0, 1)).all()


def test_a_square_loses_five_pixels_on_either_side_of_its_border() -> None:
    mask = np.zeros((40, 40), bool)
    mask[:, 20:] = True
    assert (mask_labels(mask, 5)[7] == [0] * 15 + [-1] * 10 + [1] * 15).all()


CLICKS = [Click(2, 1, True), Click(3.4, 2.6, False), Click(2, 1, False)]


def test_clicks_label_their_pixels_and_the_later_counts() -> None:
    labels = click_labels(CLICKS, (4, 6))
    assert labels.shape == (4, 6)
    assert (labels[1, 2], labels[3, 3]) == (0, 0)
    assert (labels != -1).sum() == 2
    assert click_labels(CLICKS[:2], (4, 6))[1, 2] == 1


def test_result_and_clicks_are_merged_and_a_click_goes_before_the_mask() -> None:
    mask = np.zeros((4, 6), bool)
    mask[:, :3] = True
    assert result_labels(mask, CLICKS, AdaptationSettings(click_adaptation="reset")) is None
    clicks = result_labels(mask, CLICKS, AdaptationSettings(click_mask=True))
    assert (clicks == click_labels(CLICKS, (4, 6))).all()
    untreated = result_labels(mask, CLICKS, AdaptationSettings(result_mask="untreated"))
    assert (untreated == mask).all()
    merged = result_labels(mask, CLICKS, AdaptationSettings(result_mask="eroded", click_mask=True, erosions=1))
    expected = np.tile([1, 1, -1, -1, 0, 0], (4, 1))
    expected[1, 2] = expected[3, 3] = 0
    assert (merged == expected).all()


@pytest.mark.parametrize("full", [True, False])
def test_a_mask_without_a_border_is_known_everywhere(full: bool) -> None:
    assert (mask_labels(np.full((9, 9), full), 5) == int(full)).all()
