"""A geometric baseline without learning: what rises above the plane, cut at depth edges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.sam.geometry import Plane, back_project, fit_plane
from uois_sam.types import Camera, Frame, relabel

MIN_HEIGHT = 0.01
"""Metres above the plane from where on something stands on it; a depth camera's noise on the table lies below."""
EDGE = 0.02
"""Step between neighbouring pixels that parts two objects, as a fraction of the depth."""
MIN_PIXELS = 300
"""Smallest object at 480 x 640, scaled with the area of the image."""


def segment_frame(frame: Frame) -> NDArray[np.uint16]:
    """`segment_by_geometry` of a frame.

    Raises:
        InputError: the frame has no depth or no intrinsics.
    """
    if frame.depth is None or frame.camera is None:
        raise InputError(f"frame {frame.name!r} has no depth or no intrinsics; the geometric baseline needs both")
    return segment_by_geometry(frame.depth, frame.camera)


def segment_by_geometry(depth: NDArray[np.float32], camera: Camera) -> NDArray[np.uint16]:
    """Objects on the dominant plane: remove the plane, cut the rest at depth edges, keep connected regions.

    The baseline that a learned segmentation from depth has to beat; it parts no objects that touch without a step
    in depth.

    Args:
        depth: (H, W) float32, metres, 0 where unknown.
        camera: intrinsics of the depth map.

    Returns:
        (H, W) uint16, 0 background, 1 .. N objects; empty where no plane is found.

    Raises:
        InputError: the depth map is not (H, W), or the camera is for another size.
    """
    if depth.shape != (camera.height, camera.width):
        raise InputError(
            f"depth is {depth.shape}, its camera ({camera.height}, {camera.width}); give depth's own intrinsics"
        )
    measured = depth > 0
    points = back_project(depth, camera)
    plane = fit_plane(points[measured])
    if plane is None:
        return np.zeros(depth.shape, np.uint16)
    height = points @ plane.normal + np.float32(plane.offset)
    standing = measured & (height > MIN_HEIGHT)
    table = _largest_region(measured & (np.abs(height) < MIN_HEIGHT))
    standing[standing] = _over_table(points[standing], points[table], plane)
    seeds = _components(standing & ~_edges(depth, measured), MIN_PIXELS * depth.size // (480 * 640))
    return np.where(standing, _nearest(seeds), np.uint16(0))


def _largest_region(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    _, regions, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if len(stats) < 2:
        return mask
    largest: NDArray[np.bool_] = regions == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
    return largest


def _over_table(points: NDArray[np.float32], table: NDArray[np.float32], plane: Plane) -> NDArray[np.bool_]:
    """(N,) bool, which of (N, 3) points have their foot in the convex hull of the table's (M, 3) points."""
    inside = np.ones(len(points), bool)
    if not len(table):
        return ~inside
    across = np.linalg.svd(plane.normal[None])[2][1:].T
    feet = points @ across
    hull = cv2.approxPolyDP(cv2.convexHull(table @ across), MIN_HEIGHT, True)[:, 0]
    turn = np.sign(cv2.contourArea(hull, True))
    for start, end in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        side, away = end - start, feet - start
        inside &= turn * (side[0] * away[:, 1] - side[1] * away[:, 0]) >= 0
    return inside


def _edges(depth: NDArray[np.float32], measured: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(H, W) bool, pixels with a step in depth to a measured neighbour."""
    kernel = np.ones((3, 3), np.uint8)
    farthest = cv2.dilate(depth, kernel)
    nearest = cv2.erode(np.where(measured, depth, np.float32(np.inf)).astype(np.float32), kernel)
    return measured & (farthest - nearest > EDGE * depth)


def _components(mask: NDArray[np.bool_], min_pixels: int) -> NDArray[np.uint16]:
    _, components, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    large = stats[:, cv2.CC_STAT_AREA] >= min_pixels
    large[0] = False
    return relabel(np.where(large[components], components, 0))


def _nearest(seeds: NDArray[np.uint16], reach: float = 10) -> NDArray[np.uint16]:
    """(H, W) uint16, the label of the nearest labelled pixel within `reach` pixels, else 0."""
    if not seeds.any():
        return seeds
    background = (seeds == 0).astype(np.uint8)
    distance, cells = cv2.distanceTransformWithLabels(
        background, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    lookup = np.zeros(int(cells.max()) + 1, np.uint16)
    lookup[cells[seeds > 0]] = seeds[seeds > 0]
    return np.where(distance <= reach, lookup[cells], np.uint16(0))
