"""Triangle meshes of parametric solids. Lengths are metres, z is up, faces wind counter-clockwise from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_AXIS_RADIUS = (
    2e-4  # a lathe profile touching the axis keeps a pin hole of this radius, so that no face degenerates
)


@dataclass(frozen=True)
class Mesh:
    """Triangles with texture coordinates.

    vertices: (N, 3) float64, metres. faces: (M, 3) int64 into vertices.
    uv: (K, 2) float64, one texture tile is 1. uv_faces: (M, 3) int64 into uv.
    """

    vertices: Array
    faces: NDArray[np.int64]
    uv: Array
    uv_faces: NDArray[np.int64]

    def moved(self, offset: ArrayLike) -> Mesh:
        return replace(self, vertices=self.vertices + np.asarray(offset, float))

    def scaled(self, factor: ArrayLike) -> Mesh:
        """Scaled by one positive factor or by one per axis."""
        return replace(self, vertices=self.vertices * np.asarray(factor, float))

    def rotated(self, rotation: ArrayLike) -> Mesh:
        """Turned by a (3, 3) rotation matrix."""
        return replace(self, vertices=self.vertices @ np.asarray(rotation, float).T)

    def textured(self, uv: Array) -> Mesh:
        """With one texture coordinate per vertex, (N, 2)."""
        return replace(self, uv=uv, uv_faces=self.faces)

    def volume(self) -> float:
        """Signed volume in cubic metres; positive where a closed mesh winds outwards."""
        a, b, c = (self.vertices[self.faces[:, k]] for k in range(3))
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def merge(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of several."""
    vertex_start = np.cumsum([0] + [len(m.vertices) for m in meshes])
    uv_start = np.cumsum([0] + [len(m.uv) for m in meshes])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + s for m, s in zip(meshes, vertex_start, strict=False)]),
        np.concatenate([m.uv for m in meshes]),
        np.concatenate([m.uv_faces + s for m, s in zip(meshes, uv_start, strict=False)]),
    )


