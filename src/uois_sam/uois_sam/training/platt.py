"""Platt's sigmoid: from values of a decision function to probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit


def fit_sigmoid(
    decision: NDArray[np.float64], labels: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Slope a and offset b of 1 / (1 + exp(a f + b)), by weighted maximum likelihood.

    Source: Platt (1999), with his targets for few samples (end of section 2.2).

    Args:
        decision: (M,) values f of patches that the machine was not trained on.
        labels: (M,) which of them are positive; at least one is, and one is not.
        weights: (M,) how many samples each of them stands for.
    """
    positive, negative = weights[labels].sum(), weights[~labels].sum()
    target = np.where(labels, (positive + 1) / (positive + 2), 1 / (negative + 2))
    scale = max(1.0, float(np.abs(decision).max()))
    f = decision / scale

    def loss(ab: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = -(ab[0] * f + ab[1])
        value = -(weights * (target * log_expit(z) + (1 - target) * log_expit(-z))).sum()
        slope = weights * (target - expit(z))  # of the loss by a f + b
        return float(value / weights.sum()), np.array([slope @ f, slope.sum()]) / weights.sum()

    start = np.array([0.0, np.log((negative + 1) / (positive + 1))])
    a, b = minimize(loss, start, method="L-BFGS-B", jac=True, options={"gtol": 1e-8, "ftol": 1e-14}).x
    return float(a / scale), float(b)
