"""Square windows around things, which may reach beyond the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Crop:
    """A square window of an image: its upper left pixel, which may lie outside, and its side in pixels."""

    x: int
    y: int
    side: int

    def cut(self, array: NDArray[Any], fill: float) -> NDArray[Any]:
        """(side, side, ...) of an (H, W, ...) array; what lies outside the image is `fill`."""
        out = np.full((self.side, self.side, *array.shape[2:]), fill, array.dtype)
        (ys, yt), (xs, xt) = self._overlap(array.shape[0], self.y), self._overlap(array.shape[1], self.x)
        out[yt, xt] = array[ys, xs]
        return out

    def paste(self, window: NDArray[Any], size: tuple[int, int], fill: float) -> NDArray[Any]:
        """(H, W) of `size` with a (side, side) window in its place, and `fill` beside it."""
        out = np.full(size, fill, window.dtype)
        (ys, yt), (xs, xt) = self._overlap(size[0], self.y), self._overlap(size[1], self.x)
        out[ys, xs] = window[yt, xt]
        return out

    def _overlap(self, length: int, start: int) -> tuple[slice, slice]:
        """Along one axis: the part of the image that the window covers, and where it lies in the window."""
        low = min(max(start, 0), length)
        high = max(low, min(start + self.side, length))
        return slice(low, high), slice(low - start, high - start)


def crop_around(bbox: tuple[int, int, int, int], margin: float) -> Crop:
    """The square around a box x, y, w, h with `margin` times its longer side left free on each side."""
    x, y, w, h = bbox
    side = max(1, round(max(w, h) * (1 + 2 * margin)))
    return Crop(round(x + w / 2 - side / 2), round(y + h / 2 - side / 2), side)
