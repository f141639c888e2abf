"""What each cell should say of the labelled parts, and the losses on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from uois_sam.parts.wps_sam.cells import CellMaps, CellPrompter
from uois_sam.parts.wps_sam.matching import TrueParts, generalised_iou

_REACH = 0.54
"""Share of a box within which cells answer for it, as in TTFNet."""


@dataclass(frozen=True)
class CellTargets:
    """What the cells of one frame should say.

    Attributes:
        likely: (K, h, w) float32, 1 in the cell of a part's centre, falling around it.
        parts, places: (N,) int64: pairs of a part and a cell, y w + x, that answers for its box.
        weights: (N,) float32 of the pairs; those of a part add up to 1.
        centres: (P,) int64, y w + x of each part's own cell.
    """

    likely: Tensor
    parts: Tensor
    places: Tensor
    weights: Tensor
    centres: Tensor


def cell_targets(truth: TrueParts, classes: int, grid: tuple[int, int]) -> CellTargets:
    """Gaussians of the shape of each box around its centre.

    Source: Liu et al., "Training-Time-Friendly Network for Real-Time Object Detection", AAAI 2020, section 3:
    boxes learn in all cells under a Gaussian and not in its centre alone, which takes fewer steps. Where two parts
    of one kind meet, the nearer one has the cell.

    Args:
        truth: with boxes cx, cy, w, h in 0 .. 1 of the map.
        classes: K.
        grid: h, w.
    """
    h, w = grid
    device = truth.prompts.device
    size = torch.tensor([w, h], device=device)
    middle = torch.minimum((truth.prompts[:, :2] * size).floor().clamp(min=0), size - 1)
    reach = (truth.prompts[:, 2:] * size / 2 * _REACH).floor()
    spread = (2 * reach + 1) / 6
    across = torch.arange(w, device=device) - middle[:, :1]
    down = torch.arange(h, device=device) - middle[:, 1:]
    x = torch.exp(-(across**2) / (2 * spread[:, :1] ** 2)) * (across.abs() <= reach[:, :1])
    y = torch.exp(-(down**2) / (2 * spread[:, 1:] ** 2)) * (down.abs() <= reach[:, 1:])
    bumps = y[:, :, None] * x[:, None, :]
    rows = truth.kinds[:, None, None].expand_as(bumps)
    likely = torch.zeros(classes, h, w, device=device).scatter_reduce_(0, rows, bumps, "amax")
    own = bumps * (bumps >= likely[truth.kinds])
    weights = own.flatten(1)
    weights = weights / weights.sum(1, keepdim=True).clamp(min=1e-6)
    parts, places = weights.nonzero(as_tuple=True)
    centres = (middle[:, 1] * w + middle[:, 0]).long()
    return CellTargets(likely, parts, places, weights[parts, places], centres)


def cell_losses(network: CellPrompter, maps: CellMaps, truth: Sequence[TrueParts]) -> dict[str, Tensor]:
    """CenterNet's focal loss of the centres, and DETR's 5 L1 + 2 (1 - GIoU) of the boxes, over the parts' number.

    Returns:
        "loss", its terms "class", "l1" and "giou", and "recall", the share of parts whose own cell says so.
    """
    classes, h, w = maps.logits.shape[1:]
    targets = [cell_targets(parts, classes, (h, w)) for parts in truth]
    count = max(sum(len(parts.kinds) for parts in truth), 1)
    focal = centre_loss(maps.logits, torch.stack([target.likely for target in targets])) / count
    device = maps.logits.device
    frames = torch.cat([torch.full_like(t.parts, k) for k, t in enumerate(targets)])
    kinds = torch.cat([parts.kinds[t.parts] for parts, t in zip(truth, targets, strict=True)])
    wanted = torch.cat([parts.prompts[t.parts] for parts, t in zip(truth, targets, strict=True)])
    weights = torch.cat([t.weights for t in targets])
    boxes = network.boxes(maps.cells, frames, kinds, torch.cat([t.places for t in targets]))
    distance = ((boxes - wanted).abs().sum(1) * weights).sum() / count
    overlap = ((1 - generalised_iou(boxes, wanted)) * weights).sum() / count
    found = sum(
        float((logits.flatten(1)[:, t.centres].argmax(0) == parts.kinds).sum())
        for logits, parts, t in zip(maps.logits.detach(), truth, targets, strict=True)
    )
    recall = torch.tensor(found / count, device=device)
    loss = focal + 5 * distance + 2 * overlap
    return {"loss": loss, "class": focal, "l1": distance, "giou": overlap, "recall": recall}


def centre_loss(logits: Tensor, likely: Tensor) -> Tensor:
    """The sum of CenterNet's penalty-reduced focal loss (eq. 1, alpha 2, beta 4) over cells and kinds.

    Args:
        logits, likely: (B, K, h, w) float32; cells with `likely` of 1 are centres.
    """
    sure = F.logsigmoid(logits)
    never = F.logsigmoid(-logits)
    right = -((-logits).sigmoid() ** 2) * sure
    wrong = -((1 - likely) ** 4) * logits.sigmoid() ** 2 * never
    return torch.where(likely == 1, right, wrong).sum()
