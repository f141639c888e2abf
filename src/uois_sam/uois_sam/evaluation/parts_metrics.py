"""How open-vocabulary part segmentation is scored: IoU, boundary IoU and recall of seen and of unseen classes.

As in PartCLIPSeg's public evaluation (Choi et al., NeurIPS 2024, sections 4.1 and C): counts are summed over the
set, only pixels with a true part count, a class that is nowhere true counts for nobody, and the harmonic mean
joins seen and unseen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError

_BAND = 0.02


@dataclass(frozen=True)
class SplitMean:
    """A figure's mean over the seen and over the unseen classes, 0 .. 1; NaN where there is no such class."""

    seen: float
    unseen: float

    @property
    def harmonic(self) -> float:
        """The harmonic mean of both; 0 where both are."""
        total = self.seen + self.unseen
        return 2 * self.seen * self.unseen / total if total != 0 else 0.0

    def as_dict(self) -> dict[str, float | None]:
        """The three numbers by name; None for NaN, which JSON lacks."""
        numbers = {"seen": self.seen, "unseen": self.unseen, "harmonic": self.harmonic}
        return {name: None if math.isnan(value) else value for name, value in numbers.items()}


@dataclass(frozen=True)
class PartFigures:
    """What `PartScores` found.

    Attributes:
        iou: mean intersection over union.
        boundary_iou: the same of the masks' inner bands (Cheng et al., CVPR 2021), 2 % of the diagonal wide.
        recall: mean share of the true pixels that were found.
        class_iou: (C,) float64, NaN where a class is nowhere true.
    """

    iou: SplitMean
    boundary_iou: SplitMean
    recall: SplitMean
    class_iou: NDArray[np.float64]


class PartScores:
    """Sums over the images of a set.

    Args:
        seen: (C,) bool, whether training saw the class.
    """

    def __init__(self, seen: NDArray[np.bool_]) -> None:
        self._seen = seen
        count = len(seen)
        self._confusion = np.zeros((count + 1, count + 1), np.int64)  # predicted, true
        self._shared = np.zeros(count, np.int64)
        self._united = np.zeros(count, np.int64)

    def add(self, predicted: NDArray[np.integer], truth: NDArray[np.integer]) -> None:
        """Count one image.

        Args:
            predicted: (H, W), index of the class, C where nothing is.
            truth: (H, W), index of the class, -1 where there is none.

        Raises:
            InputError: sizes differ, or an index is not one of a class.
        """
        count = len(self._seen)
        if predicted.shape != truth.shape:
            raise InputError(f"predicted classes are {predicted.shape}, true ones {truth.shape}; wanted one size")
        for labels, low, high in ((predicted, 0, count), (truth, -1, count - 1)):
            if labels.size and not low <= labels.min() <= labels.max() <= high:
                raise InputError(f"class {labels.min()} to {labels.max()} is given; wanted {low} to {high}")
        counted = truth >= 0
        answer = np.where(counted, predicted, count).astype(np.int64)
        pairs = answer[counted] * (count + 1) + truth[counted]
        self._confusion += np.bincount(pairs, minlength=self._confusion.size).reshape(self._confusion.shape)
        for k in np.union1d(truth[counted], answer[answer < count]).tolist():
            ours, theirs = inner_band(answer == k), inner_band(truth == k)
            self._shared[k] += np.count_nonzero(ours & theirs)
            self._united[k] += np.count_nonzero(ours | theirs)

    def figures(self) -> PartFigures:
        """The means so far."""
        right = np.diag(self._confusion)[:-1].astype(np.float64)
        true = self._confusion[:, :-1].sum(0).astype(np.float64)
        said = self._confusion[:-1].sum(1).astype(np.float64)
        there = true > 0
        iou, recall, boundary = (np.full(len(right), np.nan) for _ in range(3))
        iou[there] = right[there] / (true + said - right)[there]
        recall[there] = right[there] / true[there]
        boundary[there] = self._shared[there] / np.maximum(self._united[there], 1)
        return PartFigures(self._split(iou), self._split(boundary), self._split(recall), iou)

    def _split(self, values: NDArray[np.float64]) -> SplitMean:
        means = []
        for group in (self._seen, ~self._seen):
            counted = values[group & ~np.isnan(values)]
            means.append(float(counted.mean()) if len(counted) else math.nan)
        return SplitMean(*means)


def inner_band(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(H, W) bool, the pixels of a mask within 2 % of the image's diagonal, at least one pixel, of its border.

    As in Boundary IoU's public code: squares of that radius, and the image's own edge is a border too.
    """
    width = max(1, round(_BAND * math.hypot(*mask.shape)))
    padded = np.pad(mask.astype(np.uint8), 1)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1]
    return mask & (eroded == 0)
