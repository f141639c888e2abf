"""Ids by overlap with the frame before alone: what tracking is compared with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instances

_LEAST = 0.05
"""Least IoU of a pair; of 0.05, 0.1, 0.3 and 0.5 the one that served this method best on other sequences."""


class IouMatcher:
    """Gives an instance the id of that of the last frame which its mask overlaps most, or a new one."""

    def __init__(self) -> None:
        self._last: Instances | None = None
        self._next = 1

    def update(self, frame: EmbeddedFrame, instances: Instances, stamp: int | None = None) -> Instances:
        """The instances of the next frame with their ids; `frame` and `stamp` are not looked at."""
        ids = np.zeros(len(instances), np.int64)
        if self._last is not None and self._last.label_image.shape == instances.label_image.shape:
            before, now = len(self._last) + 1, len(instances) + 1
            pairs = self._last.label_image.astype(np.int64) * now + instances.label_image
            shared = np.bincount(pairs.ravel(), minlength=before * now).reshape(before, now)
            iou = (shared / np.maximum(shared.sum(1, keepdims=True) + shared.sum(0) - shared, 1))[1:, 1:]
            rows, columns = linear_sum_assignment(-iou)
            good = iou[rows, columns] > _LEAST
            ids[columns[good]] = self._last.id[rows[good]]
        new = np.flatnonzero(ids == 0)
        ids[new] = np.arange(self._next, self._next + len(new))
        self._next += len(new)
        self._last = replace(instances, id=ids)
        return self._last
