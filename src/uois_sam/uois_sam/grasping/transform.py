"""Rigid transforms of clouds, to bring them from the optical frame to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.grasping.clouds import InstanceCloud

_TOLERANCE = 1e-4


def check_rotation(matrix: NDArray[Any]) -> None:
    """Refuse what is no rotation.

    Raises:
        InputError: the matrix is not (3, 3), orthonormal and right-handed, within what float32 keeps.
    """
    if matrix.shape != (3, 3):
        raise InputError(f"rotation is {matrix.shape}; wanted (3, 3)")
    if not np.isfinite(matrix).all():
        raise InputError("rotation has a number that is not finite")
    error = float(np.abs(matrix.T @ matrix - np.eye(3)).max())
    if error > _TOLERANCE or np.linalg.det(matrix) < 0:
        raise InputError(
            f"rotation is off orthonormal by {error:.1g}, its determinant is {np.linalg.det(matrix):.2f}; "
            "wanted unit columns at right angles and determinant 1"
        )


def check_transform(matrix: NDArray[Any]) -> None:
    """Refuse what is no rigid transform.

    Raises:
        InputError: the matrix is not (4, 4), its last row not 0 0 0 1, or its rotation none.
    """
    if matrix.shape != (4, 4):
        raise InputError(f"transform is {matrix.shape}; wanted (4, 4)")
    if not np.isfinite(matrix).all() or not np.allclose(matrix[3], [0, 0, 0, 1]):
        raise InputError(f"transform's last row is {matrix[3].tolist()}; wanted finite numbers and 0 0 0 1")
    check_rotation(matrix[:3, :3])


def rigid_transform(translation: Sequence[float], quaternion: Sequence[float]) -> NDArray[np.float64]:
    """(4, 4) float64 of a translation (x, y, z) in metres and a quaternion (x, y, z, w), as tf tells them.

    Raises:
        InputError: the quaternion is not of length 1 within a percent, or a number is missing or not finite.
    """
    q, t = np.asarray(quaternion, np.float64), np.asarray(translation, np.float64)
    if q.shape != (4,) or t.shape != (3,) or not np.isfinite([*q, *t]).all() or abs(np.linalg.norm(q) - 1) > 0.01:
        raise InputError(f"pose is {t.tolist()}, {q.tolist()}; wanted 3 numbers and a quaternion of length 1")
    x, y, z, w = q / np.linalg.norm(q)
    out = np.eye(4)
    out[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    out[:3, 3] = t
    return out


def transform_points(points: NDArray[np.floating[Any]], transform: NDArray[np.float64]) -> NDArray[np.float32]:
    """(N, 3) float32 points of (N, 3) in the frame that the (4, 4) transform leads to.

    Raises:
        InputError: the transform is not rigid, or the points are not (N, 3).
    """
    check_transform(transform)
    if points.ndim != 2 or points.shape[1] != 3:
        raise InputError(f"points are {points.shape}; wanted (N, 3)")
    moved = np.einsum("nj,ij->ni", points, transform[:3, :3]) + transform[:3, 3]
    return moved.astype(np.float32)


def transform_scene(cloud: NDArray[np.void], transform: NDArray[np.float64]) -> NDArray[np.void]:
    """A structured cloud with fields x, y, z (such as `clouds.SCENE_FIELDS`) moved; the other fields stay.

    Raises:
        InputError: the transform is not rigid.
    """
    moved = transform_points(np.stack([cloud["x"], cloud["y"], cloud["z"]], 1), transform)
    out = cloud.copy()
    for axis, name in enumerate("xyz"):
        out[name] = moved[:, axis]
    return out


def transform_instance(cloud: InstanceCloud, transform: NDArray[np.float64]) -> InstanceCloud:
    """The cloud of an instance moved; its bounds are those of the moved points.

    Raises:
        InputError: the transform is not rigid.
    """
    points = transform_points(cloud.points, transform)
    return replace(
        cloud,
        points=points,
        centroid=transform_points(cloud.centroid[None], transform)[0],
        bounds=np.stack([points.min(0), points.max(0)]),
    )
