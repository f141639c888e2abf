"""Image features of a small PartCLIPSeg: EfficientNet-Lite0's, which do not learn, in place of CLIP's."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uois_sam.sam.tiny.encoder import EfficientNetLite0

LAYERS = 3
_TAPS = (2, 3, 4)  # strides 8, 16 and 32
_CHANNELS = 40 + 112 + 192


class ConvVision(nn.Module):
    """Tokens of the layers that CLIPSeg's decoder reads, each its own view of the same three feature maps.

    Attributes:
        colour: the frozen backbone.

    Args:
        width: of a token, V.
        side: tokens along a side, r.
    """

    def __init__(self, width: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.colour = EfficientNetLite0().requires_grad_(False)
        self.norm = nn.LayerNorm(_CHANNELS)
        self.views = nn.ModuleList(nn.Linear(_CHANNELS, width) for _ in range(LAYERS))
        self.places = nn.Parameter(0.02 * torch.randn(1, 1 + side * side, width))

    def forward(self, colours: Tensor) -> list[Tensor]:
        """`LAYERS` times (B, 1 + r * r, V), the mean of all tokens first, of (B, 3, S, S) RGB in 0 .. 1."""
        taps = self.colour((colours - 0.498) / 0.502)  # EfficientNet-Lite: (x - 127) / 128
        grid = (self.side, self.side)
        maps = [F.interpolate(taps[k], size=grid, mode="bilinear", antialias=True) for k in _TAPS]
        cells = torch.cat(maps, 1).flatten(2).transpose(1, 2)
        tokens = self.norm(torch.cat([cells.mean(1, keepdim=True), cells], 1))
        return [view(tokens) + self.places for view in self.views]
