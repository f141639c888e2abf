from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.adaptation.correction import as_clicks
from uois_sam.errors import InputError


@given(
    st.lists(st.tuples(st.floats(0, 640, width=32), st.floats(0, 480, width=32), st.integers(0, 1)), min_size=1)
)
def test_clicks_are_those_of_the_lists(rows: list[tuple[float, float, int]]) -> None:
    xs, ys, labels = map(list, zip(*rows, strict=True))
    clicks = as_clicks(xs, ys, labels)
    assert [(c.x, c.y, int(c.positive)) for c in clicks] == rows


@pytest.mark.parametrize(
    ("xs", "ys", "labels", "reason"),
    [
        ([], [], [], "0 clicks; give at least one"),
        ([1.0], [1.0, 2.0], [1], "1 xs, 2 ys and 1 labels"),
        ([1.0], [1.0], [2], "click labels are [2]; give 1"),
    ],
)
def test_refusals(xs: list[float], ys: list[float], labels: list[int], reason: str) -> None:
    with pytest.raises(InputError) as told:
        as_clicks(xs, ys, labels)
    assert reason in str(told.value)
