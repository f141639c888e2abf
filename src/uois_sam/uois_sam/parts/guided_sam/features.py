"""What a patch looks like: feature maps of a frozen network, one vector per cell (Guided SAM, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.sam.tiny.encoder import EfficientNetLite0
from uois_sam.segmentation.dino import DinoBackbone

_PIXELS_PER_CELL = 16
_TAPS = (2, 3, 4)  # strides 8, 16 and 32
_AROUND = 9


class PatchFeatures(Protocol):
    """A frozen network that describes the cells of a grid.

    Attributes:
        channels: C.
        network: its weights tell one extractor from another.
    """

    channels: int
    network: torch.nn.Module

    def __call__(self, images: Sequence[NDArray[np.uint8]], grid: PatchGrid) -> Tensor:
        """(B, C, cells, cells) float32 of B images, each (H, W, 3) uint8 RGB of any size."""


class EncoderFeatures:
    """Colour maps of strides 8, 16 and 32 of the bundled segmenter's encoder, at 16 input pixels a cell.

    Those of strides 16 and 32 come once more as means over the surrounding 9 x 9 cells: a token of DINOv2 has seen
    the whole image, a convolutional cell has not, and hood and trunk look alike without what is around them.
    """

    channels = 40 + 2 * (112 + 192)

    def __init__(self, colour: EfficientNetLite0) -> None:
        self.network: torch.nn.Module = colour.eval()

    @torch.no_grad()
    def __call__(self, images: Sequence[NDArray[np.uint8]], grid: PatchGrid) -> Tensor:
        device = next(self.network.parameters()).device
        side = grid.cells * _PIXELS_PER_CELL
        batch = np.stack([_resized(image, side) for image in images])
        pixels = torch.from_numpy(batch).to(device).permute(0, 3, 1, 2).float() / 255
        taps = self.network((pixels - 0.498) / 0.502)  # EfficientNet-Lite: (x - 127) / 128
        fine, *coarse = (_to_cells(taps[k].float(), grid.cells) for k in _TAPS)
        around = [F.avg_pool2d(maps, _AROUND, 1, _AROUND // 2, count_include_pad=False) for maps in coarse]
        return torch.cat([fine, *coarse, *around], 1)


class DinoFeatures:
    """Patch tokens of DINOv2, one per cell: the paper's features (section 3.5 has ViT-B)."""

    def __init__(self, backbone: DinoBackbone) -> None:
        self.network: torch.nn.Module = backbone.model
        self.channels = backbone.channels
        self._pixels_per_cell = backbone.patch

    def __call__(self, images: Sequence[NDArray[np.uint8]], grid: PatchGrid) -> Tensor:
        side = grid.cells * self._pixels_per_cell
        backbone = DinoBackbone(self.network, (side, side))
        return torch.cat([backbone(image) for image in images])


def _resized(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    shrinks = min(image.shape[:2]) > side
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    )


def _to_cells(maps: Tensor, cells: int) -> Tensor:
    if maps.shape[-1] > cells:
        return F.adaptive_avg_pool2d(maps, cells)
    return F.interpolate(maps, size=(cells, cells), mode="bilinear", align_corners=False)
