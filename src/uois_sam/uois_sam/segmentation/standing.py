"""Prompts from depth alone: what stands on the table and has no peak of the heatmap on it.

The heatmap misses things that are small or unlike those it was trained on (UOIS-SAM, section IV-C, failure modes);
where depth is good they still stand out of the table.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

_MIN_CELLS = 4
_MAX_SHARE = 0.1
"""Larger pieces, as a share of the image, are walls, shelves or whole heaps, which have peaks or need none."""
_SMOOTH = 0.5
"""Cells with more of a depth edge separate pieces; a cell's edge is that of its pixels, on average."""


def standing_points(
    geometry: Tensor, peaks: Tensor, shape: tuple[int, int], min_height: float, limit: int
) -> Tensor:
    """Cells well inside pieces that stand above the table and hold no peak.

    Args:
        geometry: (1, 7, h, w) `geometry_channels` over the image.
        peaks: (M, 2) int64, row and column of the cells that are prompts already.
        shape: rows and columns of the map that the cells belong to.
        min_height: metres above the table.
        limit: most points to give; the largest pieces first.

    Returns:
        (K, 2) int64, row and column.
    """
    maps = F.interpolate(geometry, size=shape, mode="area")[0].cpu().numpy()
    height, edge, measured = maps[0] * 0.1, maps[5], maps[6]
    solid = (measured > 0.5) & (height > min_height) & (edge < _SMOOTH)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=4)
    free = np.ones(count, bool)
    free[0] = False
    free[np.unique(pieces[_around(peaks.cpu().numpy(), shape)])] = False
    area = stats[:, cv2.CC_STAT_AREA]
    free &= (area >= _MIN_CELLS) & (area <= _MAX_SHARE * solid.size)
    free &= ~_at_border(stats, shape)
    chosen = sorted(np.flatnonzero(free), key=lambda piece: -int(area[piece]))[: max(limit, 0)]
    return (
        torch.tensor([_middle(pieces == piece) for piece in chosen], dtype=torch.long).view(-1, 2).to(peaks.device)
    )


def _around(cells: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w) the cells and their neighbours."""
    near = np.zeros(shape, np.uint8)
    near[cells[:, 0], cells[:, 1]] = 1
    return cv2.dilate(near, np.ones((3, 3), np.uint8)) > 0


def _at_border(stats: NDArray[np.int32], shape: tuple[int, int]) -> NDArray[np.bool_]:
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    return np.asarray((left == 0) | (top == 0) | (right == shape[1]) | (bottom == shape[0]))


def _middle(piece: NDArray[np.bool_]) -> tuple[int, int]:
    """Row and column of the cell furthest from the piece's outline."""
    inside = cv2.distanceTransform(np.pad(piece, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    row, column = np.unravel_index(int(inside.argmax()), piece.shape)
    return int(row), int(column)
