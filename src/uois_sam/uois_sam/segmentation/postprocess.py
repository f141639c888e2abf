"""From mask candidates to instances: choice, filters and NMS at low resolution, then only survivors upsampled."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.sam.protocol import MaskCandidates
from uois_sam.segmentation.settings import SegmentationSettings, scaled_area
from uois_sam.types import Instances


def choose_instances(
    candidates: MaskCandidates,
    scores: Tensor,
    points: Tensor,
    foreground: Tensor | None,
    image_size: tuple[int, int],
    settings: SegmentationSettings,
) -> Instances:
    """Pick one mask per prompt, drop the poor, the large and the double, and paint the rest.

    UOIS-SAM, section IV-A, Inference: the best of the four masks by refined score, the score threshold, NMS, and
    the large area filter. Everything up to the survivors happens on the device at the logits' resolution.

    Args:
        candidates: of M prompts.
        scores: (M, 4) refined IoU scores (eq. 5).
        points: (M, 2) x, y in pixels of the image.
        foreground: (h, w) foreground probability of any size, or None.
        image_size: (H, W) of the image.
        settings: thresholds.

    Returns:
        Instances sorted by falling score.
    """
    best_score, best = scores.max(1)
    logits = candidates.logits[torch.arange(len(best), device=best.device), best]
    masks = logits > 0
    kept = _filter(masks, best_score, foreground, settings)
    kept = kept[suppress(masks[kept], best_score[kept], settings)]
    if len(kept) == 0:
        return Instances.empty(*image_size)
    full = F.interpolate(logits[kept][None], size=image_size, mode="bilinear", align_corners=False)[0] > 0
    return paint(
        full.cpu().numpy(),
        best_score[kept].float().cpu().numpy(),
        points[kept].float().cpu().numpy(),
        settings.min_component,
    )


def _filter(masks: Tensor, scores: Tensor, foreground: Tensor | None, settings: SegmentationSettings) -> Tensor:
    """(K,) indices of masks with a sufficient score, a fitting area and enough foreground, best first."""
    h, w = masks.shape[-2:]
    area = masks.flatten(1).sum(1)
    keep = scores > settings.score_threshold
    keep &= area <= scaled_area(settings.max_area, h, w)
    keep &= area > scaled_area(settings.min_area, h, w)
    if foreground is not None and settings.min_foreground > 0:
        small = F.interpolate(foreground[None, None], size=(h, w), mode="bilinear", align_corners=False)[0, 0]
        keep &= (masks * small).flatten(1).sum(1) > settings.min_foreground * area
    order = scores.argsort(descending=True, stable=True)
    return order[keep[order]]


def suppress(masks: Tensor, scores: Tensor, settings: SegmentationSettings) -> Tensor:
    """Greedy mask NMS.

    Args:
        masks: (K, h, w) bool, sorted by falling score.
        scores: (K,) their scores.
        settings: `nms_iou` and `max_containment`.

    Returns:
        (S,) int64 indices of the survivors, best first.
    """
    flat = masks.flatten(1).float()
    area = flat.sum(1)
    shared = flat @ flat.T
    iou = shared / (area[:, None] + area[None] - shared).clamp(min=1)
    inside = shared / area[:, None].clamp(min=1)
    clash = ((iou > settings.nms_iou) | (inside > settings.max_containment)).cpu().numpy()
    survivors: list[int] = []
    for k in range(len(masks)):
        if not clash[k, survivors].any():
            survivors.append(k)
    return torch.tensor(survivors, dtype=torch.long, device=masks.device)


def paint(
    masks: NDArray[np.bool_],
    scores: NDArray[np.float32],
    points: NDArray[np.float32],
    min_component: float,
) -> Instances:
    """Lay masks over each other, the best on top, and measure what is visible of each.

    Args:
        masks: (K, H, W) bool, best first; scores: (K,); points: (K, 2) pixels.
        min_component: pieces smaller than this fraction of a mask's largest piece are dropped.
    """
    painted = np.zeros(masks.shape[1:], np.uint16)
    windows = [_window(mask) for mask in masks]
    for k in range(len(masks) - 1, -1, -1):
        painted[windows[k]][masks[k][windows[k]]] = k + 1
    if min_component > 0:
        for k, window in enumerate(windows):
            drop_small_pieces(painted[window], k + 1, min_component)
    visible = np.bincount(painted.ravel(), minlength=len(masks) + 1)[1:] > 0
    lookup = np.zeros(len(masks) + 1, np.uint16)
    lookup[1:][visible] = np.arange(1, visible.sum() + 1)
    return Instances.from_label_image(lookup[painted], scores[visible], points[visible])


def _window(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of the mask's bounding box."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    return slice(y, y + h), slice(x, x + w)


def drop_small_pieces(painted: NDArray[np.uint16], label: int, min_fraction: float) -> None:
    """Clear, in place, the pieces of a label that are small beside its largest piece."""
    mask = (painted == label).astype(np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count <= 2:
        return
    area = stats[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0
    painted[(area[pieces] < min_fraction * area.max()) & (pieces > 0)] = 0
