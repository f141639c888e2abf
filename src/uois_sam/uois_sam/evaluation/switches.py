"""Identity switches of a sequence of segmentations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.types import relabel

MATCHED_ABOVE = 0.5
"""IoU of a true object with its match; above it no two predictions can match the same object."""


class IdentitySwitches:
    """Counts how often a true object gets another identity than the last time it was found.

    The IDSW of the CLEAR MOT measures (Bernardin & Stiefelhagen, 2008), with masks matched frame by frame where
    their IoU is above `MATCHED_ABOVE`. An object that was lost for a while and comes back under another identity
    has switched too. It is only a measure where the labels of the truth mean the same objects in all frames.

    Attributes:
        count: so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[int, int] = {}

    def see(self, truth: NDArray[np.uint16], prediction: NDArray[np.uint16], ids: Sequence[int]) -> int:
        """Take the next frame.

        Args:
            truth: (H, W) uint16, positive labels are objects, the same ones in every frame.
            prediction: (H, W) uint16, label k has the identity `ids[k - 1]`.
            ids: of the instances.

        Returns:
            Switches of this frame.

        Raises:
            InputError: the shapes differ, or a label has no id.
        """
        if truth.shape != prediction.shape or int(prediction.max(initial=0)) > len(ids):
            raise InputError(
                f"prediction is {prediction.shape} with labels to {prediction.max(initial=0)}; "
                f"wanted {truth.shape} and labels to {len(ids)}"
            )
        objects = np.unique(truth[truth > 0])
        columns = len(ids) + 1
        pairs = relabel(truth).ravel() * np.int64(columns) + prediction.ravel()
        shared = np.bincount(pairs, minlength=(len(objects) + 1) * columns).reshape(-1, columns)
        switches = 0
        for row, name in enumerate(objects.tolist(), 1):
            union = shared[row].sum() + shared[:, 1:].sum(0) - shared[row, 1:]
            matched = np.flatnonzero(shared[row, 1:] > MATCHED_ABOVE * union)
            if len(matched) == 0:
                continue
            found = int(ids[int(matched[0])])
            switches += self._last.get(name, found) != found
            self._last[name] = found
        self.count += switches
        return switches
