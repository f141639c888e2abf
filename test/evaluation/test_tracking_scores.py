"""IDF1, identity switches and HOTA: by hand, by their properties, and against the public package."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.tracking import ALPHAS, FrameOverlap, overlap, score_sequence, total
from uois_sam.types import Instances


def frame(*pairs: tuple[int, int], missed: tuple[int, ...] = (), extra: tuple[int, ...] = ()) -> FrameOverlap:
    """True and found ids that cover each other fully."""
    true = [t for t, _ in pairs] + list(missed)
    found = [f for _, f in pairs] + list(extra)
    iou = np.zeros((len(true), len(found)))
    iou[range(len(pairs)), range(len(pairs))] = 1
    return FrameOverlap(np.array(true, int), np.array(found, int), iou)


def test_all_right() -> None:
    scores = score_sequence([frame((1, 5), (2, 9))] * 4)
    assert (scores.idf1, scores.switches, scores.hota, scores.detection, scores.frames) == (1, 0, 1, 1, 4)


def test_one_switch_in_the_middle() -> None:
    scores = score_sequence([frame((1, 5))] * 5 + [frame((1, 6))] * 5)
    assert (scores.switches, scores.idf1, scores.detection) == (1, 0.5, 1)
    # Each half shares 5 of 10 true and 5 found masks: 5 / 10.
    assert scores.association_accuracy == pytest.approx(0.5)
    assert scores.hota == pytest.approx(np.sqrt(0.5))


def test_another_id_after_an_absence_is_a_switch_and_the_same_is_none() -> None:
    away = [frame()] * 3
    assert score_sequence([frame((1, 5)), *away, frame((1, 5))]).switches == 0
    assert score_sequence([frame((1, 5)), *away, frame((1, 6))]).switches == 1


def test_two_things_that_swap_ids() -> None:
    scores = score_sequence([frame((1, 5), (2, 6)), frame((1, 6), (2, 5))])
    assert (scores.switches, scores.idf1) == (2, 0.5)


def test_misses_and_inventions_count_once_each() -> None:
    scores = score_sequence([frame((1, 5)), frame(missed=(1,)), frame((1, 5), extra=(7,))])
    assert (scores.id_true_positives, scores.id_false_positives, scores.id_false_negatives) == (2, 1, 1)
    assert scores.detection == pytest.approx(2 / 4)


def test_a_poor_mask_counts_for_hota_at_low_thresholds_only() -> None:
    poor = FrameOverlap(np.array([1]), np.array([5]), np.array([[0.4]]))
    scores = score_sequence([poor])
    assert (scores.idf1, scores.switches) == (0, 0)
    assert scores.hota == pytest.approx(np.mean(ALPHAS <= 0.4 + 1e-9))


def test_nothing_at_all() -> None:
    for frames in ([], [frame()]):
        scores = score_sequence(frames)
        assert (scores.idf1, scores.hota, scores.switches) == (0, 0, 0)
    with pytest.raises(InputError, match="no sequence"):
        total([])


def test_ids_of_two_sequences_have_nothing_to_do_with_each_other() -> None:
    one, other = [frame((1, 5))] * 2, [frame((1, 6))] * 2
    both = total([score_sequence(one), score_sequence(other)])
    assert (both.idf1, both.switches, both.hota, both.frames) == (1, 0, 1, 4)
    assert score_sequence(one + other).idf1 == 0.5


def test_ids_after_a_long_absence() -> None:
    away = [frame()] * 10
    kept = score_sequence([frame((1, 5)), *away, frame((1, 5))])
    lost = score_sequence([frame((1, 5)), *away, frame((1, 6))])
    short = score_sequence([frame((1, 5)), *away[:9], frame((1, 6))])
    missed = score_sequence([frame((1, 5)), *[frame(missed=(1,))] * 10, frame((1, 6))])
    assert [(s.absences, s.recovered) for s in (kept, lost, short, missed)] == [(1, 1), (1, 0), (0, 0), (0, 0)]
    late = score_sequence([frame((1, 5)), *away, frame(missed=(1,)), frame((1, 5)), frame((1, 5))])
    assert (late.absences, late.recovered) == (1, 1)


class TestOverlap:
    def test_by_hand(self) -> None:
        label = np.zeros((4, 6), np.uint16)
        label[:, :2], label[:, 4:] = 30, 7
        painted = np.zeros((4, 6), np.uint16)
        painted[:, :1], painted[:, 3:5] = 1, 2
        instances = Instances.from_label_image(painted)
        found = overlap(label, LabelRule(), instances)
        assert (found.true.tolist(), found.found.tolist()) == ([7, 30], [1, 2])
        assert np.allclose(found.iou, [[0, 4 / 12], [4 / 8, 0]])

    def test_ignored_pixels_and_what_lies_on_them_alone_count_for_nobody(self) -> None:
        label = np.array([[9, 9, 2, 2, 1, 1]], np.uint16)
        painted = np.array([[1, 0, 2, 2, 0, 3]], np.uint16)
        found = overlap(label, LabelRule(2, 9), Instances.from_label_image(painted))
        assert (found.true.tolist(), found.found.tolist()) == ([2], [2, 3])
        assert np.allclose(found.iou, [[1, 0]])

    def test_sizes_that_differ(self) -> None:
        with pytest.raises(InputError, match="score equal sizes"):
            overlap(np.zeros((4, 6), np.uint16), LabelRule(), Instances.empty(4, 5))

    def test_an_id_twice_in_a_frame(self) -> None:
        with pytest.raises(InputError, match="twice in one frame"):
            FrameOverlap(np.array([1, 1]), np.array([2]), np.zeros((2, 1)))
        with pytest.raises(InputError, match="IoU is"):
            FrameOverlap(np.array([1]), np.array([2]), np.zeros((2, 1)))


@st.composite
def sequences(draw: st.DrawFn) -> list[FrameOverlap]:
    frames = []
    for _ in range(draw(st.integers(1, 6))):
        true = draw(st.lists(st.integers(1, 5), unique=True, max_size=5))
        found = draw(st.lists(st.integers(1, 6), unique=True, max_size=6))
        raw = draw(hnp.arrays(float, (len(true), len(found)), elements=st.integers(0, 20).map(lambda k: k / 20)))
        # Masks of one frame do not overlap each other: rows and columns sum to 1 at most.
        sums = max([1.0, *raw.sum(0), *raw.sum(1)])
        frames.append(FrameOverlap(np.array(true, int), np.array(found, int), raw / sums))
    return frames


@given(sequences(), st.permutations(range(1, 7)))
def test_names_do_not_matter_and_all_figures_are_shares(frames: list[FrameOverlap], names: list[int]) -> None:
    scores = score_sequence(frames)
    for value in (scores.idf1, scores.hota, scores.detection, scores.association_accuracy):
        assert 0 <= value <= 1 + 1e-9
    renamed = [FrameOverlap(f.true, np.array([names[k - 1] for k in f.found], int), f.iou) for f in frames]
    assert score_sequence(renamed).idf1 == scores.idf1


@settings(max_examples=60)
@given(sequences())
def test_the_figures_of_the_public_package(frames: list[FrameOverlap]) -> None:
    """TrackEval asks for another build of OpenCV than ours, so it is in no list of requirements."""
    metrics = pytest.importorskip("trackeval.metrics", reason="TrackEval is not installed")
    true = sorted({int(k) for f in frames for k in f.true})
    found = sorted({int(k) for f in frames for k in f.found})
    data = {
        "num_timesteps": len(frames),
        "num_gt_ids": len(true),
        "num_tracker_ids": len(found),
        "num_gt_dets": sum(len(f.true) for f in frames),
        "num_tracker_dets": sum(len(f.found) for f in frames),
        "gt_ids": [np.array([true.index(k) for k in f.true], int) for f in frames],
        "tracker_ids": [np.array([found.index(k) for k in f.found], int) for f in frames],
        "similarity_scores": [f.iou for f in frames],
    }
    scores = score_sequence(frames)
    quiet = {"PRINT_CONFIG": False}
    assert scores.idf1 == pytest.approx(metrics.Identity(quiet).eval_sequence(data)["IDF1"])
    assert scores.switches == metrics.CLEAR(quiet).eval_sequence(data)["IDSW"]
    hota = metrics.HOTA().eval_sequence(data)
    for ours, theirs in ((scores.hota, "HOTA"), (scores.detection, "DetA"), (scores.association_accuracy, "AssA")):
        assert ours == pytest.approx(np.mean(hota[theirs]))
