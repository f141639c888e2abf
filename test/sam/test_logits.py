"""Low-resolution logits: at the image's pixels, at some of them, and made of a mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.sam.logits import full_size, logit_size, logits_at, mask_to_logits
from uois_sam.sam.protocol import Embedding


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_logits_at_pixels_are_those_of_the_full_size(h: int, w: int, height: int, width: int, seed: int) -> None:
    logits = torch.randn(2, h, w, generator=torch.Generator().manual_seed(seed))
    rows, columns = np.mgrid[:height, :width]
    points = torch.tensor(np.stack([columns.ravel(), rows.ravel()], 1), dtype=torch.float32)
    full = full_size(logits, (height, width))
    assert full.shape == (2, height, width)
    torch.testing.assert_close(logits_at(logits, points, (height, width)), full.flatten(1), atol=1e-4, rtol=1e-4)


def test_a_mask_survives_its_logits() -> None:
    mask = np.zeros((48, 64), bool)
    mask[8:32, 16:40] = True
    logits = mask_to_logits(mask, (12, 16))
    assert logits.shape == (1, 12, 16)
    again = (full_size(logits, (48, 64))[0] > 0).numpy()
    assert (again != mask).sum() <= 4  # its corners are rounded
    assert logits.min() == -6
    assert logits.max() == 6


@pytest.mark.parametrize(("extent", "size"), [((1.0, 1.0), (120, 160)), ((1.0, 0.75), (120, 120))])
def test_the_size_follows_the_part_that_the_image_covers(
    extent: tuple[float, float], size: tuple[int, int]
) -> None:
    assert logit_size(Embedding((torch.zeros(1, 2, 30, 40),), (480, 640), extent)) == size
