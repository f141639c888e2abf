"""What is kept of the answered frames: scores, switches, and pictures of some and of the worst."""

from __future__ import annotations

import numpy as np
import pytest
from replay_doubles import H, W, table

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.replay.judge import SAMPLES, WORST, ReplayJudge
from uois_sam.types import Frame, Instances


class FixedLabels:
    """Four squares in every frame with an even stamp."""

    topic = "/truth"

    def describe(self) -> str:
        return "a test"

    def find(self, stamp: int, size: tuple[int, int]) -> np.ndarray | None:
        assert size == (H, W)
        return table(4)[1] if stamp % 2 == 0 else None


def frame(stamp: int, *, depth: bool = True) -> Frame:
    metres = np.full((H, W), 0.6, np.float32) if depth else None
    return Frame(table(4)[0], metres, None, stamp, f"f{stamp}")


def found(count: int, score: float = 0.9, ids: list[int] | None = None) -> Instances:
    made = Instances.from_label_image(table(count)[1], np.full(count, score, np.float32))
    if ids is not None:
        made.id[:] = ids
    return made


def test_frames_with_truth_are_scored_and_the_worst_shown_with_it() -> None:
    judge = ReplayJudge(FixedLabels(), LabelRule())
    for stamp, count in ((0, 4), (1, 0), (2, 2), (4, 3)):
        judge.see(frame(stamp), found(count))
    scores = judge.scores()
    assert scores is not None
    assert [row.name for row in scores.evaluation.rows] == ["f0", "f2", "f4"]
    assert [round(row.scores.overlap_recall, 3) for row in scores.evaluation.rows] == [1, 0.5, 0.75]
    assert (scores.labels, scores.switches) == ("a test", 0)
    assert [shown.title for shown in judge.worst()] == ["f2", "f4", "f0"]
    assert [picture.caption for picture in judge.worst()[0].pictures] == [
        "image",
        "prediction: 2 objects",
        "truth: 4 objects",
    ]
    assert [shown.title for shown in judge.samples()] == ["f0", "f1", "f2", "f4"]
    assert "overlap F 67 (P 100, R 50)" in judge.samples()[2].facts
    assert not any("overlap" in fact for fact in judge.samples()[1].facts)


def test_identity_switches_are_those_of_the_ids() -> None:
    judge = ReplayJudge(FixedLabels(), LabelRule())
    for stamp, ids in ((0, [1, 2, 3, 4]), (2, [1, 2, 4, 3]), (4, [1, 2, 4, 3])):
        judge.see(frame(stamp), found(4, ids=ids))
    scores = judge.scores()
    assert scores is not None
    assert scores.switches == 2


def test_pixels_that_count_for_nobody_make_no_match() -> None:
    judge = ReplayJudge(FixedLabels(), LabelRule(1, ignore=1))
    judge.see(frame(0), found(4))
    scores = judge.scores()
    assert scores is not None
    (row,) = scores.evaluation.rows
    assert (row.scores.objects, row.scores.predicted, row.scores.overlap_f) == (3, 3, 1)


def test_without_truth_the_lowest_scores_are_the_worst() -> None:
    judge = ReplayJudge()
    for stamp, score in enumerate([0.9, 0.2, 0.5, *[0.8] * 20]):
        judge.see(frame(stamp, depth=stamp == 1), found(0 if stamp == 2 else 3, score))
    assert judge.scores() is None
    worst = judge.worst()
    assert len(worst) == WORST
    assert worst[0].title == "f1"
    assert worst[0].facts == ["3 instances", "mean score 0.20, lowest 0.20"]
    assert "f2" not in [shown.title for shown in worst]  # it has no score
    assert [p.caption for p in worst[0].pictures][2].startswith("depth, 0.60 m")
    assert len(worst[1].pictures) == 2


def test_labels_without_any_frame_give_no_scores() -> None:
    judge = ReplayJudge(FixedLabels(), LabelRule())
    judge.see(frame(1), found(1))
    assert judge.scores() is None


@pytest.mark.parametrize("count", [1, SAMPLES, SAMPLES + 1, 100])
def test_samples_are_few_and_even(count: int) -> None:
    judge = ReplayJudge()
    for stamp in range(count):
        judge.see(frame(stamp, depth=False), found(1))
    stamps = [int(shown.title[1:]) for shown in judge.samples()]
    assert len(stamps) <= SAMPLES
    assert len(set(np.diff(stamps).tolist())) <= 1
    assert stamps[0] == 0
    assert stamps[-1] > 0.4 * (count - 1) or count == 1
