"""The assignment: optimal, and with the tie order of the public evaluation code."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from uois_sam.errors import InputError
from uois_sam.evaluation.munkres import munkres

sizes = st.tuples(st.integers(1, 5), st.integers(1, 5))
exact_costs = hnp.arrays(np.float64, sizes, elements=st.integers(0, 6).map(float))
any_costs = hnp.arrays(np.float64, sizes, elements=st.floats(0, 1))


def least_total(cost: np.ndarray) -> float:
    short = cost if cost.shape[0] <= cost.shape[1] else cost.T
    rows = np.arange(len(short))
    return min(short[rows, list(columns)].sum() for columns in permutations(range(short.shape[1]), len(short)))


@given(exact_costs)
def test_the_total_is_the_least_there_is(cost: np.ndarray) -> None:
    assert sum(cost[pair] for pair in munkres(cost)) == least_total(cost)


@given(any_costs)
def test_every_row_or_every_column_is_assigned_once(cost: np.ndarray) -> None:
    pairs = munkres(cost)
    rows, columns = zip(*pairs, strict=True)
    assert len(pairs) == min(cost.shape) == len(set(rows)) == len(set(columns))
    assert sum(cost[pair] for pair in pairs) == pytest.approx(least_total(cost), abs=1e-9)


@given(any_costs)
def test_the_callers_matrix_is_not_changed(cost: np.ndarray) -> None:
    before = cost.copy()
    munkres(cost)
    np.testing.assert_array_equal(cost, before)


TIES = [
    ([[0, 0], [0, 0]], [(0, 0), (1, 1)]),
    ([[1, 2, 0], [2, 2, 0], [1, 2, 1]], [(0, 1), (1, 2), (2, 0)]),
    ([[2, 2, 1], [2, 2, 1], [2, 2, 2]], [(0, 1), (1, 2), (2, 0)]),
    ([[0, 2, 0, 1], [1, 2, 0, 2], [2, 2, 0, 2]], [(0, 0), (1, 2), (2, 3)]),
    ([[2, 2, 0, 1], [1, 1, 1, 0], [2, 2, 0, 2]], [(0, 3), (1, 1), (2, 2)]),
    ([[1, 1, 1], [1, 2, 2], [0, 0, 0], [0, 2, 0]], [(0, 2), (2, 1), (3, 0)]),
    ([[0, 1, 0], [0, 2, 0], [2, 2, 0], [2, 1, 2]], [(0, 1), (1, 0), (2, 2)]),
    ([[1, 2, 0, 2], [2, 0, 0, 0], [1, 2, 2, 0], [1, 1, 2, 0]], [(0, 2), (1, 1), (2, 0), (3, 3)]),
    ([[2, 1, 2, 1], [1, 1, 0, 0], [2, 1, 1, 0], [2, 2, 1, 0]], [(0, 1), (1, 0), (2, 2), (3, 3)]),
    ([[1, 2, 0, 2], [1, 1, 0, 0], [2, 1, 2, 2], [1, 2, 1, 0], [0, 1, 0, 0]], [(0, 2), (1, 3), (2, 1), (4, 0)]),
    ([[1, 2, 2, 0], [2, 1, 2, 2], [2, 2, 2, 1], [2, 1, 2, 0], [0, 1, 2, 2]], [(0, 3), (1, 1), (2, 2), (4, 0)]),
    (
        [[1, 2, 0, 0, 0], [1, 2, 2, 2, 0], [2, 0, 1, 1, 1], [1, 1, 0, 2, 2], [1, 1, 0, 1, 2]],
        [(0, 3), (1, 4), (2, 1), (3, 0), (4, 2)],
    ),
    (
        [[2, 0, 1, 0, 2], [1, 0, 0, 2, 1], [2, 0, 0, 1, 0], [1, 1, 0, 0, 2], [2, 1, 2, 1, 2]],
        [(0, 1), (1, 0), (2, 4), (3, 2), (4, 3)],
    ),
]


@pytest.mark.parametrize(("cost", "pairs"), TIES)
def test_ties_go_as_in_the_public_evaluation(cost: list[list[float]], pairs: list[tuple[int, int]]) -> None:
    assert munkres(np.array(cost, float)) == pairs


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_assign(shape: tuple[int, int]) -> None:
    assert munkres(np.zeros(shape)) == []


@pytest.mark.parametrize("cost", [np.zeros(3), np.array([[np.nan, 1.0]]), np.array([[np.inf]])])
def test_bad_costs_are_refused(cost: np.ndarray) -> None:
    with pytest.raises(InputError, match="cost matrix"):
        munkres(cost)
