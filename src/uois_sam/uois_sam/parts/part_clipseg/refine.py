"""Coarse part masks made sharp by the promptable segmenter that the frame was embedded by."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.sam.logits import mask_to_logits
from uois_sam.sam.protocol import Embedding, PromptableSegmenter, Prompts

_CHUNK = 15


@torch.no_grad()
def refine_masks(
    segmenter: PromptableSegmenter, embedding: Embedding, masks: list[NDArray[np.bool_]], agreement: float
) -> list[NDArray[np.bool_]]:
    """Prompt with each mask's logits and its innermost point, and take the candidate that is most like the mask.

    Args:
        segmenter: that made the embedding.
        embedding: of the image.
        masks: (H, W) bool each, none of them empty.
        agreement: least intersection over union with the mask; where no candidate reaches it, the mask stays.
    """
    if not masks:
        return []
    points = torch.from_numpy(np.array([innermost_point(mask) for mask in masks], np.float32))
    first = segmenter.decode(embedding, Prompts.from_points(points[:1]))
    size = (first.logits.shape[-2], first.logits.shape[-1])
    given = torch.cat([mask_to_logits(mask, size) for mask in masks])
    labels = torch.ones(len(masks), 1, dtype=torch.long)
    refined = []
    for k in range(0, len(masks), _CHUNK):
        rows = slice(k, k + _CHUNK)
        prompts = Prompts(points=points[rows, None], labels=labels[rows], masks=given[rows])
        for logits, mask in zip(segmenter.decode(embedding, prompts).logits, masks[rows], strict=True):
            refined.append(_most_alike(logits, mask, agreement))
    return refined


def innermost_point(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """x, y in pixels of the point of a mask (H, W) that lies farthest from its border."""
    padded = np.pad(mask.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    y, x = np.unravel_index(int(distance.argmax()), distance.shape)
    return float(x - 1), float(y - 1)


def _most_alike(logits: Tensor, mask: NDArray[np.bool_], agreement: float) -> NDArray[np.bool_]:
    """Of (4, h, w) candidates the one of most intersection over union with (H, W), at its size."""
    full = F.interpolate(logits[None], size=mask.shape, mode="bilinear", align_corners=False)[0]
    candidates = (full > 0).cpu().numpy()
    overlap = (candidates & mask).sum((1, 2)) / np.maximum((candidates | mask).sum((1, 2)), 1)
    best = int(overlap.argmax())
    chosen: NDArray[np.bool_] = candidates[best] if overlap[best] >= agreement else mask
    return chosen
