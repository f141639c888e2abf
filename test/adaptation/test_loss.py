"""The sparse loss against eq. 2, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from uois_sam.adaptation.loss import sparse_bce
from uois_sam.sam.logits import full_size

LABELS = hnp.arrays(np.int8, (24, 32), elements=st.sampled_from([-1, 0, 1]), fill=st.sampled_from([-1, 0, 1]))


def written_out(logits: torch.Tensor, labels: NDArray[np.int8]) -> float:
    values = full_size(logits, labels.shape)[0].double().numpy()
    total = 0.0
    for kind, sign in ((1, 1), (0, -1)):
        pixels = [
            np.log1p(np.exp(-sign * v)) for v, label in zip(values.flat, labels.flat, strict=True) if label == kind
        ]
        total += sum(pixels) / len(pixels) if pixels else 0
    return total


@given(LABELS, st.integers(0, 99))
def test_mean_over_the_object_plus_mean_over_the_background(labels: NDArray[np.int8], seed: int) -> None:
    logits = 3 * torch.randn(1, 6, 8, generator=torch.Generator().manual_seed(seed))
    assert float(sparse_bce(logits, labels)) == pytest.approx(written_out(logits, labels), rel=1e-4, abs=1e-5)


def test_clicks_alone_pull_at_their_pixels_alone() -> None:
    logits = torch.zeros(1, 24, 32, requires_grad=True)
    labels = np.full((24, 32), -1, np.int8)
    labels[3, 4], labels[20, 30], labels[21, 30] = 1, 0, 0
    loss = sparse_bce(logits, labels)
    loss.backward()
    assert loss.item() == pytest.approx(2 * np.log(2), rel=1e-5)
    gradient = logits.grad[0].numpy()
    assert gradient[3, 4] == pytest.approx(-0.5, abs=1e-4)
    assert gradient[20, 30] == pytest.approx(0.25, abs=1e-4)
    assert (np.abs(gradient) > 1e-3).sum() == 3


def test_nothing_known_is_no_loss() -> None:
    logits = torch.ones(1, 3, 4, requires_grad=True)
    loss = sparse_bce(logits, np.full((6, 8), -1, np.int8))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()
