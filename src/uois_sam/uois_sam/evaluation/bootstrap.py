"""Means of figures over images, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 2000
_SEED = 0


@dataclass(frozen=True)
class Mean:
    """Mean of one figure over the images, with the bounds of its 95 % bootstrap interval; fractions of 1."""

    value: float
    low: float
    high: float


def bootstrap_means(values: NDArray[np.float64], names: Sequence[str]) -> dict[str, Mean]:
    """Mean of each column, by name.

    The interval is the 2.5 to 97.5 percentile of the means of 2000 resamples of the rows, seed fixed.

    Args:
        values: (N, K) float64, a row per image.
        names: of the K columns.
    """
    n = len(values)
    draws = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)
    low, high = np.percentile(draws @ values / n, (2.5, 97.5), axis=0)
    mean = values.mean(axis=0)
    return {name: Mean(float(mean[k]), float(low[k]), float(high[k])) for k, name in enumerate(names)}
