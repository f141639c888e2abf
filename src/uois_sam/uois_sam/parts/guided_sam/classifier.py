"""One RBF support vector machine per part, evaluated without the library that trained it (section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class PatchClassifier:
    """What P support vector machines learned, over one pool of N support vectors of C features.

    Features are standardised, x' = (x - mean) / deviation; machine p decides by
    f_p(x) = sum_n weights[n, p] exp(-gamma |x'_n - x'|^2) + intercept[p], and Platt's sigmoid makes the
    probability 1 / (1 + exp(slope[p] f_p + offset[p])).

    Attributes:
        mean, deviation: (C,) float32 of the training patches.
        support: (N, C) float32, standardised; a vector that supports several machines is there once.
        weights: (N, P) float32, dual coefficients, 0 where a vector does not support a machine.
        intercept, slope, offset: (P,) float32.
        gamma: of the kernel.
    """

    mean: Tensor
    deviation: Tensor
    support: Tensor
    weights: Tensor
    intercept: Tensor
    slope: Tensor
    offset: Tensor
    gamma: float

    def decision(self, features: Tensor) -> Tensor:
        """(M, P) float32 values of the decision functions for (M, C) features; above 0 is the part."""
        standard = (features - self.mean) / self.deviation
        kernel = torch.exp(-self.gamma * torch.cdist(standard, self.support).square())
        return kernel @ self.weights + self.intercept

    def probability(self, features: Tensor) -> Tensor:
        """(M, P) float32, how sure each machine is that each of (M, C) patches contains its part."""
        return torch.sigmoid(-(self.decision(features) * self.slope + self.offset))

    def to(self, device: torch.device) -> PatchClassifier:
        """The classifier on another device."""
        moved: dict[str, Any] = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **moved)
