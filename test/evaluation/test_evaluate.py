"""Evaluation of a data set: averages, ignore rules, processes, and what is refused."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError, UoisSamError
from uois_sam.evaluation.evaluate import evaluate
from uois_sam.evaluation.results import FIGURES, ImageScores
from uois_sam.types import Frame, Instances

H, W = 30, 40
RULE = LabelRule(first_object=2, ignore=0)


def frame(name: str, columns: int = 20) -> Frame:
    """Table (1) everywhere, an object (2) on the left, nothing known (0) at the bottom."""
    label = np.ones((H, W), np.uint16)
    label[5:25, :columns] = 2
    label[25:] = 0
    return Frame(np.zeros((H, W, 3), np.uint8), np.ones((H, W), np.float32), name=name, label=label)


DATASET = [frame("a"), frame("b", 10), frame("c", 30)]


def truth(one: Frame) -> np.ndarray:
    assert one.label is not None
    return RULE.objects(one.label)


def half(one: Frame) -> np.ndarray:
    """Finds the left 10 columns of the object, and something where nothing is known."""
    found = np.zeros((H, W), np.uint16)
    found[5:25, :10] = 1
    found[26:] = 2
    return found


def test_scores_are_averaged_over_images() -> None:
    evaluation = evaluate(DATASET, half, RULE)
    means = evaluation.means()
    assert [row.name for row in evaluation.rows] == ["a", "b", "c"]
    assert means["overlap_precision"].value == 1
    assert means["overlap_recall"].value == pytest.approx((1 / 2 + 1 + 1 / 3) / 3)
    assert means["overlap_f"].value == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)
    assert means["percent75"].value == pytest.approx(1 / 3)
    for figure in FIGURES:
        assert means[figure].value == np.mean([getattr(row.scores, figure) for row in evaluation.rows])


def test_instances_and_label_images_are_scored_alike() -> None:
    as_instances = evaluate(DATASET, lambda f: Instances.from_label_image(half(f)), RULE)
    assert as_instances == evaluate(DATASET, half, RULE)


def test_several_processes_give_the_same_rows_in_the_same_order() -> None:
    many = [frame(f"image{k}", 1 + 7 * k % 38) for k in range(12)]
    steps: list[tuple[int, int]] = []
    evaluation = evaluate(many, half, RULE, workers=3, progress=lambda done, of: steps.append((done, of)))
    assert evaluation == evaluate(many, half, RULE)
    assert len({row.scores for row in evaluation.rows}) > 6
    assert steps == [(k, 12) for k in range(1, 13)]


@pytest.mark.parametrize("workers", [1, 2])
def test_frames_are_read_and_segmented_here_and_watched_in_order(workers: int) -> None:
    threads, seen = set(), []

    def segment(one: Frame) -> np.ndarray:
        threads.add((os.getpid(), threading.get_ident()))
        return half(one)

    def watch(one: Frame, prediction: np.ndarray, row: ImageScores) -> None:
        seen.append(row)
        assert one.name == row.name
        np.testing.assert_array_equal(prediction, half(one))

    evaluation = evaluate(DATASET, segment, RULE, workers=workers, watch=watch)
    assert tuple(seen) == evaluation.rows
    assert threads == {(os.getpid(), threading.get_ident())}


class Fatal:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple:
        return os._exit, (3,)


def test_a_scoring_process_that_dies_is_one_line() -> None:
    with pytest.raises(UoisSamError, match="scoring process of 2 ended") as error:
        evaluate(DATASET, lambda _: Fatal(), RULE, workers=2)
    assert "\n" not in str(error.value)


def test_the_boundary_kind_is_passed_on() -> None:
    ring = truth(DATASET[0]).copy()
    ring[10:15, 5:10] = 0
    davis, contour = (evaluate(DATASET[:1], lambda _: ring, RULE, boundary=kind) for kind in ("davis", "contour"))
    assert davis.rows[0].scores.boundary_precision < contour.rows[0].scores.boundary_precision == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_input_is_refused_in_one_line(workers: int) -> None:
    cases = [
        ([], half, "has no frame"),
        ([replace(DATASET[0], label=None)], half, "'a' has no ground truth"),
        (DATASET, lambda _: np.zeros((H, W + 1), int), "frame 'a': prediction is"),
        (DATASET, lambda _: np.zeros((H, W)), "frame 'a': prediction is .* float64"),
    ]
    for dataset, segment, message in cases:
        with pytest.raises(InputError, match=message) as error:
            evaluate(dataset, segment, RULE, workers=workers)
        assert "\n" not in str(error.value)


def test_no_worker_is_refused() -> None:
    with pytest.raises(InputError, match="workers is 0"):
        evaluate(DATASET, half, RULE, workers=0)


def test_an_error_in_the_segmentation_comes_through() -> None:
    def fail(_: Frame) -> np.ndarray:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evaluate(DATASET, fail, RULE, workers=2)


def test_truth_of_real_scenes_scores_one_and_nothing_scores_nothing(shared_dir: Path) -> None:
    path = shared_dir / "realdata" / "osd-learn"
    if not path.is_dir():
        pytest.skip("no realdata/osd-learn in the reference material")
    dataset = FolderDataset(path, RULE)[:3]
    perfect = evaluate(dataset, truth, RULE).means()
    assert {mean.value for mean in perfect.values()} == {1.0}
    nothing = evaluate(dataset, lambda f: np.zeros(f.image.shape[:2], np.uint16), RULE).means()
    assert nothing["overlap_precision"].value == 1
    assert nothing["overlap_f"].value == nothing["boundary_f"].value == 0
