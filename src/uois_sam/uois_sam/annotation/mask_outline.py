"""Outlines of masks, as a browser draws them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.coco_rle import decode_rle


@dataclass(frozen=True)
class Outline:
    """Attributes:
    path: SVG's path data, in pixels whose centres lie at halves; holes by the even-odd rule.
    anchor: x, y in the same pixels, deepest inside the mask.
    """

    path: str
    anchor: tuple[float, float]


@lru_cache(512)
def outline(counts: str, size: tuple[int, int]) -> Outline:
    """The outline of a run-length coded mask of H, W pixels; without a path where it has no pixel."""
    mask = decode_rle({"size": list(size), "counts": counts}, size)
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(ys):
        return Outline("", (size[1] / 2, size[0] / 2))
    x0, y0 = int(xs[0]), int(ys[0])
    crop = mask[y0 : ys[-1] + 1, x0 : xs[-1] + 1].astype(np.uint8)
    found, _ = cv2.findContours(crop, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    corner = np.array([x0 + 0.5, y0 + 0.5])
    path = " ".join(_path(contour.reshape(-1, 2).astype(np.float64) + corner) for contour in found)
    depth = cv2.distanceTransform(np.pad(crop, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return Outline(path, (x0 + float(x) + 0.5, y0 + float(y) + 0.5))


def _path(corners: NDArray[np.float64]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in corners.tolist()) + "Z"
