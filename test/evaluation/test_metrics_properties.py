"""What must hold of scores whatever the scene, beside agreement with the definitions."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scenes import boxes, has_one_best_assignment, image_pairs

from uois_sam.evaluation.metrics import Scores, score_labels

KINDS = st.sampled_from(["davis", "contour"])
Pair = tuple[np.ndarray, np.ndarray]


@given(image_pairs(), st.permutations(range(1, 5)))
def test_the_truth_by_other_names_scores_one(pair: Pair, to: list[int]) -> None:
    _, truth = pair
    renamed = np.array([0, *to])[truth]
    scores = score_labels(renamed, truth, boundary="contour")
    count = len(np.unique(truth[truth > 0]))
    assert scores == Scores(1, 1, 1, 1, 1, 1, 1, count, count)
    davis = score_labels(renamed, truth)
    assert davis.boundary_precision == davis.boundary_recall
    assert davis.boundary_f in (0, 1)  # 0 where nothing has a boundary, as in an image of one colour
    assert replace(davis, boundary_precision=1.0, boundary_recall=1.0, boundary_f=1.0) == scores


@given(image_pairs(), KINDS)
def test_rows_and_columns_are_alike(pair: Pair, kind: str) -> None:
    prediction, truth = pair
    assert score_labels(prediction.T, truth.T, boundary=kind) == score_labels(prediction, truth, boundary=kind)


@given(image_pairs(), st.sampled_from([0, 1, (0, 1)]))
def test_mirroring_changes_nothing_but_the_half_pixel_of_davis(pair: Pair, axis: int | tuple[int, int]) -> None:
    mirrored = [np.flip(labels, axis) for labels in pair]
    assert score_labels(*mirrored, boundary="contour") == score_labels(*pair, boundary="contour")
    one, other = astuple(score_labels(*mirrored)), astuple(score_labels(*pair))
    assert one[:3] + one[6:] == other[:3] + other[6:]


@given(image_pairs(), st.integers(0, 11), st.integers(0, 11))
def test_overlap_where_all_else_is_ignored_is_that_of_the_part(pair: Pair, y: int, x: int) -> None:
    prediction, truth = pair
    assume(y < truth.shape[0] and x < truth.shape[1])
    ignore = np.ones(truth.shape, bool)
    ignore[y:, x:] = False
    whole, part = score_labels(prediction, truth, ignore), score_labels(prediction[y:, x:], truth[y:, x:])
    assert astuple(whole)[:3] + astuple(whole)[6:] == astuple(part)[:3] + astuple(part)[6:]


@given(image_pairs(), st.integers(1, 4))
def test_a_prediction_beside_all_objects_costs_precision_alone(pair: Pair, side: int) -> None:
    prediction, truth = (np.pad(labels, ((0, 0), (0, 6))) for labels in pair)
    assume(prediction.any() and truth.any() and has_one_best_assignment(*pair))
    before = score_labels(prediction, truth)
    more = prediction.copy()
    more[:side, -side:] = 9
    size, added = np.count_nonzero(prediction), np.count_nonzero(more == 9)
    after = score_labels(more, truth)
    assert after.overlap_precision == pytest.approx(before.overlap_precision * size / (size + added))
    assert (after.overlap_recall, after.percent75) == (before.overlap_recall, before.percent75)
    assert (after.predicted, after.objects) == (before.predicted + 1, before.objects)


@given(st.integers(0, 32), st.integers(0, 32))
def test_one_object_against_one_is_the_arithmetic_of_two_boxes(right: int, down: int) -> None:
    # 20 x 20 at (10, 10) against 22 x 20: they share a product of two intervals, and all else follows from it.
    shared = max(0, min(30, right + 22) - max(10, right)) * max(0, min(30, down + 20) - max(10, down))
    scores = score_labels(boxes((right, down, 22, 20)), boxes((10, 10, 20, 20)))
    assert scores.overlap_precision == shared / 440
    assert scores.overlap_recall == shared / 400
    assert scores.overlap_f == pytest.approx(2 * shared / 840)
    assert scores.percent75 == (2 * shared / 840 > 0.75)  # no shift of whole pixels gives 0.75 itself
