"""Pictures of what a model in training answers to validation frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import UoisSamError
from uois_sam.types import Instances, relabel

_CELL = (240, 320)


def outlined(image: NDArray[np.uint8], objects: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB, the image with the objects of a label image tinted and outlined."""
    return Instances.from_label_image(relabel(objects)).overlay(image)


def heat_picture(
    values: NDArray[np.float32], image: NDArray[np.uint8], peaks: NDArray[np.int64] | None = None
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB, a map of 0 .. 1 over the grey image; peaks are (M, 2) row, column of the map."""
    height, width = image.shape[:2]
    large = cv2.resize(np.clip(values, 0, 1), (width, height), interpolation=cv2.INTER_LINEAR)
    heat = cv2.cvtColor(cv2.applyColorMap((large * 255).astype(np.uint8), cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    picture = cv2.addWeighted(grey, 0.4, heat, 0.6, 0)
    for row, column in peaks if peaks is not None else ():
        x, y = (column + 0.5) * width / values.shape[1], (row + 0.5) * height / values.shape[0]
        cv2.circle(picture, (round(x), round(y)), max(2, width // 160), (0, 255, 120), -1, cv2.LINE_AA)
    return picture.astype(np.uint8)


def save_grid(path: Path, rows: Sequence[Sequence[NDArray[np.uint8]]]) -> None:
    """Write rows of RGB pictures, each fitted into 240 x 320, as one image file.

    Raises:
        UoisSamError: it cannot be written.
    """
    if not rows:
        return
    grid = np.vstack([np.hstack([_cell(picture) for picture in row]) for row in rows])
    if not cv2.imwrite(str(path), cv2.cvtColor(grid, cv2.COLOR_RGB2BGR)):
        raise UoisSamError(f"cannot write {path}")


def _cell(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = min(_CELL[0] / height, _CELL[1] / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    cell = np.zeros((*_CELL, 3), np.uint8)
    cell[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cell
