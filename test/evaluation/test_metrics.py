"""Scores of label images: corner cases by hand, properties on random images."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scenes import boxes, has_one_best_assignment, image_pairs

from uois_sam.errors import InputError
from uois_sam.evaluation.metrics import Scores, name_by_match, score_labels
from uois_sam.evaluation.munkres import munkres
from uois_sam.types import relabel

ONE = Scores(1, 1, 1, 1, 1, 1, 1, 1, 1)


def test_a_perfect_prediction_scores_one_whatever_its_labels() -> None:
    truth = boxes((5, 5, 20, 20), (30, 10, 15, 30))
    relabelled = np.choose(truth, [0, 900, 7])
    assert score_labels(relabelled, truth) == replace(ONE, predicted=2, objects=2)


NOTHING, BOX = boxes(), boxes((10, 10, 20, 20))


@pytest.mark.parametrize("boundary", ["davis", "contour"])
@pytest.mark.parametrize(
    ("prediction", "truth", "expected"),
    [
        pytest.param(NOTHING, BOX, Scores(1, 0, 0, 1, 0, 0, 0, 0, 1), id="no prediction"),
        pytest.param(BOX, NOTHING, Scores(0, 1, 0, 0, 1, 0, 0, 1, 0), id="no truth"),
        pytest.param(NOTHING, NOTHING, Scores(1, 1, 1, 1, 1, 1, 1, 0, 0), id="both empty"),
        pytest.param(BOX, boxes((50, 30, 20, 20)), Scores(0, 0, 0, 0, 0, 0, 0, 1, 1), id="disjoint"),
    ],
)
def test_corner_cases(prediction: np.ndarray, truth: np.ndarray, expected: Scores, boundary: str) -> None:
    assert score_labels(prediction, truth, boundary=boundary) == expected


def test_touching_but_disjoint_objects_share_boundary_and_no_overlap() -> None:
    scores = score_labels(boxes((10, 10, 10, 20)), boxes((20, 10, 10, 20)))
    assert (scores.overlap_precision, scores.overlap_recall, scores.overlap_f, scores.percent75) == (0, 0, 0, 0)
    assert 0 < scores.boundary_f < 1


def test_overlap_by_hand() -> None:
    # 200 of the truth's 400 pixels are found; the second prediction of 100 pixels finds nothing.
    scores = score_labels(boxes((10, 10, 10, 20), (60, 40, 10, 10)), boxes((10, 10, 20, 20)))
    assert scores.overlap_precision == pytest.approx(200 / 300)
    assert scores.overlap_recall == pytest.approx(200 / 400)
    assert scores.overlap_f == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))


def test_each_object_is_matched_once() -> None:
    # Both halves lie on the one object: only the larger counts.
    scores = score_labels(boxes((10, 10, 12, 20), (22, 10, 8, 20)), boxes((10, 10, 20, 20)))
    assert scores.overlap_precision == pytest.approx(240 / 400)
    assert scores.overlap_recall == pytest.approx(240 / 400)


def test_the_sum_of_f_is_greatest_and_not_the_first_pair() -> None:
    # X holds 60 pixels of A and 40 of B, Y the other 40 of A. F: A-X 0.6, B-X 0.4, A-Y 80 / 140, B-Y 0. The best
    # pair alone would leave B with Y; A-Y and B-X have the greater sum.
    truth = boxes((10, 10, 10, 10), (20, 10, 10, 10))
    scores = score_labels(boxes((14, 10, 10, 10), (10, 10, 4, 10)), truth)
    assert scores.overlap_precision == pytest.approx((40 + 40) / 140)
    assert scores.overlap_recall == pytest.approx((40 + 40) / 200)
    assert scores.percent75 == 0


@pytest.mark.parametrize(("found", "percent75"), [(1, 1 / 3), (2, 2 / 3), (3, 1)])
def test_percent75_is_of_all_true_objects_also_those_without_a_match(found: int, percent75: float) -> None:
    places = [(5, 5, 10, 10), (25, 5, 10, 10), (45, 5, 10, 10)]
    scores = score_labels(boxes(*places[:found]), boxes(*places))
    assert scores.percent75 == pytest.approx(percent75)
    assert scores.overlap_recall == pytest.approx(found / 3)
    assert (scores.overlap_precision, scores.boundary_precision) == (1, 1)
    assert scores.boundary_recall == pytest.approx(found / 3)


@pytest.mark.parametrize(
    ("right", "down", "near"),
    [
        pytest.param(3, 0, 400, id="3 px, as far as may be"),
        # 4 px apart the sides are too far but for 3 pixels at each end, and a column of top and bottom is gone.
        pytest.param(4, 0, 2 * 100 + 2 * 3, id="4 px"),
        # Only a disk's corners are round: beyond the corner, 2 + 2 pixels of the sides and the corner are too far.
        pytest.param(3, 3, 400 - 5, id="3 px both ways"),
    ],
)
def test_boundaries_within_three_pixels_at_480_by_640(right: int, down: int, near: int) -> None:
    # The radius is ceil(0.003 * 800) = ceil(2.4). A box of 100 x 100 has a DAVIS boundary of 400 pixels.
    truth = boxes((100, 100, 100, 100), shape=(480, 640))
    scores = score_labels(boxes((100 + right, 100 + down, 100, 100), shape=(480, 640)), truth)
    assert (scores.boundary_precision, scores.boundary_recall) == (near / 400, near / 400)
    assert scores.boundary_f == pytest.approx(near / 400)


def test_boundary_precision_and_recall_count_pixels_of_different_maps() -> None:
    # A hole of 4 x 10, two pixels inside the left edge: of its 28 boundary pixels the 11 on its left and one each
    # on top and bottom lie within 3 px of the object's edge. All of the object's 400 lie near the prediction's.
    truth = boxes((100, 100, 100, 100), shape=(480, 640))
    prediction = truth.copy()
    prediction[140:150, 102:106] = 0
    scores = score_labels(prediction, truth)
    assert (scores.boundary_precision, scores.boundary_recall) == ((400 + 11 + 2) / (400 + 28), 1)


def test_boundary_by_hand() -> None:
    # At 60 x 80 the tolerance is 1 px. The DAVIS boundary of a 20 x 20 box is an outline of 80 pixels. Shifted by
    # 10 px, top and bottom meet over 11 columns and one by tolerance; 2 pixels of the side lie next to them.
    scores = score_labels(boxes((20, 10, 20, 20)), boxes((10, 10, 20, 20)))
    assert scores.boundary_precision == scores.boundary_recall == (2 * 12 + 2) / 80


def test_unmatched_boundary_pixels_count_in_the_denominator() -> None:
    truth = boxes((10, 10, 20, 20))
    scores = score_labels(boxes((10, 10, 20, 20), (50, 30, 10, 10)), truth)
    assert scores.boundary_precision == pytest.approx(80 / (80 + 40))
    assert scores.boundary_recall == 1


def test_holes_count_for_davis_and_not_for_contours() -> None:
    truth = boxes((10, 10, 30, 30))
    prediction = truth.copy()
    prediction[20:30, 20:30] = 0
    assert score_labels(prediction, truth, boundary="contour").boundary_precision == 1
    davis = score_labels(prediction, truth)
    assert davis.boundary_precision == pytest.approx(120 / 160)
    assert davis.boundary_recall == 1


def test_an_object_that_fills_the_image_has_no_davis_boundary() -> None:
    full = np.ones((6, 8), np.uint16)
    assert score_labels(full, full) == Scores(1, 1, 1, 0, 0, 0, 1, 1, 1)
    assert score_labels(full, full, boundary="contour") == ONE


@pytest.mark.parametrize(("columns", "percent75"), [(16, 1.0), (15, 0.0), (14, 0.0)])
def test_detection_is_strictly_above_three_quarters(columns: int, percent75: float) -> None:
    # Same area on both sides: F = columns / 20, and exactly 0.75 is not detected.
    scores = score_labels(boxes((30 - columns, 10, 20, 20)), boxes((10, 10, 20, 20)))
    assert scores.overlap_f == pytest.approx(columns / 20)
    assert scores.percent75 == percent75


def test_ties_among_disjoint_pairs_are_broken_as_in_the_public_evaluation() -> None:
    # No prediction overlaps any object, so any assignment is optimal, and the boundary score tells which was made.
    truth = boxes((4, 4, 8, 8), (40, 30, 8, 8))
    prediction = boxes((40, 38, 8, 8), (4, 12, 8, 8))
    crossed = munkres(np.zeros((2, 2)))
    assert crossed == [(0, 0), (1, 1)]
    assert score_labels(prediction, truth).boundary_f == 0
    swapped = np.choose(prediction, [0, 2, 1]).astype(np.uint16)
    assert score_labels(swapped, truth).boundary_f > 0


def test_of_two_predictions_that_share_nothing_the_classical_order_takes_the_last() -> None:
    # Object 2 is found by prediction 1; object 1 shares nothing with 2, which touches it, or with 3, which is far.
    # The classical order pairs it with 3 (SciPy's solver with 2): only the 80 boundary pixels of object 2 are met.
    found, touching, far = (50, 10, 20, 20), (20, 5, 10, 10), (5, 40, 10, 10)
    truth = boxes((10, 5, 10, 10), found)
    scores = score_labels(boxes(found, touching, far), truth)
    assert (scores.boundary_precision, scores.boundary_recall) == (80 / (80 + 40 + 40), 80 / (80 + 40))
    assert score_labels(boxes(found, far, touching), truth).boundary_recall > 80 / (80 + 40)


def test_ties_are_those_of_the_highest_f_minus_f() -> None:
    # Cells of 3 x 3. Each of the two predictions shares one cell with objects 1 and 3, the first also with 2, all
    # with F = 2 * 9 / (18 + 54) = 0.25. On max(F) - F the classical order pairs 1 with the first and 3 with the
    # second: 24 of 114 boundary pixels lie near. On 1 - F it would be 1 with the second and 2 with the first: 30.
    truth, prediction = (
        np.pad(np.kron(np.array([[int(cell) for cell in cells]]), np.ones((3, 3), int)), 3)
        for cells in ("110203304402000000000", "120101200000111022220")
    )
    assert score_labels(prediction, truth).boundary_precision == 24 / 114


def test_ignored_pixels_count_for_nobody() -> None:
    truth = boxes((10, 10, 20, 20))
    prediction = boxes((10, 10, 30, 20))
    ignore = np.zeros(truth.shape, bool)
    ignore[:, 30:] = True
    assert score_labels(prediction, truth).overlap_precision == pytest.approx(2 / 3)
    assert score_labels(prediction, truth, ignore) == ONE


def test_what_is_wholly_ignored_is_no_object() -> None:
    truth = boxes((10, 10, 20, 20), (50, 30, 10, 10))
    prediction = boxes((10, 10, 20, 20), (60, 45, 5, 5))
    ignore = np.zeros(truth.shape, bool)
    ignore[:, 45:] = True
    assert score_labels(prediction, truth, ignore) == ONE


def test_labels_below_one_are_background() -> None:
    truth = boxes((10, 10, 20, 20)).astype(np.int64)
    prediction = np.where(truth > 0, truth, -3)
    assert score_labels(prediction, truth) == ONE


def test_the_inputs_are_not_changed() -> None:
    prediction, truth = boxes((10, 10, 30, 20)), boxes((10, 10, 20, 20))
    before = prediction.copy(), truth.copy()
    score_labels(prediction, truth, np.ones(truth.shape, bool))
    np.testing.assert_array_equal(prediction, before[0])
    np.testing.assert_array_equal(truth, before[1])


@pytest.mark.parametrize(
    ("prediction", "truth", "options", "message"),
    [
        (np.zeros((4, 5), int), np.zeros((4, 6), int), {}, "resize the prediction"),
        (np.zeros((4, 5)), np.zeros((4, 5), int), {}, "prediction is .* float64; wanted"),
        (np.zeros((4, 5), int), np.zeros((4, 5), bool), {}, "truth is .* bool; wanted"),
        (np.zeros((4, 5, 1), int), np.zeros((4, 5), int), {}, "prediction is"),
        (np.zeros((4, 5), int), np.zeros((4, 5), int), {"ignore": np.zeros((4, 5), int)}, "ignore is"),
        (np.zeros((4, 5), int), np.zeros((4, 5), int), {"ignore": np.zeros((5, 4), bool)}, "ignore is"),
        (np.zeros((4, 5), int), np.zeros((4, 5), int), {"boundary": "canny"}, "davis, contour"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    prediction: np.ndarray, truth: np.ndarray, options: dict, message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        score_labels(prediction, truth, **options)
    assert "\n" not in str(error.value)


@given(image_pairs())
def test_scores_are_fractions_and_f_is_the_harmonic_mean(pair: tuple[np.ndarray, np.ndarray]) -> None:
    scores = score_labels(*pair)
    values = astuple(scores)[:7]
    assert all(0 <= value <= 1 for value in values)
    for p, r, f in (values[:3], values[3:6]):
        assert f == pytest.approx(2 * p * r / (p + r) if p + r else 0)


@given(image_pairs())
def test_a_prediction_that_is_the_truth_has_full_overlap(pair: tuple[np.ndarray, np.ndarray]) -> None:
    _, truth = pair
    scores = score_labels(truth, truth)
    assert (scores.overlap_precision, scores.overlap_recall, scores.overlap_f, scores.percent75) == (1, 1, 1, 1)
    assert score_labels(truth, truth, boundary="contour").boundary_f == 1


@given(image_pairs(), st.permutations(range(1, 5)), st.permutations(range(1, 5)))
def test_names_of_labels_do_not_matter_where_the_best_assignment_is_one(
    pair: tuple[np.ndarray, np.ndarray], to: list[int], also_to: list[int]
) -> None:
    prediction, truth = pair
    assume(prediction.any() and truth.any() and has_one_best_assignment(prediction, truth))
    renamed = np.array([0, *to])[prediction], np.array([0, *also_to])[truth]
    assert astuple(score_labels(*renamed)) == pytest.approx(astuple(score_labels(prediction, truth)), abs=1e-12)


@given(image_pairs())
def test_precision_and_recall_swap_with_the_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    prediction, truth = pair
    assume(not (prediction.any() and truth.any()) or has_one_best_assignment(prediction, truth))
    one, other = score_labels(prediction, truth), score_labels(truth, prediction)
    assert (one.overlap_precision, one.overlap_recall) == (other.overlap_recall, other.overlap_precision)
    assert (one.boundary_precision, one.boundary_recall) == (other.boundary_recall, other.boundary_precision)
    assert (one.predicted, one.objects) == (other.objects, other.predicted)


@given(image_pairs(), st.integers(0, 12))
def test_ignoring_is_the_same_as_erasing_both(pair: tuple[np.ndarray, np.ndarray], column: int) -> None:
    prediction, truth = pair
    ignore = np.zeros(truth.shape, bool)
    ignore[:, column:] = True
    erased = np.where(ignore, 0, prediction), np.where(ignore, 0, truth)
    assert score_labels(prediction, truth, ignore) == score_labels(*erased)


def test_where_everything_is_ignored_nothing_is_to_be_found() -> None:
    everything = np.ones(BOX.shape, bool)
    assert score_labels(BOX, boxes((40, 30, 20, 20)), everything) == Scores(1, 1, 1, 1, 1, 1, 1, 0, 0)


@pytest.mark.parametrize("boundary", ["davis", "contour"])
def test_what_only_the_ignored_part_holds_is_no_prediction_and_no_truth(boundary: str) -> None:
    ignore = np.zeros(BOX.shape, bool)
    ignore[:, :40] = True  # holds BOX
    other = boxes((50, 30, 20, 20))
    assert score_labels(BOX, other, ignore, boundary) == Scores(1, 0, 0, 1, 0, 0, 0, 0, 1)
    assert score_labels(other, BOX, ignore, boundary) == Scores(0, 1, 0, 0, 1, 0, 0, 1, 0)


def test_pairs_without_overlap_are_kept_and_their_boundaries_count() -> None:
    # The first pair is perfect. The second only touches: no overlap, but one more pair of near boundaries.
    truth = boxes((5, 5, 20, 20), (40, 10, 10, 20))
    prediction = boxes((5, 5, 20, 20), (50, 10, 10, 20))
    scores = score_labels(prediction, truth)
    assert scores.overlap_precision == 400 / 600
    assert scores.boundary_precision > 80 / 140  # what the first pair alone would give
    assert scores.percent75 == 0.5


@given(image_pairs(), st.permutations(range(1, 5)), st.permutations(range(1, 5)))
def test_names_of_labels_never_change_what_is_counted(
    pair: tuple[np.ndarray, np.ndarray], to: list[int], also_to: list[int]
) -> None:
    prediction, truth = pair
    one = score_labels(prediction, truth)
    other = score_labels(np.array([0, *to])[prediction], np.array([0, *also_to])[truth])
    assert (one.predicted, one.objects) == (other.predicted, other.objects)
    if not (prediction.any() and truth.any()):
        assert one == other


@given(image_pairs(), st.integers(1, 60000), st.integers(0, 200))
def test_gaps_between_labels_do_not_matter(pair: tuple[np.ndarray, np.ndarray], first: int, gap: int) -> None:
    # Order stays, so ties too: equal to the last bit, whatever the assignment.
    prediction, truth = (labels.astype(np.int64) for labels in pair)
    spread = np.where(prediction > 0, first + prediction * (gap + 1), 0)
    assert score_labels(spread, np.where(truth > 0, first + truth, 0)) == score_labels(*pair)


@given(image_pairs(), st.sampled_from(["davis", "contour"]))
def test_room_around_the_image_changes_no_overlap(pair: tuple[np.ndarray, np.ndarray], kind: str) -> None:
    larger = (np.pad(labels, 5) for labels in pair)
    one, other = astuple(score_labels(*pair, boundary=kind)), astuple(score_labels(*larger, boundary=kind))
    assert one[:3] + one[6:] == other[:3] + other[6:]


@given(image_pairs())
def test_matched_objects_are_named_as_in_the_truth(pair: tuple[np.ndarray, np.ndarray]) -> None:
    prediction, truth = pair[0], relabel(pair[1])
    named = name_by_match(prediction, truth)
    np.testing.assert_array_equal(named > 0, prediction > 0)
    assert len(np.unique(named)) == len(np.unique(prediction))  # one name for each object
    objects = int(truth.max(initial=0))
    for name in np.unique(named[named > 0]):
        assert len(np.unique(prediction[named == name])) == 1
        assert name > objects or ((named == name) & (truth == name)).any()
    scores = score_labels(prediction, truth)
    if objects and prediction.any():
        shared = np.count_nonzero((named == truth) & (truth > 0))
        assert scores.overlap_recall == shared / np.count_nonzero(truth)
