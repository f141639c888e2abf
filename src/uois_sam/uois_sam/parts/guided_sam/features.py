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

_FINE, _COARSE = 16, 8
_TAPS = (2, 3, 4)  # strides 8, 16 and 32
_CHANNELS = 40, 112 + 192  # of stride 8, and of 16 and 32
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
    """Colour maps of EfficientNet-Lite0, the backbone of the bundled segmenter's encoder.

    Strides 8, 16 and 32 at 16 input pixels a cell, and the latter two once more at 8 pixels a cell, where a
    convolution sees twice as much of the thing. Those of strides 16 and 32 come again as means over the
    surrounding 9 x 9 cells: a token of DINOv2 has seen the whole image, a convolutional cell has not, and hood and
    trunk look alike without what is around them. All are means over the image and its mirror image.

    Args:
        colour: the backbone, with the bundled segmenter's weights or any others.
    """

    channels = _CHANNELS[0] + 4 * _CHANNELS[1]

    def __init__(self, colour: EfficientNetLite0) -> None:
        self.network: torch.nn.Module = colour.eval()

    @torch.no_grad()
    def __call__(self, images: Sequence[NDArray[np.uint8]], grid: PatchGrid) -> Tensor:
        fine, coarse = (self._cells(images, grid.cells, pixels) for pixels in (_FINE, _COARSE))
        wide = [fine[:, _CHANNELS[0] :], coarse[:, _CHANNELS[0] :]]
        around = [F.avg_pool2d(maps, _AROUND, 1, _AROUND // 2, count_include_pad=False) for maps in wide]
        return torch.cat([fine, wide[1], *around], 1)

    def _cells(self, images: Sequence[NDArray[np.uint8]], cells: int, pixels_per_cell: int) -> Tensor:
        """(B, 344, cells, cells) of the images at a number of pixels a cell."""
        device = next(self.network.parameters()).device
        side = cells * pixels_per_cell
        batch = np.stack([_resized(image, side) for image in images])
        pixels = torch.from_numpy(batch).to(device).permute(0, 3, 1, 2).float() / 255
        pixels = (pixels - 0.498) / 0.502  # EfficientNet-Lite: (x - 127) / 128
        both = torch.cat([pixels, pixels.flip(-1)])
        taps = self.network(both)
        own, mirrored = torch.cat([_to_cells(taps[k].float(), cells) for k in _TAPS], 1).chunk(2)
        return (own + mirrored.flip(-1)) / 2


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
