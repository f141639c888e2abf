"""Convolutional image features as tokens."""

from __future__ import annotations

import torch

from uois_sam.parts.part_clipseg.conv_vision import LAYERS, ConvVision


def test_a_token_stands_for_its_place() -> None:
    torch.manual_seed(0)
    vision = ConvVision(12, 4).eval()
    pixels = torch.full((2, 3, 64, 64), 0.5)
    pixels[1, :, :8, 56:] = 1.0
    with torch.no_grad():
        layers = vision(pixels)
    assert [tuple(layer.shape) for layer in layers] == LAYERS * [(2, 17, 12)]
    change = (layers[0][0] - layers[0][1]).abs().sum(-1)[1:].view(4, 4)
    assert change.argmax() == 3, "the upper right one"
    assert not torch.allclose(layers[0], layers[1])


def test_the_backbone_takes_no_gradient() -> None:
    vision = ConvVision(12, 2)
    sum(layer.sum() for layer in vision(torch.rand(1, 3, 32, 32))).backward()
    assert all(p.grad is None for p in vision.colour.parameters())
    assert all(p.grad is not None for p in vision.views.parameters())
