"""Keeps pictures of the images on which a segmentation is worst."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uois_sam.commands.report.document import Picture, embedded
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.evaluation.metrics import name_by_match
from uois_sam.evaluation.results import ImageScores, badness
from uois_sam.types import Frame, relabel, tint_labels

_WIDTH = 640  # pixels of a picture in the page
_IGNORED = 0.3  # brightness of pixels that count for nobody


@dataclass(frozen=True)
class WorstImage:
    """An image's scores, and the image, its prediction and its truth as pictures."""

    row: ImageScores
    pictures: tuple[Picture, ...]


class WorstImages:
    """The worst images seen so far, worst first, as `Evaluation.worst` sorts them.

    Args:
        count: how many to keep.
        rule: which labels of the truth are objects.
    """

    def __init__(self, count: int, rule: LabelRule) -> None:
        self._count = count
        self._rule = rule
        self._kept: list[WorstImage] = []

    def see(self, frame: Frame, prediction: NDArray[np.integer], row: ImageScores) -> None:
        """Keep the frame if it is among the worst; `prediction` is its (H, W) label image."""
        if len(self._kept) == self._count and badness(row) >= badness(self._kept[-1].row):
            return
        insort(self._kept, WorstImage(row, self._pictures(frame, prediction)), key=lambda kept: badness(kept.row))
        del self._kept[self._count :]

    def worst(self) -> list[WorstImage]:
        """What is kept now."""
        return list(self._kept)

    def _pictures(self, frame: Frame, prediction: NDArray[np.integer]) -> tuple[Picture, ...]:
        assert frame.label is not None  # an image without truth has no scores
        truth = relabel(self._rule.objects(frame.label))
        ignored = self._rule.ignored(frame.label)
        found = name_by_match(np.where(ignored, 0, prediction), truth)

        def shown(labels: NDArray[np.uint16], what: str) -> Picture:
            count = len(np.unique(labels[labels > 0]))
            caption = f"{what}: {count} object{'' if count == 1 else 's'}"
            tinted = tint_labels(frame.image, labels)
            tinted[ignored] = (_IGNORED * tinted[ignored]).astype(np.uint8)
            return Picture(embedded(tinted, _WIDTH), caption)

        image = Picture(embedded(frame.image, _WIDTH), "image")
        return image, shown(found, "prediction"), shown(truth, "truth")
