"""Which labels of a ground truth image are objects, and which pixels count for nobody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError


@dataclass(frozen=True)
class LabelRule:
    """How a data set writes its labels.

    Attributes:
        first_object: labels from here on are objects, what is below is background. 1 for label images of this
            project; 2 where 0 is background and 1 the table (uois, OSD, OCID).
        ignore: label of the pixels that count for nobody; None where there is none.

    Raises:
        InputError: `first_object` is below 1, or `ignore` below 0.
    """

    first_object: int = 1
    ignore: int | None = None

    def __post_init__(self) -> None:
        if self.first_object < 1:
            raise InputError(f"first object label is {self.first_object}; wanted 1 or more, since 0 is background")
        if self.ignore is not None and self.ignore < 0:
            raise InputError(f"ignore label is {self.ignore}; wanted 0 or more, or none")

    def objects(self, label: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """(H, W) uint16, the labels of objects as they are, all others 0."""
        return np.where((label >= self.first_object) & ~self.ignored(label), label, np.uint16(0))

    def ignored(self, label: NDArray[np.uint16]) -> NDArray[np.bool_]:
        """(H, W) bool, the pixels that count for nobody."""
        if self.ignore is None:
            return np.zeros(label.shape, bool)
        mask: NDArray[np.bool_] = label == self.ignore
        return mask