def rotation(axis: str, angle: float) -> Array:
    """(3, 3) rotation by `angle` radians about "x", "y" or "z"."""
    c, s = np.cos(angle), np.sin(angle)
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def _grid_faces(rows: int, columns: int, *, wrap: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Faces over a grid of vertices and over its (rows, columns + 1) texture coordinates."""
    i, j = (a.ravel() for a in np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij"))

    def triangles(stride: int, right: NDArray[np.int64]) -> NDArray[np.int64]:
        quads = np.stack([i * stride + j, i * stride + right, (i + 1) * stride + right, (i + 1) * stride + j], 1)
        return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])

    vertex_faces = triangles(columns, (j + 1) % columns) if wrap else triangles(columns + 1, j + 1)
    return vertex_faces, triangles(columns + 1, j + 1)


def _rings(centres: Array, x_axes: Array, y_axes: Array, segments: int, v: Array) -> Mesh:
    """Skin over elliptic rings: centres, x_axes, y_axes are (rows, 3), v is the (rows,) texture coordinate."""
    angle = np.arange(segments) / segments * 2 * np.pi
    cosine, sine = np.cos(angle)[None, :, None], np.sin(angle)[None, :, None]
    vertices = (centres[:, None] + cosine * x_axes[:, None] + sine * y_axes[:, None]).reshape(-1, 3)
    faces, uv_faces = _grid_faces(len(centres), segments, wrap=True)
    uv = np.stack(np.meshgrid(np.arange(segments + 1) / segments, v), -1).reshape(-1, 2)
    return Mesh(vertices, faces, uv, uv_faces)


def lathe(profile: ArrayLike, segments: int = 40) -> Mesh:
    """Solid of revolution about z.

    profile: (P, 2) of (radius, z), from the bottom on the outside upwards and back on the inside;
    closed where it starts and ends on the axis or at the same point.
    """
    points = np.array(profile, float)
    points[:, 0] = np.maximum(points[:, 0], _AXIS_RADIUS)
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    zero = np.zeros(len(points))
    radius, z = points.T
    return _rings(
        np.c_[zero, zero, z],
        np.c_[radius, zero, zero],
        np.c_[zero, radius, zero],
        segments,
        1 - length / length[-1],
    )


def sweep(path: ArrayLike, radius: ArrayLike, radius_y: ArrayLike | None = None, segments: int = 14) -> Mesh:
    """Elliptic rod along a (P, 3) path with rounded ends.

    radius, radius_y: one value or one per point; `radius` lies across the path in its plane,
    `radius_y` (default: the same) at right angles to it.
    """
    points = np.array(path, float)
    across = np.broadcast_to(np.asarray(radius, float), len(points))
    upright = across if radius_y is None else np.broadcast_to(np.asarray(radius_y, float), len(points))
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    reference = np.array([0.0, 1, 0]) if np.abs(tangent[:, 1]).max() < 0.9 else np.array([0.0, 0, 1])
    x_axis = np.cross(reference, tangent)
    x_axis /= np.linalg.norm(x_axis, axis=1, keepdims=True)
    y_axis = np.cross(tangent, x_axis)
    cap_offset, cap_scale = np.array([1, 0.92, 0.6]), np.array([0.02, 0.45, 0.85])
    first, last = 0.7 * min(across[0], upright[0]), 0.7 * min(across[-1], upright[-1])
    centres = np.r_[
        points[0] - tangent[0] * cap_offset[:, None] * first,
        points,
        points[-1] + tangent[-1] * cap_offset[::-1, None] * last,
    ]
    scale = np.r_[cap_scale, np.ones(len(points)), cap_scale[::-1]]
    x_axes = _with_caps(x_axis) * (_with_caps(across) * scale)[:, None]
    y_axes = _with_caps(y_axis) * (_with_caps(upright) * scale)[:, None]
    return _rings(centres, x_axes, y_axes, segments, np.linspace(0, 1, len(centres)))


def _with_caps(values: Array) -> Array:
    return np.concatenate([values[:1]] * 3 + [values] + [values[-1:]] * 3)


def rounded_box(half_size: ArrayLike, radius: float, subdivisions: int = 7, *, atlas: bool = False) -> Mesh:
    """Box of half sizes (3,) with rounded edges.

    atlas: each of the six faces has its own cell of a 3 x 2 texture instead of the whole of it.
    """
    half = np.array(half_size, float)
    radius = min(radius, 0.98 * float(half.min()))
    steps = np.sort(np.r_[-1, np.linspace(-1, 1, subdivisions), 1, -0.98, 0.98])
    u, v = np.meshgrid(steps, steps)
    faces, _ = _grid_faces(len(steps), len(steps) - 1, wrap=False)
    sides = []
    for axis in range(3):
        for k, sign in enumerate((-1, 1)):
            points = np.zeros((*u.shape, 3))
            points[..., axis] = sign
            points[..., (axis + 1) % 3] = u * sign
            points[..., (axis + 2) % 3] = v
            flat = points.reshape(-1, 3) * half
            core = np.clip(flat, -(half - radius), half - radius)
            normal = flat - core
            normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
            uv = np.stack([u, v], -1).reshape(-1, 2) * 0.5 + 0.5
            if atlas:
                uv = (uv * 0.98 + 0.01 + [axis, k]) / [3, 2]
            sides.append(Mesh(core + normal * radius, faces, uv, faces))
    return merge(sides)


def plain_box(half_size: ArrayLike, centre: ArrayLike = (0, 0, 0)) -> Mesh:
    """Sharp-edged box of 12 triangles, each face the whole texture."""
    u, v = (a.ravel() for a in np.meshgrid([-1.0, 1], [-1.0, 1]))
    faces = np.array([[0, 1, 3], [0, 3, 2]])
    sides = []
    for axis in range(3):
        for sign in (-1, 1):
            points = np.zeros((4, 3))
            points[:, axis], points[:, (axis + 1) % 3], points[:, (axis + 2) % 3] = sign, u * sign, v
            sides.append(
                Mesh(points * np.asarray(half_size, float), faces, np.stack([u, v], 1) * 0.5 + 0.5, faces)
            )
    return merge(sides).moved(centre)


def plate(polygon: ArrayLike, half_thickness: float) -> Mesh:
    """A convex (P, 2) polygon in the x-z plane, counter-clockwise seen from -y, extruded along y."""
    points = np.array(polygon, float)
    n = len(points)
    near = np.c_[points[:, 0], np.full(n, -half_thickness), points[:, 1]]
    far = near * [1, -1, 1]
    inner, ring = np.arange(1, n - 1), np.arange(n)
    following = (ring + 1) % n
    zero = np.zeros_like(inner)
    faces = np.concatenate(
        [
            np.c_[zero, inner, inner + 1],
            np.c_[zero + n, inner + n + 1, inner + n],
            np.c_[ring, ring + n, following],
            np.c_[following, ring + n, following + n],
        ]
    )
    vertices = np.concatenate([near, far])
    uv = vertices[:, [0, 2]] - vertices[:, [0, 2]].min(0)
    return Mesh(vertices, faces, uv / (uv.max() + 1e-9), faces)


def prism(outline: ArrayLike, bottom: float, top: float, taper: float = 1.0) -> Mesh:
    """A (P, 2) outline in x, y, counter-clockwise and star-shaped about the origin, pulled from `bottom` to `top`.

    taper: size of the upper face as a share of the lower one.
    """
    points = np.array(outline, float)
    n = len(points)
    ring = np.arange(n)
    following = (ring + 1) % n
    low, high = np.c_[points, np.full(n, bottom)], np.c_[points * taper, np.full(n, top)]
    faces = np.concatenate(
        [
            np.c_[ring, following, following + n],
            np.c_[ring, following + n, ring + n],
            np.c_[np.full(n, 2 * n), following, ring],
            np.c_[np.full(n, 2 * n + 1), ring + n, following + n],
        ]
    )
    vertices = np.concatenate([low, high, [[0, 0, bottom], [0, 0, top]]])
    uv = vertices[:, :2] + 0.3 * vertices[:, 2:]
    uv -= uv.min(0)
    return Mesh(vertices, faces, uv / (uv.max() + 1e-9), faces)


def warp(mesh: Mesh, change: Callable[[Array], Array]) -> Mesh:
    """The mesh with its (N, 3) vertices moved by a function."""
    return replace(mesh, vertices=change(mesh.vertices))


def tube(outer: float, inner: float, height: float, segments: int = 40) -> Mesh:
    """Hollow cylinder standing on z = 0."""
    return lathe([(inner, 0), (outer, 0), (outer, height), (inner, height), (inner, 0)], segments)


def torus(radius: float, thickness: float, segments: int = 40) -> Mesh:
    """Ring about z of centre-line `radius` and rod radius `thickness`, centred on the origin."""
    angle = np.linspace(0, 2 * np.pi, 21) - np.pi / 2
    return lathe(np.c_[radius + thickness * np.cos(angle), thickness * np.sin(angle)], segments)


def arc(
    centre_x: float, radius: float, centre_z: float, points: int = 12, half_angle: float = 100, squash: float = 1
) -> Array:
    """(points, 3) arc in the x-z plane that bulges towards +x; half_angle in degrees."""
    angle = np.radians(np.linspace(-half_angle, half_angle, points))
    return np.c_[centre_x + radius * np.cos(angle), 0 * angle, centre_z + radius * squash * np.sin(angle)]


def prism_between(a: ArrayLike, b: ArrayLike, radius: float) -> Mesh:
    """Straight round rod from a to b, (3,) each."""
    return sweep(np.linspace(np.asarray(a, float), np.asarray(b, float), 3), radius, segments=10)
