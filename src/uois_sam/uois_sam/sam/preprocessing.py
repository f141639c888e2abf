"""SAM's preparation of an image: longest side to the encoder's input size, normalise, pad to a square."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

PIXEL_MEAN = (123.675, 116.28, 103.53)
PIXEL_STD = (58.395, 57.12, 57.375)


def resized_size(height: int, width: int, longest: int) -> tuple[int, int]:
    """(height, width) of an image after its longest side became `longest` pixels, rounded as SAM does."""
    scale = longest / max(height, width)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


def preprocess(image: NDArray[np.uint8], longest: int, device: torch.device) -> Tensor:
    """The image as SAM's encoder wants it.

    Resized bilinearly with antialiasing, first along the rows, then along the columns, each rounded to whole grey
    levels: that is Pillow's way, which segment-anything and transformers' `SamImageProcessor` take.

    Args:
        image: (H, W, 3) uint8 RGB.
        longest: side of the square input in pixels.
        device: where to do the work.

    Returns:
        (1, 3, longest, longest) float32, normalised; the image at the top left, zeros elsewhere.
    """
    height, width = resized_size(image.shape[0], image.shape[1], longest)
    pixels = torch.tensor(np.ascontiguousarray(image), device=device).permute(2, 0, 1)[None].float()
    for size in ((image.shape[0], width), (height, width)):
        pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True).add_(0.5).floor_()
    mean = torch.tensor(PIXEL_MEAN, device=device).view(1, 3, 1, 1)
    std = torch.tensor(PIXEL_STD, device=device).view(1, 3, 1, 1)
    return F.pad((pixels - mean) / std, (0, longest - width, 0, longest - height))
