"""Low-resolution mask logits and the image that they cover."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.sam.protocol import Embedding

_CELL = 4
"""SAM's decoder answers at four times the resolution of the image embedding."""
_SURE = 6.0


def logit_size(embedding: Embedding) -> tuple[int, int]:
    """(h, w) of the logits that a decoder answers for this embedding, and takes as an earlier mask."""
    rows, columns = embedding.features[0].shape[-2:]
    return (
        max(1, round(_CELL * rows * embedding.extent[0])),
        max(1, round(_CELL * columns * embedding.extent[1])),
    )


def mask_to_logits(mask: NDArray[np.bool_], size: tuple[int, int]) -> Tensor:
    """(1, h, w) float32 logits of an (H, W) mask, as an earlier answer to refine; `size` is h, w."""
    soft = torch.from_numpy(mask)[None, None].float()
    return F.interpolate(soft, size=size, mode="area")[0] * (2 * _SURE) - _SURE


def full_size(logits: Tensor, image_size: tuple[int, int]) -> Tensor:
    """(M, H, W) logits at the image's pixels, of (M, h, w) that cover exactly the image."""
    return F.interpolate(logits[:, None], size=image_size, mode="bilinear", align_corners=False)[:, 0]


def logits_at(logits: Tensor, points: Tensor, image_size: tuple[int, int]) -> Tensor:
    """What `full_size` gives at some pixels, without making the rest.

    Args:
        logits: (M, h, w) that cover exactly the image.
        points: (P, 2) float32, x, y in pixels.
        image_size: H, W.

    Returns:
        (M, P).
    """
    height, width = image_size
    unit = (points.to(logits) + 0.5) / logits.new_tensor([width, height])
    grid = (2 * unit - 1).expand(len(logits), 1, -1, 2)
    sampled = F.grid_sample(logits[:, None], grid, padding_mode="border", align_corners=False)
    return sampled[:, 0, 0]
