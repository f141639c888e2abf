"""Model fusion: which variant draws which part, chosen on few images (Guided SAM, section 4.6, figure 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uois_sam.evaluation.guided_sam import Images, Overlaps

REPEATS = 10
"""Draws of the seen images for each number of them; the paper's."""


@dataclass(frozen=True)
class Fusion:
    """IoU of the fused model after some images were seen.

    Attributes:
        seen: number of images.
        iou: (repeats, P) of each draw, on images that were not seen.
    """

    seen: int
    iou: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Over draws and parts."""
        return float(self.iou.mean())


def choose_variants(overlaps: Overlaps, seen: Images = slice(None)) -> NDArray[np.int64]:
    """(P,) the variant of each part with the best IoU on the seen images; the first of equals."""
    return overlaps.iou(seen).argmax(1)


def fused_iou(overlaps: Overlaps, chosen: NDArray[np.int64], images: Images) -> NDArray[np.float64]:
    """(P,) IoU on some images with the chosen variant of each part."""
    return overlaps.iou(images)[np.arange(len(chosen)), chosen]


def bounds(overlaps: Overlaps) -> tuple[float, float]:
    """Lower and upper bound: mean IoU of the worst and of the best choice of each part, known from all images."""
    iou = overlaps.iou()
    return float(iou.min(1).mean()), float(iou.max(1).mean())


def fusion_curve(overlaps: Overlaps, counts: Sequence[int], seed: int = 0) -> list[Fusion]:
    """Choose on 1, 2, 4, ... random images and score on others, `REPEATS` times each.

    All draws leave the same number of images, at least half, to be scored on. Counts beyond half of the images are
    left out.
    """
    total = len(overlaps.union)
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(total) for _ in range(REPEATS)]
    curve = []
    for count in [c for c in counts if c <= total // 2]:
        iou = [
            fused_iou(overlaps, choose_variants(overlaps, order[:count]), order[total // 2 :]) for order in orders
        ]
        curve.append(Fusion(count, np.stack(iou)))
    return curve
