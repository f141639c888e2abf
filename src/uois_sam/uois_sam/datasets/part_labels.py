"""What is known of the parts of a frame, and the data sets that know it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.labelled import LabelledDataset
from uois_sam.errors import InputError


@dataclass(frozen=True)
class PartLabels:
    """The labelled parts of one frame.

    Attributes:
        kinds: (P,) int64, index of each part's name in the data set's `part_names`.
        boxes: (P, 4) float32, x0, y0, x1, y1 in pixels; the edges of the outermost pixels, so that x1 - x0 is the
            width.
        masks: (P, H, W) bool, or None where only boxes are known.

    Raises:
        InputError: the fields have not one row per part, or a box has no area.
    """

    kinds: NDArray[np.int64]
    boxes: NDArray[np.float32]
    masks: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        count = len(self.kinds)
        if self.kinds.shape != (count,) or self.boxes.shape != (count, 4):
            raise InputError(f"{self.kinds.shape} kinds and {self.boxes.shape} boxes; wanted (P,) and (P, 4)")
        if self.masks is not None and (self.masks.ndim != 3 or len(self.masks) != count):
            raise InputError(f"{count} parts have masks of {self.masks.shape}; wanted ({count}, H, W)")
        if not (np.isfinite(self.boxes).all() and (self.boxes[:, 2:] > self.boxes[:, :2]).all()):
            raise InputError("a part's box has no area; wanted x0 < x1 and y0 < y1 in pixels")

    @classmethod
    def from_masks(cls, kinds: NDArray[np.int64], masks: NDArray[np.bool_]) -> PartLabels:
        """Parts with the boxes of their (P, H, W) bool masks.

        Raises:
            InputError: a mask is empty.
        """
        boxes = np.zeros((len(masks), 4), np.float32)
        for k, mask in enumerate(masks):
            columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
            if len(rows) == 0:
                raise InputError(f"mask {k} of {len(masks)} parts is empty; leave such parts out")
            boxes[k] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        return cls(kinds, boxes, masks)

    @property
    def points(self) -> NDArray[np.float32]:
        """(P, 2) float32, x, y of the boxes' centres in pixels, whose own centres lie at integers."""
        return ((self.boxes[:, :2] + self.boxes[:, 2:]) / 2 - 0.5).astype(np.float32)

    def __len__(self) -> int:
        return len(self.kinds)


class PartDataset(LabelledDataset):
    """Frames whose parts are labelled; `parts` reads the labels of a frame without its image.

    Attributes:
        part_names: what the kinds of `PartLabels` mean.
    """

    def __init__(self, path: Path, names: list[str], part_names: tuple[str, ...]) -> None:
        super().__init__(path, names, LabelRule())
        self.part_names = part_names

    @abstractmethod
    def parts(self, index: int) -> PartLabels:
        """The parts of the frame of `names[index]`; InputError where a file of it is unusable."""
