"""mIoU and mACC of part segmentation as WPS-SAM's public code computes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError


@dataclass(frozen=True)
class PartScore:
    """One kind of part in one image.

    Attributes:
        image, kind: names of both.
        iou: of the predicted and the true pixels of that kind.
        accuracy: share of the image's pixels that are rightly in or out.
    """

    image: str
    kind: str
    iou: float
    accuracy: float


@dataclass
class PartEvaluation:
    """Scores of a data set, one row per image and kind of part that is there."""

    rows: list[PartScore] = field(default_factory=list)

    @property
    def mean_iou(self) -> float:
        """mIoU, the mean over images and their kinds; 0 without any."""
        return float(np.mean([row.iou for row in self.rows])) if self.rows else 0.0

    @property
    def mean_accuracy(self) -> float:
        """mACC, likewise."""
        return float(np.mean([row.accuracy for row in self.rows])) if self.rows else 0.0

    @property
    def missed(self) -> float:
        """Share of the rows without a shared pixel."""
        return float(np.mean([row.iou == 0 for row in self.rows])) if self.rows else 0.0

    def kinds(self) -> dict[str, tuple[int, float]]:
        """Per kind its number of rows and their mean IoU, the most frequent first."""
        found: dict[str, list[float]] = {}
        for row in self.rows:
            found.setdefault(row.kind, []).append(row.iou)
        ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
        return {kind: (len(values), float(np.mean(values))) for kind, values in ordered}

    def as_dict(self) -> dict[str, Any]:
        """The figures for a JSON document."""
        kinds = {kind: {"rows": count, "iou": iou} for kind, (count, iou) in self.kinds().items()}
        return {
            "mean_iou": self.mean_iou,
            "mean_accuracy": self.mean_accuracy,
            "missed": self.missed,
            "rows": len(self.rows),
            "kinds": kinds,
        }


def merge_kinds(
    names: Sequence[str], kinds: NDArray[np.int64], masks: NDArray[np.bool_]
) -> dict[str, NDArray[np.bool_]]:
    """The union of the (P, H, W) masks of each kind, by its name."""
    return {names[int(kind)]: masks[kinds == kind].any(0) for kind in np.unique(kinds)}


def score_parts(
    image: str, predicted: Mapping[str, NDArray[np.bool_]], true: Mapping[str, NDArray[np.bool_]]
) -> list[PartScore]:
    """Scores of one image, one for each kind that is truly there.

    A kind that was not predicted has IoU and accuracy 0; what was predicted and is not there counts for nothing,
    as in WPS-SAM's public code. Accuracy is that of all pixels of the image, right background included.

    Raises:
        InputError: masks are of different sizes.
    """
    rows = []
    for kind, mask in true.items():
        answer = predicted.get(kind)
        if answer is None:
            rows.append(PartScore(image, kind, 0.0, 0.0))
            continue
        if answer.shape != mask.shape:
            raise InputError(f"{image}: {kind} is {answer.shape}, its truth {mask.shape}; wanted one size")
        union = int((answer | mask).sum())
        iou = float((answer & mask).sum() / union) if union else 0.0
        rows.append(PartScore(image, kind, iou, float((answer == mask).mean())))
    return rows
