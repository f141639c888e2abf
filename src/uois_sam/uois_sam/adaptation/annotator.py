"""A simulated person who clicks where the mask is most wrong (Schön et al., 2024, 3.1; Sofiiuk et al., 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.adaptation.interactive import Click
from uois_sam.errors import InputError


@dataclass(frozen=True)
class Target:
    """An object that is to be segmented.

    Attributes:
        truth: (H, W) bool, its true mask; not empty.
        void: (H, W) bool, pixels that count for nobody.

    Raises:
        InputError: the arrays are not as described, or every pixel of the object is void.
    """

    truth: NDArray[np.bool_]
    void: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.truth.ndim != 2 or self.truth.shape != self.void.shape:
            raise InputError(
                f"truth is {self.truth.shape}, void {self.void.shape}; wanted two masks of the image's size"
            )
        if self.truth.dtype != np.bool_ or self.void.dtype != np.bool_:
            raise InputError(f"truth is {self.truth.dtype}, void {self.void.dtype}; wanted bool")
        if not (self.truth & ~self.void).any():
            raise InputError("the object has no pixel that counts; leave it out")

    def iou(self, mask: NDArray[np.bool_]) -> float:
        """IoU of a mask (H, W) bool with the truth, void pixels left out."""
        counted = ~self.void
        shared = np.count_nonzero(mask & self.truth & counted)
        return shared / np.count_nonzero((mask | self.truth) & counted)


class SimulatedAnnotator:
    """Clicks on one object.

    The next click is the pixel that lies deepest within what is missing from the mask or is too much in it, by the
    Euclidean distance transform of both; the border of the image bounds them too. No pixel is clicked twice.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._clickable = np.ones(target.truth.shape, bool)

    def next_click(self, mask: NDArray[np.bool_]) -> Click | None:
        """Where to click on a mask (H, W) bool; None where every wrong pixel was clicked, or none is wrong."""
        counted = ~self.target.void
        missing, y, x = self._deepest(self.target.truth & ~mask & counted)
        spare, spare_y, spare_x = self._deepest(mask & ~self.target.truth & counted)
        if missing <= 0 and spare <= 0:
            return None
        positive = missing > spare
        if not positive:
            y, x = spare_y, spare_x
        self._clickable[y, x] = False
        return Click(float(x), float(y), positive)

    def _deepest(self, wrong: NDArray[np.bool_]) -> tuple[float, int, int]:
        """Depth in pixels, row and column of the first deepest pixel that may be clicked; depth 0 for none."""
        left, top, width, height = cv2.boundingRect(wrong.astype(np.uint8))
        if width == 0:
            return 0.0, 0, 0
        box = slice(top, top + height), slice(left, left + width)
        padded = np.pad(wrong[box], 1).astype(np.uint8)
        depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        depth = depth * self._clickable[box]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        return float(depth[row, column]), top + int(row), left + int(column)
