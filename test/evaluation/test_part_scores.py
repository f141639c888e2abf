"""mIoU and mACC of parts, and the rows of `uois-sam reproduce wps-sam`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from part_stand_ins import BoxSegmenter, H, Tables, W

from uois_sam.errors import InputError
from uois_sam.evaluation.part_scores import PartEvaluation, merge_kinds, score_parts
from uois_sam.evaluation.wps_sam import Method, measure, true_prompt_methods


def square(size: int) -> np.ndarray:
    mask = np.zeros((10, 10), bool)
    mask[:size, :size] = True
    return mask


def test_scores_of_an_image() -> None:
    rows = score_parts("a", {"head": square(2), "tail": square(1)}, {"head": square(4), "foot": square(2)})
    assert [(row.kind, row.iou, row.accuracy) for row in rows] == [("head", 0.25, 0.88), ("foot", 0.0, 0.0)]
    evaluation = PartEvaluation(rows)
    assert evaluation.mean_iou == pytest.approx(0.125)
    assert evaluation.mean_accuracy == pytest.approx(0.44)
    assert evaluation.missed == 0.5
    assert evaluation.as_dict()["kinds"] == {"foot": {"rows": 1, "iou": 0.0}, "head": {"rows": 1, "iou": 0.25}}


def test_nothing_to_score() -> None:
    assert score_parts("a", {"head": square(2)}, {}) == []
    empty = PartEvaluation()
    assert (empty.mean_iou, empty.mean_accuracy, empty.missed, empty.kinds()) == (0, 0, 0, {})
    assert score_parts("a", {"head": square(0)}, {"head": square(0)})[0].iou == 0


def test_masks_of_different_sizes() -> None:
    with pytest.raises(InputError, match=r"a: head is \(10, 10\), its truth \(3, 3\)"):
        score_parts("a", {"head": square(2)}, {"head": np.ones((3, 3), bool)})


def test_parts_of_one_kind_are_taken_together() -> None:
    merged = merge_kinds(("head", "foot"), np.array([1, 0, 1]), np.stack([square(1), square(3), ~square(9)]))
    np.testing.assert_array_equal(merged["foot"], square(1) | ~square(9))
    np.testing.assert_array_equal(merged["head"], square(3))
    assert merge_kinds(("head",), np.zeros(0, np.int64), np.zeros((0, 10, 10), bool)) == {}


def test_true_boxes_bound_what_a_segmenter_of_boxes_can_do() -> None:
    segmenter, tables = BoxSegmenter(), Tables()
    silent = Method("silent", ("body",), lambda embedding, labels: None)
    wrong = Method(
        "wrong name",
        ("lid",),
        lambda embedding, labels: (np.zeros(1, np.int64), torch.full((1, H // 2, W // 2), 1.0)),
    )
    methods = [*true_prompt_methods(segmenter, tables.part_names), silent, wrong]
    seen: list[tuple[int, int]] = []
    points, boxes, none, lid = measure(
        methods, segmenter, tables, range(len(tables)), with_depth=True, progress=lambda *done: seen.append(done)
    )
    assert [row.name for row in (points, boxes, none, lid)] == [
        "true points",
        "true boxes",
        "silent",
        "wrong name",
    ]
    assert len(boxes.evaluation.rows) == 2 * (len(tables) - 1)
    assert boxes.evaluation.mean_iou > 0.9 > points.evaluation.mean_iou > 0
    assert none.evaluation.mean_iou == lid.evaluation.mean_accuracy == 0
    assert boxes.as_dict()["mean_iou"] == boxes.evaluation.mean_iou
    assert seen[-1] == (len(tables), len(tables))
    (handles,) = measure(methods[1:2], segmenter, tables, [0, 1], with_depth=True, kinds={"handle", "lid"})
    assert handles.evaluation.kinds() == {"handle": (2, pytest.approx(1.0))}


def test_boxes_alone_cannot_be_scored_against() -> None:
    segmenter, tables = BoxSegmenter(), Tables(masks=False)
    with pytest.raises(InputError, match="0 has boxes but no masks; scoring wants masks"):
        measure(true_prompt_methods(segmenter, tables.part_names), segmenter, tables, [0], with_depth=True)
