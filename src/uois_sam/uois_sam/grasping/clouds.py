"""Metric point clouds from registered depth: the scene, and each instance cleaned.

Clouds are in the camera's optical frame: x right, y down, z forward, metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError, TooFewPointsError
from uois_sam.grasping.outliers import jump_limit, main_pieces, supported, without_rim, without_strands
from uois_sam.grasping.settings import CloudSettings
from uois_sam.types import Camera, Instances

SCENE_FIELDS = np.dtype(
    [("x", np.float32), ("y", np.float32), ("z", np.float32), ("rgb", np.float32), ("label", np.uint32)]
)
"""A point of the scene cloud: metres; colour packed as 0x00RRGGBB in the bits of a float; 0 or instance label."""


@dataclass(frozen=True)
class InstanceCloud:
    """The clean cloud of one instance.

    Attributes:
        points: (N, 3) float32, metres.
        colours: (N, 3) uint8 RGB.
        pixels: (N,) int64, the pixel that saw each point, row * width + column.
        id: of the instance.
        label: of the instance in the label image.
        score: of the instance.
        measured_points: pixels of the mask with measured depth, before cleaning.
        centroid: (3,) float32, mean of the points, metres.
        bounds: (2, 3) float32, lower and upper corner of the axis-aligned bounding box, metres.
    """

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    pixels: NDArray[np.int64]
    id: int
    label: int
    score: float
    measured_points: int
    centroid: NDArray[np.float32]
    bounds: NDArray[np.float32]


@dataclass(frozen=True)
class ObjectPixels:
    """The pixels of one instance within a window of the image.

    Attributes:
        window: slices (rows, columns) of the image.
        mask: (h, w) bool, the instance's whole mask.
        points: (h, w, 3) float32, metres, of all pixels; 0 where unknown.
        surface: (h, w) bool, pixels that are points of some surface.
        clean: (h, w) bool, surface pixels that belong to the instance.
        measured: pixels of the mask with measured depth.
    """

    window: tuple[slice, slice]
    mask: NDArray[np.bool_]
    points: NDArray[np.float32]
    surface: NDArray[np.bool_]
    clean: NDArray[np.bool_]
    measured: int


def back_project(depth: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """The point that each pixel sees.

    Args:
        depth: (H, W) float32, metres along the optical axis, 0 where unknown.
        camera: intrinsics of the depth map.

    Returns:
        (H, W, 3) float32, metres, optical frame; 0 where unknown (0, negative, NaN or infinite depth).

    Raises:
        InputError: depth is not (H, W) of the camera's size.
    """
    _check("depth", depth, (camera.height, camera.width), "f")
    z = np.where(np.isfinite(depth) & (depth > 0), depth, 0).astype(np.float32, copy=False)
    return _points(z, camera, (slice(0, camera.height), slice(0, camera.width)))


def scene_cloud(
    depth: NDArray[np.float32],
    camera: Camera,
    image: NDArray[np.uint8],
    label_image: NDArray[np.uint16],
    settings: CloudSettings,
) -> NDArray[np.void]:
    """Everything that was measured, for collision checks: flying pixels removed, thinned to `scene_voxel`.

    Args:
        depth: (H, W) float32, metres, 0 where unknown.
        camera: intrinsics of image and depth.
        image: (H, W, 3) uint8 RGB.
        label_image: (H, W) uint16.

    Returns:
        (N,) of `SCENE_FIELDS`; empty where nothing was measured.

    Raises:
        InputError: an array is not of the camera's size.
    """
    check_frame(depth, camera, image, label_image)
    measured = _measured(depth, settings)
    kept = supported(depth, measured, jump_limit(depth, camera, settings.edge_angle))
    pixels = np.flatnonzero(kept)
    points = np.take(back_project(depth, camera).reshape(-1, 3), pixels, axis=0)
    if settings.scene_voxel > 0:
        chosen = thinned(points, settings.scene_voxel)
        points, pixels = np.take(points, chosen, axis=0), pixels[chosen]
    cloud = np.empty(len(points), SCENE_FIELDS)
    for axis, name in enumerate("xyz"):
        cloud[name] = points[:, axis]
    cloud["rgb"] = pack_colours(np.take(image.reshape(-1, 3), pixels, axis=0))
    cloud["label"] = label_image.ravel()[pixels]
    return cloud


def instance_cloud(
    depth: NDArray[np.float32],
    camera: Camera,
    image: NDArray[np.uint8],
    instances: Instances,
    label: int,
    settings: CloudSettings,
) -> InstanceCloud:
    """The cloud of one instance: mask without its rim, without flying pixels, without what lies apart.

    Of more than `max_points` points as many are kept, the same ones whenever the input is the same.

    Args:
        depth: (H, W) float32, metres, 0 where unknown.
        camera: intrinsics of image and depth.
        image: (H, W, 3) uint8 RGB.
        instances: of the image.
        label: 1 .. N.

    Raises:
        InputError: an array is not of the camera's size, or there is no such label.
        TooFewPointsError: fewer than `min_points` clean points.
    """
    check_frame(depth, camera, image, instances.label_image)
    found = object_pixels(depth, camera, instances, label, settings, margin=1)
    points, colours = found.points[found.clean], image[found.window][found.clean]
    row, column = np.nonzero(found.clean)
    pixels = (row + found.window[0].start) * camera.width + column + found.window[1].start
    if len(points) > settings.max_points:
        kept = np.sort(np.random.default_rng(0).permutation(len(points))[: settings.max_points])
        points, colours, pixels = points[kept], colours[kept], pixels[kept]
    instance = instances[label - 1]
    return InstanceCloud(
        points=points,
        colours=colours,
        pixels=pixels,
        id=instance.id,
        label=label,
        score=instance.score,
        measured_points=found.measured,
        centroid=points.mean(0, dtype=np.float64).astype(np.float32),
        bounds=np.stack([points.min(0), points.max(0)]),
    )


def check_frame(
    depth: NDArray[np.float32], camera: Camera, image: NDArray[np.uint8], label_image: NDArray[np.uint16]
) -> None:
    """Refuse arrays that do not belong together.

    Raises:
        InputError: depth (H, W) float, image (H, W, 3) uint8 or label image (H, W) is not of the camera's size.
    """
    size = (camera.height, camera.width)
    _check("depth", depth, size, "f")
    _check("image", image, (*size, 3), "u")
    _check("label image", label_image, size, "u")


def object_pixels(
    depth: NDArray[np.float32],
    camera: Camera,
    instances: Instances,
    label: int,
    settings: CloudSettings,
    margin: int,
) -> ObjectPixels:
    """The clean pixels of one instance in the window of its bounding box and `margin` px (at least 1) around it.

    Raises:
        InputError: there is no such label.
        TooFewPointsError: fewer than `min_points` clean points.
    """
    if not 1 <= label <= len(instances):
        raise InputError(f"label {label} of {len(instances)} instances; labels start at 1")
    x, y, w, h = (int(v) for v in instances.bbox[label - 1])
    window = (slice(max(0, y - margin), y + h + margin), slice(max(0, x - margin), x + w + margin))
    z = depth[window]
    measured = _measured(z, settings)
    mask = instances.label_image[window] == label
    limit = jump_limit(z, camera, settings.edge_angle)
    surface = supported(z, measured, limit)
    core = without_rim(mask, settings.erode_px)
    clean = main_pieces(z, without_strands(z, core & surface, limit), limit, settings.piece_gap)
    on_mask, count = int(np.count_nonzero(mask & measured)), int(np.count_nonzero(clean))
    if count < settings.min_points:
        raise TooFewPointsError(
            f"instance {int(instances.id[label - 1])} has {count} clean points of {on_mask} measured on "
            f"{int(instances.area[label - 1])} px; at least {settings.min_points} are wanted (min_points)"
        )
    points = _points(np.where(measured, z, np.float32(0)), camera, window)
    return ObjectPixels(window, mask, points, surface, clean, on_mask)


def thinned(points: NDArray[np.float32], voxel: float) -> NDArray[np.int64]:
    """(M,) rising indices of the first point in each voxel of (N, 3) points."""
    if len(points) == 0:
        return np.zeros(0, np.int64)
    key = np.zeros(len(points), np.int64)
    for column in points.T:
        cell = ((column - column.min()) * np.float32(1 / voxel)).astype(np.int32)
        key *= int(cell.max()) + 1
        key += cell
    bits = len(points).bit_length()
    if int(key.max()) >> (63 - bits):  # no room for the index beside the key
        return np.sort(np.unique(key, return_index=True)[1])
    # Sorting numbers that end in the index is several times faster than finding the order of the keys.
    key <<= bits
    key |= np.arange(len(points))
    key.sort()
    starts = np.concatenate([[True], (key[1:] ^ key[:-1]) >> bits != 0])
    return np.sort(key[starts] & ((1 << bits) - 1))


def pack_colours(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N,) float32 whose bits are 0x00RRGGBB, as PointCloud2's rgb field wants, of (N, 3) uint8 RGB."""
    r, g, b = colours.astype(np.uint32).T
    return (r << 16 | g << 8 | b).view(np.float32)


