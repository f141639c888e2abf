from __future__ import annotations

import torch
from torch import nn

from uois_sam.sam.weights import fingerprint


class Scaled(nn.Module):
    """A network with a single number among its weights."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
        self.linear = nn.Linear(2, 2)
        nn.init.ones_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)


def test_every_weight_counts() -> None:
    assert fingerprint(Scaled(1.0)) == fingerprint(Scaled(1.0))
    assert fingerprint(Scaled(1.0)) != fingerprint(Scaled(1.5))
    other = Scaled(1.0)
    with torch.no_grad():
        other.linear.bias[1] = 1e-6
    assert fingerprint(other) != fingerprint(Scaled(1.0))
