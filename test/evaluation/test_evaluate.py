"""Evaluation of a data set: averages, intervals, ignore rules, and what is refused."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.evaluate import FIGURES, Evaluation, ImageScores, evaluate
from uois_sam.evaluation.metrics import Scores
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


def test_depth_can_be_hidden() -> None:
    seen: list[bool] = []

    def look(one: Frame) -> np.ndarray:
        seen.append(one.depth is not None)
        return truth(one)

    evaluate(DATASET, look, RULE)
    evaluate(DATASET, look, RULE, use_depth=False)
    assert seen == [True] * 3 + [False] * 3


def test_several_workers_give_the_same_rows_and_progress_counts_up() -> None:
    barrier = threading.Barrier(3, timeout=30)

    def together(one: Frame) -> np.ndarray:
        barrier.wait()
        return half(one)

    steps: list[tuple[int, int]] = []
    evaluation = evaluate(DATASET, together, RULE, workers=3, progress=lambda done, of: steps.append((done, of)))
    assert evaluation == evaluate(DATASET, half, RULE)
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_the_boundary_kind_is_passed_on() -> None:
    ring = truth(DATASET[0]).copy()
    ring[10:15, 5:10] = 0
    davis, contour = (evaluate(DATASET[:1], lambda _: ring, RULE, boundary=kind) for kind in ("davis", "contour"))
    assert davis.rows[0].scores.boundary_precision < contour.rows[0].scores.boundary_precision == 1


def rows_of(*overlap_f: float) -> Evaluation:
    return Evaluation(
        tuple(ImageScores(f"image{k}", Scores(1, f, f, 1, f, f, f, 1, 1)) for k, f in enumerate(overlap_f))
    )


def test_intervals_hold_the_mean_are_repeatable_and_shrink_with_images() -> None:
    few, many = rows_of(*np.linspace(0, 1, 10)), rows_of(*np.linspace(0, 1, 1000))
    for evaluation in (few, many):
        mean = evaluation.means()["overlap_f"]
        assert mean.low < mean.value < mean.high
        assert evaluation.means() == evaluation.means()
    few_mean, many_mean = few.means()["overlap_f"], many.means()["overlap_f"]
    assert many_mean.high - many_mean.low < (few_mean.high - few_mean.low) / 5
    # 1.96 standard errors of a uniform distribution over 1000 images
    assert many_mean.high - many_mean.value == pytest.approx(1.96 * np.sqrt(1 / 12 / 1000), rel=0.15)


def test_one_image_has_an_interval_of_no_width() -> None:
    mean = rows_of(0.5).means()["overlap_f"]
    assert (mean.low, mean.value, mean.high) == (0.5, 0.5, 0.5)


def test_worst_images_come_first() -> None:
    evaluation = rows_of(0.9, 0.2, 0.5, 0.2)
    assert [row.name for row in evaluation.worst(3)] == ["image1", "image3", "image2"]
    assert len(evaluation.worst(99)) == 4


def test_json_holds_counts_means_intervals_and_rows() -> None:
    evaluation = evaluate(DATASET, half, RULE)
    content = json.loads(evaluation.to_json())
    assert (content["images"], content["objects"], content["predicted"]) == (3, 3, 3)
    assert content["mean"]["overlap_f"] == evaluation.means()["overlap_f"].value
    assert set(content["mean"]) == set(content["interval95"]) == set(FIGURES)
    assert content["rows"][1] == {"name": "b", **dict.fromkeys(FIGURES, 1.0), "predicted": 1, "objects": 1}


def test_the_table_is_in_per_cent() -> None:
    lines = evaluate(DATASET, half, RULE).table().splitlines()
    assert lines[0].split() == ["overlap", "P", "R", "F", "boundary", "P", "R", "F", "%75"]
    assert lines[1].split()[:4] == ["mean", "100.0", "61.1", "72.2"]
    assert lines[2].split()[:3] == ["95", "%", "100.0-100.0"]
    assert lines[3] == "3 images, 3 objects"


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
