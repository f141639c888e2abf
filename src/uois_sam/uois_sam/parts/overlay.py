"""Parts drawn on the image that they were found in."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.types import Parts

_NEVER, _IF_NEED_BE, _GLADLY = (214, 39, 40), (240, 200, 20), (30, 170, 70)  # RGB
_GLAD = 0.75
_OPACITY = 0.55


def overlay_parts(image: NDArray[np.uint8], parts: Parts) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB, each part tinted and outlined by how gladly a gripper may hold it.

    Green from a preference of 0.75 on, yellow below, red for none at all. The smaller lies on top.
    """
    labels = parts.label_image()
    colours = np.zeros((len(parts) + 1, 3), np.uint8)
    for k, part in enumerate(parts, start=1):
        colours[k] = _NEVER if not part.graspable else _GLADLY if part.preference >= _GLAD else _IF_NEED_BE
    tint = colours[labels]
    out = np.where((labels > 0)[..., None], cv2.addWeighted(image, 1 - _OPACITY, tint, _OPACITY, 0), image)
    kernel = np.ones((3, 3), np.uint8)
    edge = (cv2.dilate(labels, kernel) != cv2.erode(labels, kernel)) & (labels > 0)
    out[edge] = tint[edge]
    return np.ascontiguousarray(out, dtype=np.uint8)
