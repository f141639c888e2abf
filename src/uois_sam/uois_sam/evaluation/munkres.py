"""The assignment of predictions to ground truth that the UOIS papers' evaluation makes, ties included."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError

_STAR, _PRIME = 1, 2


def munkres(cost: NDArray[np.floating]) -> list[tuple[int, int]]:
    """Assign rows to columns at the least total cost, all min(n, m) pairs.

    The classical algorithm (Munkres, J. SIAM 5(1), 1957) on the matrix padded with zeros to a square. Of several
    optimal assignments it finds the one that the public UOIS evaluation finds: zeros are starred row by row, first
    column first; the zero that is primed next is the last uncovered one of the first row that has one; and zeros
    are compared exactly, so the arithmetic keeps the order of that code. SciPy's solver and version 1.1 of the
    `munkres` package break ties otherwise.

    Args:
        cost: (n, m) float, finite.

    Returns:
        Pairs (row, column) in rising order of rows.

    Raises:
        InputError: the matrix is not two-dimensional, or a cost is not finite.
    """
    if cost.ndim != 2 or not np.isfinite(cost).all():
        raise InputError(
            f"cost matrix is {cost.shape}, finite: {np.isfinite(cost).all()}; wanted (n, m) finite costs"
        )
    rows, columns = cost.shape
    n = max(rows, columns)
    c = np.zeros((n, n))
    c[:rows, :columns] = cost
    c -= c.min(axis=1, keepdims=True, initial=np.inf)
    marked = _star_independent_zeros(c)
    while (marked == _STAR).sum() < n:
        _add_one_star(c, marked)
    found = np.argwhere(marked[:rows, :columns] == _STAR)
    return [(int(i), int(j)) for i, j in found]


def _star_independent_zeros(c: NDArray[np.float64]) -> NDArray[np.int8]:
    marked = np.zeros(c.shape, np.int8)
    taken = np.zeros(len(c), bool)
    for i, zeros in enumerate(c == 0):
        free = np.flatnonzero(zeros & ~taken)
        if len(free):
            marked[i, free[0]] = _STAR
            taken[free[0]] = True
    return marked


def _add_one_star(c: NDArray[np.float64], marked: NDArray[np.int8]) -> None:
    """Prime zeros, and lower `c` where there are none, until an alternating path gives one star more."""
    row_covered = np.zeros(len(c), bool)
    column_covered = (marked == _STAR).any(axis=0)
    while True:
        zeros = (c == 0) & ~row_covered[:, None] & ~column_covered
        rows_with_zero = np.flatnonzero(zeros.any(axis=1))
        if len(rows_with_zero) == 0:
            smallest = c[~row_covered][:, ~column_covered].min()
            c[row_covered] += smallest
            c[:, ~column_covered] -= smallest
            continue
        row = int(rows_with_zero[0])
        column = int(np.flatnonzero(zeros[row])[-1])
        marked[row, column] = _PRIME
        star = np.flatnonzero(marked[row] == _STAR)
        if len(star) == 0:
            _flip_path(marked, row, column)
            return
        row_covered[row] = True
        column_covered[star[0]] = False


def _flip_path(marked: NDArray[np.int8], row: int, column: int) -> None:
    """Star the primes and unstar the stars of the alternating path that starts at the prime (row, column)."""
    while True:
        star = np.flatnonzero(marked[:, column] == _STAR)
        marked[row, column] = _STAR
        if len(star) == 0:
            break
        row = int(star[0])
        marked[row, column] = 0
        column = int(np.flatnonzero(marked[row] == _PRIME)[0])
    marked[marked == _PRIME] = 0
