"""PartCLIPSeg's attention control (Choi et al., 2024, section 3.3, eqs. 6 to 9)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from uois_sam.parts.part_clipseg.network import PartMaps

_SIGMA = 0.5
_SLOPE = 10.0


def attention_losses(
    maps: PartMaps, classes: Tensor, truth: Tensor, threshold: float = 0.3
) -> tuple[Tensor, Tensor]:
    """The separation loss (eq. 8) and the enhancement loss (eq. 9), means over the images that show a part.

    Args:
        maps: with attention.
        classes: (C, 2) int64, object and part of each object-specific part.
        truth: (B, h, w) int64, index of the object-specific part at each pixel, -1 where there is none; taken at
            the tokens' grid, where the smallest parts may be lost.
        threshold: gamma of eq. 7.
    """
    assert maps.object_attention is not None
    assert maps.part_attention is not None
    side = round(maps.part_attention.shape[-1] ** 0.5)
    grid = F.interpolate(truth[:, None].float(), size=(side, side), mode="nearest")[:, 0].long()
    separation, enhancement = [], []
    for k, labels in enumerate(grid):
        present = labels[labels >= 0].unique()
        if len(present) == 0:
            continue
        masks = labels.flatten() == present[:, None]
        o, p = classes[present].unbind(1)
        attention = mean_attention(maps.object_attention[k, o], maps.part_attention[k, p], masks)
        separation.append(separation_loss(normalised(attention.unflatten(1, (side, side))), threshold))
        enhancement.append(enhancement_loss(attention, masks))
    if not separation:
        nothing = maps.part_attention.sum() * 0
        return nothing, nothing
    return torch.stack(separation).mean(), torch.stack(enhancement).mean()


def mean_attention(of_object: Tensor, of_part: Tensor, masks: Tensor) -> Tensor:
    """Eq. 6: (C, T) mean over the tokens within each class's mask of the attention of its object and its part.

    Halved, as in the published code, so that the enhancement loss lies between 0 and 1.

    Args:
        of_object, of_part: (C, T, T), rows are queries and sum to at most 1.
        masks: (C, T) bool, none of them empty.
    """
    inside = masks[..., None].to(of_part.dtype)
    total = ((of_object + of_part) / 2 * inside).sum(1)
    return total / masks.sum(1, keepdim=True)


def normalised(attention: Tensor) -> Tensor:
    """(C, r, r) attention brought to 0 .. 1, by each map's least and greatest value, then smoothed."""
    low, high = attention.amin((1, 2), keepdim=True), attention.amax((1, 2), keepdim=True)
    unit = (attention - low) / (high - low + 1e-9)
    steps = torch.arange(-1, 2, dtype=unit.dtype, device=unit.device)
    row = torch.exp(-(steps**2) / (2 * _SIGMA**2))
    kernel = row[:, None] * row / row.sum() ** 2
    return F.conv2d(F.pad(unit[:, None], (1, 1, 1, 1), mode="reflect"), kernel[None, None])[:, 0]


def separation_loss(attention: Tensor, threshold: float) -> Tensor:
    """Eqs. 7 and 8: share of the attended tokens that several of C parts attend to, divided by C.

    The value is the paper's. As printed it has no gradient, since the maps are cut at the threshold; the gradient
    is that of the same share with a steep sigmoid in place of the cut, and with the sum of all but the greatest in
    place of the overlap.

    Args:
        attention: (C, r, r) in 0 .. 1.
        threshold: gamma.
    """
    count = (attention >= threshold).sum(0)
    hard = (count > 1).sum() / (count >= 1).sum().clamp(min=1)
    soft = torch.sigmoid(_SLOPE * (attention - threshold))
    most = soft.amax(0)
    share = (soft.sum(0) - most).sum() / most.sum()
    return (hard + share - share.detach()) / len(attention)


def enhancement_loss(attention: Tensor, masks: Tensor) -> Tensor:
    """Eq. 9: 1 - the least, over the parts, of the greatest attention within a part's mask; both are (C, T)."""
    return 1 - attention.masked_fill(~masks, 0).amax(1).amin()
