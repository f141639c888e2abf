"""Which depth pixels are points of a surface, and which belong to one thing, told on the image's grid.

A pixel that sees two surfaces at a depth edge reports a point between them (a flying pixel, veil point). As in
the scan shadow filter of ROS's laser_filters, two neighbouring points are taken for one surface unless the line
through them nearly passes through the camera.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.types import Camera

MIN_SUPPORT = 4
"""A pixel needs this many of its 8 neighbours on its surface; the rim of a surface has 5, a corner 3 to 4."""

MIN_PIECE = 0.02
"""Pieces smaller than this part of the largest are specks."""


def jump_limit(depth: NDArray[np.float32], camera: Camera, edge_angle: float) -> NDArray[np.float32]:
    """Largest difference of depth between neighbouring pixels of one surface.

    Two points one pixel apart lie z / f apart across the ray; at a difference d along it, the line through them
    meets the ray at the angle atan(z / f / d).

    Args:
        depth: (H, W) float32, metres.
        edge_angle: smallest such angle within a surface, degrees.

    Returns:
        (H, W) float32, metres.
    """
    focal = (camera.fx + camera.fy) / 2
    return depth * np.float32(1 / (focal * np.tan(np.radians(edge_angle))))


def supported(
    depth: NDArray[np.float32], measured: NDArray[np.bool_], limit: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """The measured pixels that have at least `MIN_SUPPORT` measured neighbours on their surface.

    Args:
        depth: (H, W) float32, metres.
        measured: (H, W) bool.
        limit: (H, W) float32, metres, of `jump_limit`.

    Returns:
        (H, W) bool.
    """
    return measured & (_linked_neighbours(depth, measured, limit) >= MIN_SUPPORT)


def without_strands(
    depth: NDArray[np.float32], mask: NDArray[np.bool_], limit: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """The mask without what is less than 3 px wide between its outline and the depth edges in it.

    That is the part of a mask which spills over its thing's edge: a strand of the surface behind. A thing of which
    less than half would be left is thin itself, and stays whole.

    Args:
        depth: (H, W) float32, metres.
        mask: (H, W) bool, of measured pixels.
        limit: (H, W) float32, metres, of `jump_limit`.

    Returns:
        (H, W) bool, part of the mask.
    """
    inner = mask & (_linked_neighbours(depth, mask, limit) == 8)
    opened = cv2.dilate(inner.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return opened if 2 * np.count_nonzero(opened) >= np.count_nonzero(mask) else mask


def main_pieces(
    depth: NDArray[np.float32], mask: NDArray[np.bool_], limit: NDArray[np.float32], gap: float
) -> NDArray[np.bool_]:
    """The largest piece of a mask, and those of about its depth.

    A thing seen behind another may be in several pieces side by side, while a mask that spills over its thing's
    edge takes in pieces far behind it. Pixels are of one piece where a chain of 4-neighbours without a depth edge
    joins them.

    Args:
        depth: (H, W) float32, metres.
        mask: (H, W) bool, of measured pixels.
        limit: (H, W) float32, metres, of `jump_limit`.
        gap: largest distance of a piece's range of depths from that of the largest piece, metres.

    Returns:
        (H, W) bool, part of the mask.
    """
    if not mask.any():
        return mask
    height, width = mask.shape
    grid = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)  # pixels, and between them what joins them
    grid[::2, ::2] = mask
    for dy, dx in ((0, 1), (1, 0)):
        here, there = _pair(mask.shape, dy, dx)
        grid[dy::2, dx::2] = mask[here] & mask[there] & (np.abs(depth[here] - depth[there]) <= limit[here])
    _, label = cv2.connectedComponents(grid, connectivity=4)
    piece = label[::2, ::2][mask] - 1
    sizes = np.bincount(piece)
    order = np.argsort(piece, kind="stable")
    z, starts = depth[mask][order], np.cumsum(sizes) - sizes
    nearest, farthest = np.minimum.reduceat(z, starts), np.maximum.reduceat(z, starts)
    largest = int(sizes.argmax())
    apart = np.maximum(nearest - farthest[largest], nearest[largest] - farthest)
    kept = (apart <= gap) & (sizes >= MIN_PIECE * sizes[largest])
    out = np.zeros(mask.shape, bool)
    out[mask] = kept[piece]
    return out


def without_rim(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The mask without a rim of `width` px; the mask itself where that would take more than half of it."""
    if width == 0:
        return mask
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    border = cv2.BORDER_CONSTANT
    eroded = cv2.erode(mask.astype(np.uint8), kernel, borderType=border, borderValue=0).astype(bool)
    return eroded if 2 * np.count_nonzero(eroded) >= np.count_nonzero(mask) else mask


def _linked_neighbours(
    depth: NDArray[np.float32], mask: NDArray[np.bool_], limit: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """(H, W) uint8, how many of the 8 neighbours of each pixel of the mask are in the mask and on its surface."""
    z = np.where(mask, depth, np.float32(np.nan))
    count = np.zeros(depth.shape, np.uint8)
    # Each pair of neighbours is looked at once and counts for both.
    for dy, dx, reach in ((0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.4142), (1, -1, 1.4142)):
        here, there = _pair(depth.shape, dy, dx)
        near = np.abs(z[here] - z[there]) <= limit[here] * np.float32(reach)
        count[here] += near
        count[there] += near
    return count


def _pair(shape: tuple[int, ...], dy: int, dx: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Slices of all pixels that have a neighbour at (dy, dx), and of those neighbours."""
    height, width = shape
    y0, y1 = slice(0, height - dy), slice(dy, height)
    if dx >= 0:
        return (y0, slice(0, width - dx)), (y1, slice(dx, width))
    return (y0, slice(-dx, width)), (y1, slice(0, width + dx))
