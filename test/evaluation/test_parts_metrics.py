"""Figures of part segmentation against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.evaluation.parts_metrics import PartScores, SplitMean, inner_band

SEEN = np.array([True, True, False])


def test_counts_are_summed_over_the_set() -> None:
    scores = PartScores(SEEN)
    scores.add(np.array([[0, 0, 1, 2]]), np.array([[0, 1, 1, 2]]))
    scores.add(np.array([[0, 3, 1, 2]]), np.array([[0, 0, -1, 0]]))
    found = scores.figures()
    # right, true and said: 2, 4, 3 of class 0; 1, 2, 1 of class 1 (one more is not labelled); 1, 1, 2 of class 2
    np.testing.assert_allclose(found.class_iou, [2 / 5, 1 / 2, 1 / 2])
    assert found.iou.seen == pytest.approx(0.45)
    assert found.iou.unseen == pytest.approx(0.5)
    assert found.iou.harmonic == pytest.approx(2 * 0.45 * 0.5 / 0.95)
    assert found.recall.seen == pytest.approx((2 / 4 + 1 / 2) / 2)
    assert found.recall.unseen == 1


def test_a_class_that_is_nowhere_true_counts_for_nobody() -> None:
    scores = PartScores(SEEN)
    scores.add(np.array([[0, 1, 1]]), np.array([[0, 0, 0]]))
    found = scores.figures()
    assert math.isnan(found.class_iou[1])
    assert found.iou.seen == pytest.approx(1 / 3)
    assert math.isnan(found.iou.unseen)
    assert found.iou.as_dict() == {"seen": pytest.approx(1 / 3), "unseen": None, "harmonic": None}


def test_harmonic_mean() -> None:
    assert SplitMean(0.4391, 0.2356).harmonic == pytest.approx(0.3067, abs=1e-4)  # the paper's table 1
    assert SplitMean(0.0, 0.0).harmonic == 0


def test_bands_follow_the_border_inside() -> None:
    mask = np.zeros((60, 80), bool)  # diagonal 100: 2 px
    mask[10:30, 20:50] = True
    band = inner_band(mask)
    inner = np.zeros_like(mask)
    inner[12:28, 22:48] = True
    np.testing.assert_array_equal(band, mask & ~inner)
    whole = inner_band(np.ones((60, 80), bool))
    assert np.count_nonzero(~whole) == 56 * 76, "the image's edge is a border"
    assert np.array_equal(inner_band(np.eye(5, dtype=bool)), np.eye(5, dtype=bool)), "at least one pixel"


def test_boundary_iou() -> None:
    truth = np.full((60, 80), -1)
    truth[10:30, 20:50] = 0
    predicted = np.full((60, 80), 3)
    predicted[10:30, 20:40] = 0
    predicted[30:40] = 0
    scores = PartScores(SEEN)
    scores.add(predicted, truth)
    ours, theirs = inner_band((predicted == 0) & (truth == 0)), inner_band(truth == 0)
    expected = np.count_nonzero(ours & theirs) / np.count_nonzero(ours | theirs)
    # bands of 20 x 30 and 20 x 20 px, 2 wide: 184 and 144 px; they share three sides of the smaller
    assert (np.count_nonzero(theirs), np.count_nonzero(ours)) == (184, 144)
    assert np.count_nonzero(ours & theirs) == 20 * 2 + 2 * 2 * 18
    assert scores.figures().boundary_iou.seen == pytest.approx(expected)
    assert scores.figures().iou.seen == pytest.approx(400 / 600)


@pytest.mark.parametrize(
    ("predicted", "truth"), [([[4]], [[0]]), ([[-1]], [[0]]), ([[0]], [[3]]), ([[0]], [[-2]]), ([[0, 0]], [[0]])]
)
def test_labels_are_checked(predicted: list[list[int]], truth: list[list[int]]) -> None:
    with pytest.raises(InputError, match="wanted"):
        PartScores(SEEN).add(np.array(predicted), np.array(truth))


def test_nothing_added() -> None:
    assert math.isnan(PartScores(SEEN).figures().iou.seen)
