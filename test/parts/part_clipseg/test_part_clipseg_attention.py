"""Eqs. 6 to 9 against numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch

from uois_sam.parts.part_clipseg.attention import (
    attention_losses,
    enhancement_loss,
    mean_attention,
    normalised,
    separation_loss,
)
from uois_sam.parts.part_clipseg.network import PartMaps


def test_mean_attention() -> None:
    of_object = torch.tensor([[[0.2, 0.4], [0.6, 0.2]]])
    of_part = torch.tensor([[[0.4, 0.0], [0.2, 0.2]]])
    torch.testing.assert_close(
        mean_attention(of_object, of_part, torch.tensor([[True, False]])), torch.tensor([[0.3, 0.2]])
    )
    torch.testing.assert_close(
        mean_attention(of_object, of_part, torch.tensor([[True, True]])), torch.tensor([[0.35, 0.2]])
    )


def test_maps_are_normalised_then_smoothed() -> None:
    peak = torch.full((1, 5, 5), 2.0)
    peak[0, 2, 2] = 4.0
    found = normalised(peak)
    row = torch.exp(torch.tensor([-2.0, 0.0, -2.0]))
    kernel = row[:, None] * row / row.sum() ** 2
    torch.testing.assert_close(found[0, 1:4, 1:4], kernel)
    assert found[0, 0].abs().max() < 1e-6
    assert torch.isfinite(normalised(torch.zeros(1, 3, 3))).all(), "a flat map has no peak"


def test_separation() -> None:
    maps = torch.zeros(2, 2, 2)
    maps[0, 0] = 0.9
    maps[1, :, 0] = 0.9
    assert float(separation_loss(maps, 0.3)) == pytest.approx(1 / 3 / 2)
    apart = torch.zeros(2, 2, 2)
    apart[0, 0], apart[1, 1] = 0.9, 0.9
    assert float(separation_loss(apart, 0.3)) == 0
    assert float(separation_loss(torch.zeros(2, 2, 2), 0.3)) == 0
    assert float(separation_loss(torch.ones(1, 2, 2), 0.3)) == 0, "one part overlaps with nothing"


def test_separation_pushes_overlapping_parts_apart() -> None:
    maps = torch.full((2, 2, 2), 0.1)
    maps[0, 0, 0], maps[1, 0, 0] = 0.6, 0.5
    maps.requires_grad_()
    separation_loss(maps, 0.3).backward()
    assert maps.grad is not None
    assert maps.grad[1, 0, 0] > 0, "less of the weaker part where both are"
    assert maps.grad[0, 0, 0] < 0, "more of the stronger one"


def test_enhancement() -> None:
    attention = torch.tensor([[0.5, 0.1, 0.9], [0.3, 0.2, 0.1]])
    masks = torch.tensor([[True, True, False], [False, True, True]])
    assert float(enhancement_loss(attention, masks)) == pytest.approx(1 - 0.2)


def test_losses_of_images() -> None:
    classes = torch.tensor([[0, 0], [0, 1]])
    attention = torch.full((2, 2, 16, 16), 1 / 32)
    maps = PartMaps(torch.zeros(0), torch.zeros(0), torch.zeros(0), attention[:, :1], attention)
    truth = torch.full((2, 8, 8), -1)
    truth[0, :4], truth[0, 4:] = 0, 1
    separation, enhancement = attention_losses(maps, classes, truth)
    assert float(separation) == 0, "flat attention is above no threshold"
    assert float(enhancement) == pytest.approx(1 - 1 / 32), "the image without parts counts for nobody"
    separation, enhancement = attention_losses(maps, classes, torch.full((2, 8, 8), -1))
    assert (float(separation), float(enhancement)) == (0, 0)
