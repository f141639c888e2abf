"""Geometry of a depth map relative to the plane that things stand on: RANSAC plane, height, normals, edges.

Products are written as `einsum`, which runs on the calling thread: `@` would wake NumPy's BLAS threads, and those
spin on for some 100 ms after it, on the cores that the network is about to need.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.types import Camera

GEOMETRY_CHANNELS = 7
"""height / 0.1 m, tanh(height / 0.02 m), n.up, n_x, n_y, depth edge, measured."""

MAX_DEPTH = 8.0
"""Metres; what lies further away counts as unknown."""

_CELL = 4
_COARSE_SIDE = 320
_MIN_PLANE_POINTS = 200
_PLANE_SAMPLE = 6000
_VOTERS = 2000
_MIDDLE = 0.25
"""Standard deviation of the weight of the middle, as a share of the image's sides."""
_MIN_MEASURED = 0.02


@dataclass(frozen=True)
class Plane:
    """n.p + d = height in metres above the plane of a point p of the optical frame; the camera is above it.

    Attributes:
        normal: (3,) float32 unit vector from the plane towards the camera's side.
        offset: d, metres; the camera's height above the plane.
    """

    normal: NDArray[np.float32]
    offset: float


def back_project(depth: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """(H, W, 3) float32 metres in the optical frame (x right, y down, z forward); zeros where depth is 0."""
    h, w = depth.shape
    x = (np.arange(w, dtype=np.float32) - np.float32(camera.cx)) / np.float32(camera.fx)
    y = (np.arange(h, dtype=np.float32) - np.float32(camera.cy)) / np.float32(camera.fy)
    points = np.empty((h, w, 3), np.float32)
    np.multiply(depth, x[None, :], out=points[..., 0])
    np.multiply(depth, y[:, None], out=points[..., 1])
    points[..., 2] = depth
    return points


def fit_table(depth: NDArray[np.float32], camera: Camera, seed: int = 0) -> Plane | None:
    """The plane that things stand on: the largest one, points near the middle of the image counting most.

    A camera that looks at a table has it in the middle; a floor or wall may cover more of the image.
    """
    h, w = depth.shape
    y = (np.arange(h, dtype=np.float32) + 0.5) / h - 0.55
    x = (np.arange(w, dtype=np.float32) + 0.5) / w - 0.5
    weight = np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * _MIDDLE**2))
    measured = depth > 0
    if np.count_nonzero(measured) < _MIN_PLANE_POINTS:
        return None
    total = np.cumsum(weight[measured])
    drawn = np.random.default_rng(seed).random(_PLANE_SAMPLE) * total[-1]
    return fit_plane(back_project(depth, camera)[measured][np.searchsorted(total, drawn)], seed=seed)


