"""NoC and FR, against their definitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.evaluation.clicks import GOALS, Goal, failure_rate, number_of_clicks

TRACES = st.lists(st.lists(st.floats(0, 1), max_size=12), min_size=1, max_size=6)


def test_the_papers_goals() -> None:
    assert [goal.label for goal in GOALS] == ["20@85", "30@90"]
    assert Goal(5, 0.875).label == "5@87.5"


def test_clicks_are_counted_and_failures_cost_all_of_them() -> None:
    goal = Goal(3, 0.85)
    traces = [[0.9], [0.2, 0.84999, 0.85], [0.1, 0.2, 0.3, 0.99], [0.5, 0.86, 0.4]]
    assert [goal.reached(ious) for ious in traces] == [1, 3, None, 2]
    assert number_of_clicks(traces, goal) == (1 + 3 + 3 + 2) / 4
    assert failure_rate(traces, goal) == 0.25
    assert failure_rate([[]], goal) == 1


@given(TRACES, st.integers(1, 12), st.floats(0.01, 1))
def test_properties(traces: list[list[float]], clicks: int, iou: float) -> None:
    goal = Goal(clicks, iou)
    noc, fr = number_of_clicks(traces, goal), failure_rate(traces, goal)
    assert 1 <= noc <= clicks
    assert 0 <= fr <= 1
    assert fr == sum(max(ious[:clicks], default=0) < iou for ious in traces) / len(traces)
    assert fr < 1 or noc == clicks
    assert failure_rate(traces, Goal(clicks + 1, iou)) <= fr
    assert number_of_clicks(traces, Goal(clicks, iou / 2)) <= noc


def test_bad_input() -> None:
    for clicks, iou in ((0, 0.5), (3, 0.0), (3, 1.1), (3, float("nan"))):
        with pytest.raises(InputError, match="wanted IoU"):
            Goal(clicks, iou)
    for figure in (number_of_clicks, failure_rate):
        with pytest.raises(InputError, match="no object"):
            figure([], GOALS[0])