def _measured(depth: NDArray[np.float32], settings: CloudSettings) -> NDArray[np.bool_]:
    measured: NDArray[np.bool_] = (depth > 0) & (depth >= settings.min_depth) & (depth <= settings.max_depth)
    return measured


def _points(z: NDArray[np.float32], camera: Camera, window: tuple[slice, slice]) -> NDArray[np.float32]:
    """(h, w, 3) float32 of the depths (h, w) in a window of the image."""
    v = np.arange(window[0].start or 0, (window[0].start or 0) + z.shape[0], dtype=np.float64)
    u = np.arange(window[1].start or 0, (window[1].start or 0) + z.shape[1], dtype=np.float64)
    out = np.empty((*z.shape, 3), np.float32)
    np.multiply(z, ((u - camera.cx) / camera.fx).astype(np.float32)[None, :], out=out[..., 0])
    np.multiply(z, ((v - camera.cy) / camera.fy).astype(np.float32)[:, None], out=out[..., 1])
    out[..., 2] = z
    return out


def _check(name: str, array: NDArray[Any], shape: tuple[int, ...], kind: str) -> None:
    if array.shape != shape or array.dtype.kind != kind:
        wanted = "metres in float" if kind == "f" else "unsigned integers"
        raise InputError(f"{name} is {array.shape} {array.dtype}; the camera wants {shape}, {wanted}")
