"""What clicks and a result mask say of each pixel, for the loss: 1 object, 0 background, -1 unknown."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.adaptation.interactive import Click
from uois_sam.adaptation.settings import AdaptationSettings

OBJECT, BACKGROUND, UNKNOWN = 1, 0, -1

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def click_labels(clicks: Sequence[Click], size: tuple[int, int]) -> NDArray[np.int8]:
    """(H, W) int8 of the clicked pixels (eq. 1); of two clicks on one pixel the later counts. `size` is H, W."""
    labels = np.full(size, UNKNOWN, np.int8)
    _mark(labels, clicks)
    return labels


def mask_labels(mask: NDArray[np.bool_], erosions: int) -> NDArray[np.int8]:
    """(H, W) int8 of a result mask without its borders (eq. 3 to 5).

    Args:
        mask: (H, W) bool.
        erosions: k, how often object and background, each for itself, are eroded by the 3 x 3 cross; 0 leaves the
            mask untreated. The border of the image takes nothing away.
    """
    labels = np.full(mask.shape, BACKGROUND, np.int8)
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    margin = erosions + 1
    rows = slice(max(0, top - margin), top + height + margin)
    columns = slice(max(0, left - margin), left + width + margin)
    near = mask[rows, columns]
    inside = cv2.erode(near.astype(np.uint8), _CROSS, iterations=erosions) > 0
    outside = cv2.erode((~near).astype(np.uint8), _CROSS, iterations=erosions) > 0
    labels[rows, columns] = np.where(inside, OBJECT, np.where(outside, BACKGROUND, UNKNOWN))
    return labels


def result_labels(
    mask: NDArray[np.bool_], clicks: Sequence[Click], settings: AdaptationSettings
) -> NDArray[np.int8] | None:
    """(H, W) int8 that an object which is done teaches: RM and CM merged, a click going before the mask.

    None where the settings have neither.
    """
    if settings.result_mask == "off":
        return click_labels(clicks, mask.shape) if settings.click_mask else None
    labels = mask_labels(mask, settings.erosions if settings.result_mask == "eroded" else 0)
    if settings.click_mask:
        _mark(labels, clicks)
    return labels


def _mark(labels: NDArray[np.int8], clicks: Sequence[Click]) -> None:
    for click in clicks:
        labels[round(click.y), round(click.x)] = OBJECT if click.positive else BACKGROUND
