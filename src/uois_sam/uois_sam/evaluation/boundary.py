"""Boundaries of masks, and how much of one boundary lies near another."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

BoundaryKind = Literal["davis", "contour"]


def boundary_map(mask: NDArray[np.bool_], kind: BoundaryKind = "davis") -> NDArray[np.bool_]:
    """The one pixel wide boundary of a mask.

    Args:
        mask: (H, W) bool.
        kind: "davis" marks pixels that differ from the mask shifted by half a pixel (Martin's seg2bmap, as in the
            DAVIS benchmark, UCN, MSMFormer and UOAIS): it runs half a pixel up and left of the edge, holes count,
            and the border of the image is no edge. "contour" marks the mask's own pixels on its external
            contours (uois): holes do not count, and the border of the image does.

    Returns:
        (H, W) bool.
    """
    if kind == "contour":
        pixels = np.ascontiguousarray(mask, np.uint8)
        contours, _ = cv2.findContours(pixels, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        drawn: NDArray[np.uint8] = np.zeros_like(pixels)
        cv2.drawContours(drawn, contours, -1, 1, 1)
        return drawn > 0
    edge = np.zeros(mask.shape, bool)
    right = mask[:, :-1] ^ mask[:, 1:]
    below = mask[:-1] ^ mask[1:]
    edge[:, :-1] |= right
    edge[:-1] |= below
    edge[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return edge


def tolerance(shape: tuple[int, int], fraction: float = 0.003) -> int:
    """Pixels by which boundaries may miss each other in an image of (H, W): 0.003 of the diagonal, rounded up."""
    return math.ceil(fraction * math.hypot(*shape))


def near(boundary: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """(H, W) bool, the pixels within `radius` pixels (Euclidean) of a boundary: its dilation with a disk."""
    offsets = np.arange(-radius, radius + 1)
    disk = (offsets[:, None] ** 2 + offsets**2 <= radius**2).astype(np.uint8)
    return cv2.dilate(boundary.astype(np.uint8), disk) > 0
