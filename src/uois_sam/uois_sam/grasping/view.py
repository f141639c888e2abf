"""Draws a point cloud from any side, for reports."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError

_BACKGROUND = 255
_FILL = 0.92


def render_cloud(
    points: NDArray[np.float32],
    colours: NDArray[np.uint8],
    size: tuple[int, int],
    azimuth: float = 0.0,
    elevation: float = 0.0,
) -> NDArray[np.uint8]:
    """Draw points as small squares, nearer ones over farther ones, in parallel projection that fills the picture.

    Args:
        points: (N, 3) float, metres, optical frame (x right, y down, z forward).
        colours: (N, 3) uint8 RGB.
        size: (width, height) of the picture, px.
        azimuth: degrees by which the viewer walks around the cloud, to its right; 0 is the camera's side.
        elevation: degrees by which the viewer rises above the camera's view.

    Returns:
        (height, width, 3) uint8 RGB on white.

    Raises:
        InputError: sizes do not fit, or a point is not finite.
    """
    width, height = size
    if width < 1 or height < 1:
        raise InputError(f"picture size is {width} x {height}; wanted a positive width and height")
    if points.ndim != 2 or points.shape[1] != 3 or colours.shape != points.shape:
        raise InputError(f"points are {points.shape}, colours {colours.shape}; wanted (N, 3) each")
    if not np.isfinite(points).all():
        raise InputError("a point of the cloud is not finite; draw measured points only")
    picture = np.full((height, width, 3), _BACKGROUND, np.uint8)
    if len(points) == 0:
        return picture
    low, high = points.min(0), points.max(0)
    turned = (points - (low + high) / 2) @ _turn(azimuth, elevation).T
    extent = np.maximum(np.ptp(turned[:, :2], axis=0), 1e-6)
    middle = (turned[:, :2].max(0) + turned[:, :2].min(0)) / 2
    scale = _FILL * min(width / extent[0], height / extent[1])
    x = np.round((turned[:, 0] - middle[0]) * scale + (width - 1) / 2).astype(np.int64)
    y = np.round((turned[:, 1] - middle[1]) * scale + (height - 1) / 2).astype(np.int64)
    far_first = np.argsort(-turned[:, 2], kind="stable")
    x, y, colour = x[far_first], y[far_first], colours[far_first]
    rank = np.arange(1, len(points) + 1)
    top = np.zeros((height, width), np.int64)
    dot = _dot(len(points), extent, scale)
    for dy in range(dot):
        for dx in range(dot):
            px, py = x + dx - dot // 2, y + dy - dot // 2
            inside = (px >= 0) & (px < width) & (py >= 0) & (py < height)
            layer = np.zeros_like(top)
            layer[py[inside], px[inside]] = rank[inside]  # the last one written is the nearest
            np.maximum(top, layer, out=top)
    drawn = top > 0
    picture[drawn] = colour[top[drawn] - 1]
    return picture


def _dot(count: int, extent: NDArray[np.float32], scale: float) -> int:
    """Edge of a point's square in px, so that a cloud which fills its frame evenly has few holes."""
    area = float(extent[0] * extent[1]) * scale**2
    return int(np.clip(np.ceil(1.3 * np.sqrt(area / count)), 1, 9))


def _turn(azimuth: float, elevation: float) -> NDArray[np.float64]:
    """(3, 3) rotation of points that stands for a viewer who walks right and rises, both in degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    around = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    above = np.array([[1, 0, 0], [0, np.cos(e), -np.sin(e)], [0, np.sin(e), np.cos(e)]])
    return above @ around
