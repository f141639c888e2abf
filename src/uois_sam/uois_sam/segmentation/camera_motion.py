"""How the camera moved between two frames, from where the same things are seen in both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 4
"""Of reweighting; few things move by themselves, and those lose their say."""


@dataclass(frozen=True)
class Similarity:
    """p -> scale * rotation p + shift in d dimensions.

    Attributes:
        rotation: (d, d) float64.
        shift: (d,) float64.
        scale: 1 where the motion is rigid.
    """

    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    scale: float = 1.0

    @classmethod
    def none(cls, dimensions: int) -> Similarity:
        """Nothing moves."""
        return cls(np.eye(dimensions), np.zeros(dimensions))

    def __call__(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., d) points after the motion."""
        turned: NDArray[np.float64] = np.einsum("...j,ij->...i", points, self.scale * self.rotation)
        return turned + self.shift


def estimate(
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    weights: NDArray[np.floating],
    tolerance: float,
    *,
    rigid: bool,
) -> Similarity:
    """The motion that most of some pairs of points agree on.

    Least squares (Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    1991), reweighted by 1 / (1 + (error / tolerance)^2). With fewer than d pairs, a shift alone.

    Args:
        before, after: (n, d).
        weights: (n,) trust in each pair, not negative.
        tolerance: error at which a pair's weight is halved, in the points' unit.
        rigid: whether the scale stays 1.
    """
    count, dimensions = before.shape
    if count == 0 or weights.sum() <= 0:
        return Similarity.none(dimensions)
    # The first guess is a shift, by the weighted median, so that one thing that went far does not spoil it.
    motion = Similarity(np.eye(dimensions), _median(after - before, weights))
    for _ in range(_ROUNDS):
        error = np.sqrt(((motion(before) - after) ** 2).sum(1))
        trust = weights / (1 + (error / tolerance) ** 2)
        motion = _fit(before, after, trust, turn=count >= dimensions, rigid=rigid)
    return motion


def _fit(
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    weights: NDArray[np.floating],
    *,
    turn: bool,
    rigid: bool,
) -> Similarity:
    share = weights / weights.sum()
    middle, target = np.einsum("n,ni->i", share, before), np.einsum("n,ni->i", share, after)
    if not turn:
        return Similarity(np.eye(before.shape[1]), target - middle)
    x, y = before - middle, after - target
    u, s, vt = np.linalg.svd(np.einsum("n,ni,nj->ij", share, y, x))
    sign = np.ones(len(s))
    sign[-1] = 1.0 if np.linalg.det(np.einsum("ij,jk->ik", u, vt)) > 0 else -1.0
    rotation = np.einsum("ij,jk->ik", u * sign, vt)
    spread = float((share * (x**2).sum(1)).sum())
    scale = 1.0 if rigid or spread <= 0 else float((s * sign).sum() / spread)
    return Similarity(rotation, target - scale * np.einsum("ij,j->i", rotation, middle), scale)


def _median(values: NDArray[np.floating], weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """(d,) weighted median of (n, d) values, each dimension by itself."""
    order = np.argsort(values, axis=0, kind="stable")
    passed = np.cumsum(weights[order], axis=0) >= 0.5 * weights.sum()
    first = passed.argmax(0)
    columns = np.arange(values.shape[1])
    return np.asarray(values[order[first, columns], columns], np.float64)
