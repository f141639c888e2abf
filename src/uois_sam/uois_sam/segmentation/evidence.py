"""What a mask's outline and the depth under it say about the mask: evidence for HDNet beside the decoder's tokens.

A mask that ends where the depth has its edge, that stands above the table inside and not outside, and of which the
decoder is sure, is more likely whole than one that ends in the middle of a smooth face. The paper's HDNet reads
tokens alone (UOIS-SAM, eq. 5); this is ours.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from uois_sam.sam.geometry import GEOMETRY_CHANNELS

_SHAPE_CHANNELS = 5
EVIDENCE_CHANNELS = 3 * GEOMETRY_CHANNELS + _SHAPE_CHANNELS
"""Mean geometry inside, along the inner and along the outer border; then what the mask's shape says."""

_CELLS = 80
"""Cells along the longer side of the image that masks and geometry are compared on."""
_OUTER = 5
_INNER = 3
"""Widths in cells, centre included, that a mask grows and shrinks by for its borders."""
_UNSURE = 0.4


def mask_evidence(logits: Tensor, geometry: Tensor | None) -> Tensor:
    """Evidence about every candidate mask.

    Args:
        logits: (M, 4, h, w) of the candidates, covering exactly the image.
        geometry: (1, 7, h', w') `geometry_channels` of the same image, or None without depth.

    Returns:
        (M, 4, 26): geometry under the mask, its inner and its outer border (zeros without depth, and for a border
        that has no cell); the square root of the area as a share of the image's, the mean probability inside, how
        much is unsure (probability 0.1 to 0.9) as a share of the area, at most 5, the inner border's share of the
        area, and the share of the mask that touches the image's border.
    """
    rows, columns = logits.shape[-2:]
    scale = _CELLS / max(rows, columns)
    size = (max(1, round(rows * scale)), max(1, round(columns * scale)))
    probability = F.interpolate(logits.flatten(0, 1)[:, None], size=size, mode="area").sigmoid()
    mask = (probability > 0.5).float()
    outer = F.max_pool2d(mask, _OUTER, 1, _OUTER // 2) - mask
    inner = mask + F.max_pool2d(-mask, _INNER, 1, _INNER // 2)
    mask, outer, inner, probability = (x.flatten(1) for x in (mask, outer, inner, probability))
    area = mask.sum(1)
    inside = area.clamp(min=1)
    at_image_border = torch.ones(size, device=logits.device)
    at_image_border[1:-1, 1:-1] = 0
    shape = torch.stack(
        [
            (area / mask.shape[1]).sqrt(),
            (probability * mask).sum(1) / inside,
            (((probability - 0.5).abs() < _UNSURE).sum(1) / inside).clamp(max=5),
            inner.sum(1) / inside,
            (mask * at_image_border.flatten()).sum(1) / inside,
        ],
        1,
    )
    if geometry is None:
        means = [mask.new_zeros(len(mask), GEOMETRY_CHANNELS)] * 3
    else:
        cells = F.interpolate(geometry, size=size, mode="area")[0].flatten(1).T
        means = [part @ cells / part.sum(1, keepdim=True).clamp(min=1) for part in (mask, inner, outer)]
    return torch.cat([*means, shape], 1).unflatten(0, logits.shape[:2])
