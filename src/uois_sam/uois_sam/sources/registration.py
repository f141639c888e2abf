"""Depth of one camera in the pixels of another: projection through both intrinsics and the pose between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.grasping.transform import check_transform
from uois_sam.types import Camera

_OVERLAP = 0.1
"""Colour pixels by which each depth pixel is wider on each side, so that slanted surfaces do not tear."""
_LARGEST = 16
"""Colour pixels that a depth pixel may cover along an axis; more means something right before the lens."""


@dataclass(frozen=True)
class Registration:
    """How depth is brought into the colour image.

    Attributes:
        depth: intrinsics of the depth image.
        colour: intrinsics of the colour image.
        depth_to_colour: (4, 4) float64, rigid, metres: takes points of the depth camera's optical frame to the
            colour camera's.
        origin: where the transform comes from, in words.

    Raises:
        InputError: the transform is not rigid.
    """

    depth: Camera
    colour: Camera
    depth_to_colour: NDArray[np.float64]
    origin: str = ""

    def __post_init__(self) -> None:
        check_transform(self.depth_to_colour)


def register_depth(depth: NDArray[np.float32], registration: Registration) -> NDArray[np.float32]:
    """Depth as the colour camera would measure it.

    Each depth pixel is a small square at its depth, parallel to the depth image. It is projected into the colour
    image, and the pixels whose centres it covers get its distance along the colour camera's axis; where several
    fall on one pixel the nearest stays. So a colour image of finer pixels has no holes between those of the depth
    image, and nothing is filled that no depth pixel covers: what only the colour camera sees stays unknown. Lens
    distortion is not applied.

    Args:
        depth: (H, W) float32, metres, 0 where unknown, of the depth camera's size.
        registration: intrinsics and pose.

    Returns:
        (H', W') float32, metres, 0 where unknown, of the colour camera's size.

    Raises:
        InputError: depth is not of the depth camera's size.
    """
    source, target = registration.depth, registration.colour
    if depth.shape != (source.height, source.width):
        raise InputError(
            f"depth is {depth.shape[1]} x {depth.shape[0]}; "
            f"its intrinsics are for {source.width} x {source.height}"
        )
    v, u = np.nonzero(np.isfinite(depth) & (depth > 0))
    z = depth[v, u].astype(np.float64)
    rotation, translation = registration.depth_to_colour[:3, :3], registration.depth_to_colour[:3, 3]
    centre_z = _moved(u, v, z, source, rotation, translation)[2]
    left, right, top, bottom = _covered(u, v, z, registration)
    seen = (centre_z > 0) & (left < target.width) & (right >= 0) & (top < target.height) & (bottom >= 0)
    seen &= (right - left < _LARGEST) & (bottom - top < _LARGEST)
    left, right, top, bottom, near = (a[seen] for a in (left, right, top, bottom, centre_z.astype(np.float32)))
    nearest = np.full(target.height * target.width, np.inf, np.float32)
    for dy in range(int((bottom - top).max(initial=-1)) + 1):
        for dx in range(int((right - left).max(initial=-1)) + 1):
            x, y = left + dx, top + dy
            inside = (x <= right) & (y <= bottom) & (x >= 0) & (x < target.width) & (y >= 0) & (y < target.height)
            np.minimum.at(nearest, (y * target.width + x)[inside], near[inside])
    nearest[np.isinf(nearest)] = 0
    return nearest.reshape(target.height, target.width)


def _covered(
    u: NDArray[np.int64], v: NDArray[np.int64], z: NDArray[np.float64], registration: Registration
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First and last column, first and last row of the colour pixels whose centres each depth pixel covers."""
    target = registration.colour
    rotation, translation = registration.depth_to_colour[:3, :3], registration.depth_to_colour[:3, 3]
    low_x = low_y = np.full(len(z), np.inf)
    high_x = high_y = np.full(len(z), -np.inf)
    for du in (-0.5, 0.5):
        for dv in (-0.5, 0.5):
            px, py, pz = _moved(u + du, v + dv, z, registration.depth, rotation, translation)
            pz = np.maximum(pz, 1e-6)
            x, y = target.fx * px / pz + target.cx, target.fy * py / pz + target.cy
            low_x, high_x = np.minimum(low_x, x), np.maximum(high_x, x)
            low_y, high_y = np.minimum(low_y, y), np.maximum(high_y, y)
    far = 1e9  # keeps what is nearly beside the camera within whole numbers
    edges = (low_x - _OVERLAP, high_x + _OVERLAP, low_y - _OVERLAP, high_y + _OVERLAP)
    left, right, top, bottom = (np.ceil(np.clip(edge, -far, far)).astype(np.int64) for edge in edges)
    return left, right - 1, top, bottom - 1


def _moved(
    u: NDArray[np.floating] | NDArray[np.integer],
    v: NDArray[np.floating] | NDArray[np.integer],
    z: NDArray[np.float64],
    camera: Camera,
    rotation: NDArray[np.float64],
    translation: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(3, N) points in the other camera's frame of (N,) pixels and their depths."""
    points = np.stack([(u - camera.cx) / camera.fx * z, (v - camera.cy) / camera.fy * z, z])
    moved: NDArray[np.float64] = np.einsum("ij,jn->in", rotation, points) + translation[:, None]
    return moved
