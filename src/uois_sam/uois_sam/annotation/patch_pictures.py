"""Pictures of patches with what is around them, as a person is shown them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.parts.guided_sam.patches import PatchGrid

_PATCH = 48  # pixels of a patch's side in the picture of a crop
_AROUND = 1.0  # patches shown on either side
_LONG_SIDE = 1400
_GREY = 96
_DIMMED = 0.6
_QUALITY = 90


class PatchPictures:
    """Images of a folder, kept small and compressed, from which crops are cut."""

    def __init__(self, grid: PatchGrid) -> None:
        self._grid = grid
        self._images: list[bytes] = []
        self._decode = lru_cache(64)(self._decoded)

    def __len__(self) -> int:
        return len(self._images)

    def add(self, image: NDArray[np.uint8]) -> None:
        """Keep an (H, W, 3) uint8 RGB image; it gets the next number."""
        height, width = image.shape[:2]
        scale = min(1.0, _LONG_SIDE / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        self._images.append(_jpeg(small[..., ::-1]))

    def patch(self, image: int, patch: int) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 RGB of a patch alone."""
        pixels = self._decode(image)
        x0, y0, x1, y1 = self._box(pixels, patch)
        return pixels[y0:y1, x0:x1]

    def crop(self, image: int, patch: int) -> bytes:
        """JPEG of a patch, framed, with a patch's size of its dimmed surroundings on every side."""
        pixels = self._decode(image)
        x0, y0, x1, y1 = self._box(pixels, patch)
        wide, high = x1 - x0, y1 - y0
        beside, above = round(_AROUND * wide), round(_AROUND * high)
        padded = cv2.copyMakeBorder(
            pixels, above, above, beside, beside, cv2.BORDER_CONSTANT, value=(_GREY, _GREY, _GREY)
        )
        cut = padded[y0 : y0 + high + 2 * above, x0 : x0 + wide + 2 * beside]
        scale = _PATCH / max(wide, high)
        size = (round(cut.shape[1] * scale), round(cut.shape[0] * scale))
        shown = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        left, top = round(beside * scale), round(above * scale)
        right, bottom = left + round(wide * scale), top + round(high * scale)
        dimmed = (shown * _DIMMED).astype(np.uint8)
        dimmed[top:bottom, left:right] = shown[top:bottom, left:right]
        return _framed(dimmed, (left, top), (right, bottom))

    def whole(self, image: int, patch: int) -> bytes:
        """JPEG of the whole image with a patch framed."""
        pixels = self._decode(image)
        x0, y0, x1, y1 = self._box(pixels, patch)
        return _framed(pixels.copy(), (x0, y0), (x1, y1))

    def _box(self, pixels: NDArray[np.uint8], patch: int) -> tuple[int, int, int, int]:
        """Edges x0, y0, x1, y1 in whole pixels, one at least, within the image."""
        height, width = pixels.shape[:2]
        x0, y0, x1, y1 = (round(float(v)) for v in self._grid.boxes((0, 0, width, height))[patch])
        x0, y0 = min(x0, width - 1), min(y0, height - 1)
        return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)

    def _decoded(self, image: int) -> NDArray[np.uint8]:
        decoded: Any = cv2.imdecode(np.frombuffer(self._images[image], np.uint8), cv2.IMREAD_COLOR)
        return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _framed(image: NDArray[np.generic], low: tuple[int, int], high: tuple[int, int]) -> bytes:
    """JPEG with a rectangle that is seen on light and on dark."""
    framed = np.ascontiguousarray(image[..., ::-1])
    corner = (high[0] - 1, high[1] - 1)
    cv2.rectangle(framed, low, corner, (0, 0, 0), 3)
    cv2.rectangle(framed, low, corner, (255, 255, 255), 1)
    return _jpeg(framed)


def _jpeg(image: NDArray[np.generic]) -> bytes:
    """Bytes of (H, W, 3) in BGR order."""
    return cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