def fit_plane(
    points: NDArray[np.float32],
    iterations: int = 300,
    tolerance: float = 0.008,
    seed: int = 0,
) -> Plane | None:
    """The plane that most points lie on, by RANSAC and three least-squares refinements.

    Args:
        points: (N, 3) float32 metres.
        iterations: number of three-point samples.
        tolerance: largest distance of an inlier, metres.
        seed: of the samples, so that the same depth gives the same plane.

    Returns:
        The plane, or None where there are too few points to say.
    """
    if len(points) < _MIN_PLANE_POINTS:
        return None
    rng = np.random.default_rng(seed)
    sample = points[rng.integers(0, len(points), min(_PLANE_SAMPLE, len(points)))]
    triples = sample[rng.integers(0, len(sample), (iterations, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    solid = lengths > 1e-6
    if not solid.any():
        return None
    normals = normals[solid] / lengths[solid, None]
    offsets = -np.einsum("ij,ij->i", normals, triples[solid, 0])
    distances = np.einsum("ij,jk->ik", sample[:_VOTERS], np.ascontiguousarray(normals.T))
    distances += offsets
    votes = np.count_nonzero(np.abs(distances, out=distances) < tolerance, axis=0)
    normal, offset = normals[votes.argmax()], float(offsets[votes.argmax()])
    for _ in range(3):
        inliers = sample[np.abs(np.einsum("ij,j->i", sample, normal) + offset) < tolerance]
        if len(inliers) < _MIN_PLANE_POINTS // 4:
            break
        centre = inliers.mean(0)
        spread = (inliers - centre).astype(np.float64)
        normal = np.linalg.eigh(np.einsum("ij,ik->jk", spread, spread))[1][:, 0]
        offset = -float(np.einsum("i,i->", normal, centre))
    if offset < 0:
        normal, offset = -normal, -offset
    return Plane(normal.astype(np.float32), offset)


def shrink_depth(depth: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Depth at a smaller size: the lower median of each cell's measured pixels, 0 where most are missing.

    Sizes that are no whole multiple of the target are sampled at the cells' centres instead.
    """
    h, w = depth.shape
    if (h, w) == (height, width):
        return depth
    if h % height or w % width or h < height:
        rows = np.minimum(((np.arange(height) + 0.5) * h / height).astype(int), h - 1)
        cols = np.minimum(((np.arange(width) + 0.5) * w / width).astype(int), w - 1)
        return np.ascontiguousarray(depth[rows[:, None], cols[None, :]])
    ky, kx = h // height, w // width
    cells = depth.reshape(height, ky, width, kx).swapaxes(1, 2).reshape(height, width, ky * kx)
    measured = (cells > 0).sum(-1)
    ordered = np.sort(np.where(cells > 0, cells, np.inf), axis=-1)
    middle = np.maximum((measured - 1) // 2, 0)[..., None]
    median = np.take_along_axis(ordered, middle, -1)[..., 0]
    return np.where(2 * measured > ky * kx - 1, median, 0).astype(np.float32)


def small_geometry(depth: NDArray[np.float32], camera: Camera, height: int, width: int) -> NDArray[np.float32]:
    """Geometry channels of a depth image at another size, relative to the table that is found in it.

    Args:
        depth: (H, W) float32, metres; 0 or not finite where unknown, and taken for unknown beyond 8 m.
        camera: its intrinsics.
        height, width: of the result.
    """
    small = shrink_depth(np.nan_to_num(depth, nan=0.0, posinf=0.0, neginf=0.0), height, width)
    small = np.where((small > 0) & (small < MAX_DEPTH), small, 0).astype(np.float32)
    small_camera = camera.resized(width, height)
    return geometry_channels(small, small_camera, fit_table(small, small_camera))


def geometry_channels(depth: NDArray[np.float32], camera: Camera, plane: Plane | None) -> NDArray[np.float32]:
    """What the network sees of depth: (H, W, 7) float32, see `GEOMETRY_CHANNELS`; zeros where not measured.

    All zeros where there is no plane or hardly any depth, which the network takes as "RGB alone".
    """
    out = np.zeros((*depth.shape, GEOMETRY_CHANNELS), np.float32)
    measured = depth > 0
    if plane is None or measured.mean() < _MIN_MEASURED:
        return out
    height = np.einsum("hwc,c->hw", back_project(depth, camera), plane.normal) + np.float32(plane.offset)
    normals = _normals(depth, measured, camera)
    out[..., 0] = np.clip(height / 0.1, -2, 3)
    out[..., 1] = np.tanh(height / 0.02)
    out[..., 2] = np.einsum("hwc,c->hw", normals, plane.normal)
    out[..., 3:5] = normals[..., :2]
    out[..., 5] = _depth_edges(depth, measured)
    out[..., 6] = 1
    out[~measured] = 0
    return out


def _normals(depth: NDArray[np.float32], measured: NDArray[np.bool_], camera: Camera) -> NDArray[np.float32]:
    """(H, W, 3) unit normals towards the camera from lightly smoothed depth; zeros beside missing pixels."""
    known = measured.astype(np.float32)
    weight = cv2.boxFilter(known, -1, (5, 5))
    mean = cv2.boxFilter(depth * known, -1, (5, 5)) / np.maximum(weight, 1e-6)
    smooth = np.where(np.abs(mean - depth) < 0.02, mean, depth).astype(np.float32)
    points = back_project(smooth, camera)
    dx, dy = np.zeros_like(points), np.zeros_like(points)
    dx[:, 1:-1] = points[:, 2:] - points[:, :-2]
    dy[1:-1] = points[2:] - points[:-2]
    normals = np.empty_like(points)
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        normals[..., axis] = dx[..., a] * dy[..., b] - dx[..., b] * dy[..., a]
    normals /= np.sqrt(np.einsum("hwc,hwc->hw", normals, normals))[..., None] + 1e-9
    normals *= -np.sign(normals[..., 2:])
    normals[cv2.erode(measured.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0] = 0
    return normals


def _depth_edges(depth: NDArray[np.float32], measured: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W) range of depth in the 3 x 3 neighbourhood over 5 % of the depth, 0 to 2."""
    kernel = np.ones((3, 3), np.uint8)
    highest = cv2.dilate(depth, kernel)
    lowest = -cv2.dilate(np.where(measured, -depth, np.float32(-9)).astype(np.float32), kernel)
    edges = np.clip((highest - lowest) / (0.05 * np.maximum(depth, 0.2)), 0, 2)
    return np.where(measured, edges, 0).astype(np.float32)


def geometry_cells(geometry: NDArray[np.float32]) -> Tensor:
    """(1, 7, h, w) means of (H, W, 7) geometry channels over cells of about four pixels to a side."""
    h, w = geometry.shape[:2]
    whole = torch.from_numpy(np.ascontiguousarray(geometry.transpose(2, 0, 1)))[None]
    return F.interpolate(whole, size=(max(1, round(h / _CELL)), max(1, round(w / _CELL))), mode="area")


def coarse_geometry(depth: NDArray[np.float32], camera: Camera) -> Tensor:
    """`geometry_cells` of a whole depth image, made at 320 pixels along its longer side."""
    scale = _COARSE_SIDE / max(depth.shape)
    height, width = (max(1, round(length * scale)) for length in depth.shape)
    return geometry_cells(small_geometry(depth, camera, height, width))
