"""Image encoder of the bundled segmenter: EfficientNet-Lite0 on colour, a small CNN on geometry, one pyramid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uois_sam.sam.geometry import GEOMETRY_CHANNELS

EMBEDDING_DIM = 96
"""Channels of the stride 8 map and of all tokens."""
STRIDE4_DIM = 64
STRIDE2_DIM = 16

# in, out, kernel, stride, expansion, repeats: EfficientNet-Lite0
_STAGES = [
    (32, 16, 3, 1, 1, 1),
    (16, 24, 3, 2, 6, 2),
    (24, 40, 5, 2, 6, 2),
    (40, 80, 3, 2, 6, 3),
    (80, 112, 5, 1, 6, 3),
    (112, 192, 5, 2, 6, 4),
]
_TAPS = (0, 2, 4, 10, 14)
"""Blocks whose output is the last at strides 2, 4, 8, 16 and 32."""


class Features(NamedTuple):
    """Maps of one batch: `stride8` (B, 96, H/8, W/8), `stride4` (B, 64, H/4, W/4), `stride2` (B, 16, H/2, W/2)."""

    stride8: Tensor
    stride4: Tensor
    stride2: Tensor


class MobileBlock(nn.Module):
    """Inverted residual with ReLU6, batch norm folded into the convolutions, TensorFlow's "same" padding."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.kernel, self.stride = kernel, stride
        self.residual = stride == 1 and inputs == outputs
        self.expand = nn.Conv2d(inputs, middle, 1) if expansion > 1 else None
        padding = 0 if stride == 2 else kernel // 2
        self.depthwise = nn.Conv2d(middle, middle, kernel, stride, padding, groups=middle)
        self.project = nn.Conv2d(middle, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        if self.stride == 2:
            total = self.kernel - 2
            y = F.pad(y, (total // 2, total - total // 2, total // 2, total - total // 2))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """Colour backbone. The stem and the first `frozen` blocks take no gradient.

    Source: EfficientNet (Tan and Le, 2019), Lite0 variant of TensorFlow's TPU models.
    """

    def __init__(self, frozen: int = 0) -> None:
        super().__init__()
        self.frozen = frozen
        self.stem = nn.Conv2d(3, 32, 3, 2, 0)
        self.blocks = nn.ModuleList()
        for inputs, outputs, kernel, stride, expansion, repeats in _STAGES:
            for k in range(repeats):
                first = k == 0
                self.blocks.append(
                    MobileBlock(inputs if first else outputs, outputs, kernel, stride if first else 1, expansion)
                )

    def load_imagenet(self, state: Mapping[str, Tensor]) -> None:
        """Take the published ImageNet weights, folding their batch norms (eps 1e-3)."""

        def fold(conv: nn.Conv2d, name: str, norm: str) -> None:
            gain = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + 1e-3).sqrt()
            assert conv.bias is not None
            with torch.no_grad():
                conv.weight.copy_(state[f"{name}.weight"] * gain.view(-1, 1, 1, 1))
                conv.bias.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain)

        fold(self.stem, "_conv_stem", "_bn0")
        for i, block in enumerate(self.blocks):
            assert isinstance(block, MobileBlock)
            if block.expand is not None:
                fold(block.expand, f"_blocks.{i}._expand_conv", f"_blocks.{i}._bn0")
            fold(block.depthwise, f"_blocks.{i}._depthwise_conv", f"_blocks.{i}._bn1")
            fold(block.project, f"_blocks.{i}._project_conv", f"_blocks.{i}._bn2")

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps at strides 2, 4, 8, 16, 32 with 16, 24, 40, 112, 192 channels."""
        train = torch.is_grad_enabled()
        with torch.set_grad_enabled(train and self.frozen == 0):
            x = F.relu6(self.stem(F.pad(x, (0, 1, 0, 1))))
        taps = []
        for i, block in enumerate(self.blocks):
            with torch.set_grad_enabled(train and i >= self.frozen):
                x = block(x)
            if i in _TAPS:
                taps.append(x)
        return taps


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with group norm and a skip."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.norm1 = nn.GroupNorm(8, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.norm2 = nn.GroupNorm(8, outputs)
        same = inputs == outputs and stride == 1
        self.skip = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(self.skip(x) + y)


class GeometryEncoder(nn.Module):
    """(B, 7, H, W) geometry channels to maps at strides 2, 4, 8, 16 with 16, 32, 48, 64 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(GEOMETRY_CHANNELS, 16, 3, 2, 1), nn.GroupNorm(8, 16), nn.ReLU())
        self.stage4 = ResidualBlock(16, 32, 2)
        self.stage8 = ResidualBlock(32, 48, 2)
        self.stage16 = ResidualBlock(48, 64, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        s2 = self.stem(x)
        s4 = self.stage4(s2)
        s8 = self.stage8(s4)
        return s2, s4, s8, self.stage16(s8)


def _resize_like(x: Tensor, reference: Tensor) -> Tensor:
    return F.interpolate(x, size=reference.shape[-2:], mode="bilinear", align_corners=False)


class TinyEncoder(nn.Module):
    """Colour and geometry to one feature pyramid; the stride 8 map is the image embedding."""

    def __init__(self, frozen: int = 0) -> None:
        super().__init__()
        self.colour = EfficientNetLite0(frozen)
        self.geometry = GeometryEncoder()
        self.lateral32 = nn.Conv2d(192, EMBEDDING_DIM, 1)
        self.lateral16 = nn.Conv2d(112 + 64, EMBEDDING_DIM, 1)
        self.lateral8 = nn.Conv2d(40 + 48, EMBEDDING_DIM, 1)
        self.lateral4 = nn.Conv2d(24 + 32, STRIDE4_DIM, 1)
        self.lateral2 = nn.Conv2d(16 + 16, 32, 1)
        self.top4 = nn.Conv2d(EMBEDDING_DIM, STRIDE4_DIM, 1)
        self.top2 = nn.Conv2d(STRIDE4_DIM, 32, 1)
        self.refine16 = ResidualBlock(EMBEDDING_DIM, EMBEDDING_DIM)
        self.refine8 = ResidualBlock(EMBEDDING_DIM, EMBEDDING_DIM)
        self.refine4 = ResidualBlock(STRIDE4_DIM, STRIDE4_DIM)
        self.refine2 = nn.Sequential(
            nn.Conv2d(32, 32, 3, 1, 1), nn.GroupNorm(8, 32), nn.ReLU(), nn.Conv2d(32, STRIDE2_DIM, 3, 1, 1)
        )

    def forward(self, colour: Tensor, geometry: Tensor) -> Features:
        """Encode a batch.

        Args:
            colour: (B, 3, H, W) float32, 0 to 1, RGB.
            geometry: (B, 7, H, W) float32, see `geometry_channels`; zeros for colour alone.
        """
        c2, c4, c8, c16, c32 = self.colour((colour - 0.498) / 0.502)  # EfficientNet-Lite: (x - 127) / 128
        g2, g4, g8, g16 = self.geometry(geometry)
        p16 = self.lateral16(torch.cat([c16, g16], 1))
        p16 = self.refine16(p16 + _resize_like(self.lateral32(c32), p16))
        p8 = self.lateral8(torch.cat([c8, g8], 1))
        p8 = self.refine8(p8 + _resize_like(p16, p8))
        p4 = self.lateral4(torch.cat([c4, g4], 1))
        p4 = self.refine4(p4 + _resize_like(self.top4(p8), p4))
        p2 = self.lateral2(torch.cat([c2, g2], 1))
        p2 = self.refine2(p2 + _resize_like(self.top2(p4), p2))
        return Features(p8, p4, p2)
