"""Collision primitives that stand for an object in the physics; visual meshes never collide. Metres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Kind = Literal["box", "cylinder", "capsule", "ellipsoid"]


@dataclass(frozen=True)
class Collider:
    """A primitive in the object's frame.

    size: (3,) half sizes of a box or an ellipsoid; (radius, half length, 0) of a cylinder or capsule along its z.
    position: (3,). quaternion: (4,) as (w, x, y, z).
    """

    kind: Kind
    size: Array
    position: Array
    quaternion: Array

    def scaled(self, factor: float) -> Collider:
        return replace(self, size=self.size * factor, position=self.position * factor)

    def rotated(self, rotation: ArrayLike) -> Collider:
        """Turned about the object's origin by a (3, 3) rotation matrix."""
        matrix = np.asarray(rotation, float)
        turned = multiply(quaternion_of(matrix), self.quaternion)
        return replace(self, position=matrix @ self.position, quaternion=turned)


def multiply(a: Array, b: Array) -> Array:
    """Hamilton product of two (4,) quaternions."""
    w = a[0] * b[0] - a[1:] @ b[1:]
    return np.r_[w, a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:])]


def about(axis: ArrayLike, angle: float) -> Array:
    """(4,) quaternion of a turn by `angle` radians about a unit axis."""
    return np.r_[np.cos(angle / 2), np.sin(angle / 2) * np.asarray(axis, float)]


def quaternion_of(rotation: Array) -> Array:
    """(4,) unit quaternion of a (3, 3) rotation matrix (eigenvector of Bar-Itzhack's K matrix)."""
    m = rotation
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], 0],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    x, y, z, w = np.linalg.eigh(k)[1][:, -1]
    return np.array([w, x, y, z]) * (1 if w >= 0 else -1)


_UPRIGHT = np.array([1.0, 0, 0, 0])


def cylinder(radius: float, bottom: float, top: float) -> Collider:
    """Upright on the z axis from z = bottom to z = top."""
    return Collider(
        "cylinder", np.array([radius, (top - bottom) / 2, 0]), np.array([0, 0, (bottom + top) / 2]), _UPRIGHT
    )


def capsule(start: ArrayLike, end: ArrayLike, radius: float) -> Collider:
    a, b = np.asarray(start, float), np.asarray(end, float)
    length = float(np.linalg.norm(b - a))
    direction = (b - a) / (length + 1e-9)
    quaternion = np.r_[1 + direction[2], -direction[1], direction[0], 0]
    if quaternion[0] < 1e-6:
        quaternion = np.array([0.0, 1, 0, 0])
    return Collider(
        "capsule", np.array([radius, length / 2, 0]), (a + b) / 2, quaternion / np.linalg.norm(quaternion)
    )


def box(half_size: ArrayLike, position: ArrayLike = (0, 0, 0)) -> Collider:
    return Collider("box", np.asarray(half_size, float), np.asarray(position, float), _UPRIGHT)


def ellipsoid(half_size: ArrayLike, position: ArrayLike = (0, 0, 0)) -> Collider:
    return Collider("ellipsoid", np.asarray(half_size, float), np.asarray(position, float), _UPRIGHT)


def ring(
    bottom_radius: float, top_radius: float, bottom: float, top: float, half_thickness: float, count: int = 10
) -> list[Collider]:
    """Wall of a hollow vessel as `count` tilted boxes; the radii are those of its outside."""
    lean = about([0, 1, 0], np.arctan2(top_radius - bottom_radius, top - bottom))
    middle = (bottom_radius + top_radius) / 2 - half_thickness
    width = max(bottom_radius, top_radius) * np.sin(np.pi / count) * 1.02
    wall = []
    for angle in 2 * np.pi * np.arange(count) / count:
        position = np.array([middle * np.cos(angle), middle * np.sin(angle), (bottom + top) / 2])
        size = np.array([half_thickness, width, (top - bottom) / 2])
        wall.append(Collider("box", size, position, multiply(about([0, 0, 1], angle), lean)))
    return wall
