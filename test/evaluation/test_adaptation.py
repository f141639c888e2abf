"""The paper's table on a made-up segmenter: who is clicked on, how often, and what is embedded when."""

from __future__ import annotations

import json

import numpy as np
import pytest
from growing_segmenter import SIZE, Growing

from uois_sam.adaptation.settings import CONFIGURATIONS, AdaptationSettings
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.adaptation import measure, targets
from uois_sam.evaluation.clicks import Goal
from uois_sam.types import Frame

GOALS = (Goal(3, 0.6), Goal(5, 0.9))


def frame(name: str, *sides: int, number: int = 0) -> Frame:
    """Squares of these sides beside each other, labelled 2, 3, ...; label 9 above them counts for nobody."""
    label = np.zeros(SIZE, np.uint16)
    left = 1
    for k, side in enumerate(sides):
        label[5 : 5 + side, left : left + side] = 2 + k
        left += side + 1
    label[0] = 9
    return Frame(np.full((*SIZE, 3), number, np.uint8), name=name, label=label)


FRAMES = [frame("a", 7, 11, number=1), frame("empty", number=2), frame("b", 15, 1, number=3)]
RULE = LabelRule(2, 9)


def rows_of(labels: tuple[str, ...], rate: float = 0.5, min_area: int = 4) -> tuple[list, Growing, list]:
    segmenter, told = Growing(), []
    settings = [AdaptationSettings.from_label(label, rate) for label in labels]
    rows = measure(
        FRAMES,
        RULE,
        segmenter,
        settings,
        GOALS,
        min_area,
        lambda k, n: told.append((k, n)),  # type: ignore[arg-type]
    )
    return rows, segmenter, told


def test_objects_of_a_frame() -> None:
    found = dict(targets(FRAMES[2], RULE))
    assert list(found) == [2, 3]
    assert found[2].truth.sum() == 225
    assert found[2].void.sum() == 32
    assert list(dict(targets(FRAMES[2], RULE, 2))) == [2]
    with pytest.raises(InputError, match="'x' has no ground truth"):
        list(targets(Frame(np.zeros((*SIZE, 3), np.uint8), name="x"), RULE))


def test_the_baseline_by_hand() -> None:
    (row,), segmenter, told = rows_of(("none",))
    assert segmenter.encoded == [1, 3]  # once each, and not where there is no object
    assert told == [(1, 3), (2, 3), (3, 3)]
    low, high = row.goals
    assert [(t.image, t.label) for t in low.traces] == [("a", 2), ("a", 3), ("b", 2)]
    # Squares of 3, 7, 11, 15 pixels after 1, 2, 3, 4 clicks.
    assert [low.goal.reached(t.ious) for t in low.traces] == [2, 3, None]
    assert [high.goal.reached(t.ious) for t in high.traces] == [2, 3, 4]
    assert (low.clicks, low.failures) == (pytest.approx(8 / 3), pytest.approx(1 / 3))
    assert (high.clicks, high.failures) == (3, 0)
    assert high.traces[1].ious[:2] == pytest.approx((9 / 121, 49 / 121))
    assert row.seconds_per_object > 0


def test_every_configuration_runs_beside_the_others_and_alone_alike() -> None:
    rows, segmenter, _ = rows_of(CONFIGURATIONS)
    assert segmenter.encoded == [1, 3]
    assert [row.settings.label for row in rows] == list(CONFIGURATIONS)
    assert segmenter.decoder.mask_decoder.bias.item() == 0
    for row in rows:
        (alone,), _, _ = rows_of((row.settings.label,))
        assert alone.goals == row.goals


def test_what_is_learned_shows() -> None:
    (none, continual), _, _ = rows_of(("none", "C"), 0.9)
    assert continual.goals[0].traces[0].ious[0] == none.goals[0].traces[0].ious[0]
    assert continual.goals != none.goals


def test_one_pass_serves_both_goals_where_nothing_lasts() -> None:
    """A run for the higher goal alone gives the same figures as the run for both."""
    both, _, _ = rows_of(("R",))
    for k, goal in enumerate(GOALS):
        (alone,) = measure(
            FRAMES,
            RULE,
            Growing(),  # type: ignore[arg-type]
            [AdaptationSettings.from_label("R", 0.5)],
            [goal],
            4,
        )
        assert alone.goals[0].clicks == both[0].goals[k].clicks
        assert alone.goals[0].failures == both[0].goals[k].failures


def test_the_document() -> None:
    (row,), _, _ = rows_of(("R,E,CM",))
    document = json.loads(json.dumps(row.as_dict()))
    assert document["configuration"] == "R,E,CM"
    assert document["settings"]["erosions"] == 5
    assert list(document["goals"]) == ["3@60", "5@90"]
    of_goal = document["goals"]["3@60"]
    assert of_goal["noc"] == row.goals[0].clicks
    assert of_goal["fr"] == row.goals[0].failures
    first = of_goal["objects"][0]
    assert (first["image"], first["label"]) == ("a", 2)
    assert first["clicks"] == len(first["ious"])


def test_a_set_without_objects_is_refused() -> None:
    with pytest.raises(InputError, match="no object"):
        rows_of(("none",), min_area=1000)
