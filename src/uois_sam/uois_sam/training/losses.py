"""Losses of the bundled segmenter and of HDNet."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from uois_sam.training.batches import Batch


@dataclass(frozen=True)
class MaskLosses:
    """Mean losses of one batch, and what they were measured on.

    Attributes:
        mask: of the best candidate of each prompt on a thing, plus a share of the mean over candidates.
        score: of the IoU scores.
        iou: (K, 4) IoU of the candidates with their thing, K prompts on things.
    """

    mask: Tensor
    score: Tensor
    iou: Tensor


def true_masks(batch: Batch) -> Tensor:
    """(K, h, w) float32 masks of the things and parts that the K prompts on such mean, in the prompts' order."""
    each = len(batch.target) // len(batch.label)
    frame = torch.arange(len(batch.target), device=batch.target.device) // each
    on = batch.target > 0
    wanted = batch.target[on].view(-1, 1, 1)
    return ((batch.label[frame[on]] == wanted) | (batch.parts[frame[on]] == wanted)).float()


def iou_targets(logits: Tensor, batch: Batch, masks: Tensor) -> tuple[Tensor, Tensor]:
    """IoU that each candidate's score should say (UOIS-SAM, eq. 6): (M, 4), 0 for prompts on the background.

    Returns:
        The targets, and the (K, 4) IoU of prompts on things alone.
    """
    on = batch.target > 0
    predicted = logits[on] > 0
    truth = masks[:, None] > 0.5
    union = (predicted | truth).sum((2, 3)).clamp(min=1)
    iou = (predicted & truth).sum((2, 3)) / union
    targets = torch.zeros(logits.shape[:2], device=logits.device)
    targets[on] = iou
    return targets, iou


def mask_losses(logits: Tensor, scores: Tensor, batch: Batch) -> MaskLosses:
    """8 BCE + dice of the best of four candidates, with a share of 0.15 for all; MSE of the IoU scores.

    Args:
        logits: (M, 4, h, w); scores: (M, 4).
    """
    masks = true_masks(batch)
    on = batch.target > 0
    truth = masks[:, None].expand(-1, logits.shape[1], -1, -1)
    bce = F.binary_cross_entropy_with_logits(logits[on], truth, reduction="none").mean((2, 3))
    probability = logits[on].sigmoid()
    shared = (probability * truth).sum((2, 3))
    dice = 1 - (2 * shared + 1) / (probability.sum((2, 3)) + truth.sum((2, 3)) + 1)
    cost = 8 * bce + dice
    mask = cost.min(1).values.mean() + 0.15 * cost.mean() if len(cost) else logits.sum() * 0
    with torch.no_grad():
        targets, iou = iou_targets(logits, batch, masks)
    return MaskLosses(mask, F.mse_loss(scores, targets), iou)


def foreground_loss(logits: Tensor, foreground: Tensor) -> Tensor:
    """Cross-entropy plus dice of (B, 2, h, w) logits against (B, h, w) 0 or 1."""
    entropy = F.cross_entropy(logits, foreground.long())
    probability = logits.softmax(1)[:, 1]
    shared = (probability * foreground).sum()
    return entropy + 1 - (2 * shared + 1) / (probability.sum() + foreground.sum() + 1)


def heatmap_loss(logits: Tensor, heatmap: Tensor) -> Tensor:
    """Penalty-reduced focal loss of (B, h, w) logits (Zhou et al., Objects as Points, eq. 1)."""
    value = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    peak = (heatmap > 0.99).float()
    at_peak = (1 - value) ** 2 * value.log() * peak
    elsewhere = (1 - heatmap) ** 4 * value**2 * (1 - value).log() * (1 - peak)
    return -(at_peak + elsewhere).sum() / peak.sum().clamp(min=1)
