"""Pictures of a sampled frame, ready to be embedded in a page."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.commands.demo_record import Cloud, SampledFrame
from uois_sam.commands.report.document import Picture, embedded
from uois_sam.grasping.view import render_cloud
from uois_sam.parts.overlay import overlay_parts
from uois_sam.types import number_colours

SIDES = ((-40.0, -20.0), (45.0, 0.0))
"""Azimuth and elevation of the two views of the clouds against the camera's, degrees."""

_MARGIN = 0.05  # metres around the things that the views of the clouds show
_UNKNOWN = (52, 48, 48)  # BGR
_TINT = 0.65


def pictures(sample: SampledFrame) -> list[Picture]:
    """Image, overlay, parts where they were looked for, and with depth: depth and the clouds from two sides."""
    frame = sample.frame
    found = [
        Picture(embedded(frame.image), "image"),
        Picture(embedded(sample.instances.overlay(frame.image)), f"{len(sample.instances)} instances"),
    ]
    if sample.parts is not None:
        caption = f"{len(sample.parts)} parts: green to hold, yellow if need be, red never"
        found.append(Picture(embedded(overlay_parts(frame.image, sample.parts)), caption))
    if frame.depth is not None:
        coloured, low, high = colour_depth(frame.depth)
        found.append(Picture(embedded(coloured), f"depth, {low:.2f} m (blue) to {high:.2f} m (red)"))
    if sample.scene is not None:
        height, width = frame.image.shape[:2]
        cloud = shown_cloud(sample.scene, sample.clouds)
        for side, (azimuth, elevation) in zip(("left", "right"), SIDES, strict=True):
            view = render_cloud(cloud.points, cloud.colours, (width, height), azimuth, elevation)
            found.append(Picture(embedded(view), f"clouds from the {side}"))
    return found


def colour_depth(depth: NDArray[np.float32]) -> tuple[NDArray[np.uint8], float, float]:
    """Near blue, far red, unknown grey.

    Args:
        depth: (H, W) float32, metres, 0 where unknown.

    Returns:
        (H, W, 3) uint8 RGB, and the depths in metres that blue and red stand for (2nd and 98th percentile).
    """
    measured = depth > 0
    low, high = np.percentile(depth[measured], (2, 98)) if measured.any() else (0.0, 0.0)
    scaled = np.clip((depth - low) / max(float(high - low), 1e-6), 0, 1)
    coloured = cv2.applyColorMap(np.round(255 * scaled).astype(np.uint8), cv2.COLORMAP_TURBO)
    coloured[~measured] = _UNKNOWN
    return np.ascontiguousarray(coloured[..., ::-1]), float(low), float(high)


def shown_cloud(scene: Cloud, clouds: tuple[Cloud, ...]) -> Cloud:
    """The clean clouds of the instances in their overlay colours, in what surrounds them.

    Args:
        scene: everything measured.
        clouds: of instances.
    """
    around = scene.ids == 0
    if clouds:
        all_points = np.concatenate([cloud.points for cloud in clouds])
        low, high = all_points.min(0) - _MARGIN, all_points.max(0) + _MARGIN
        around &= ((scene.points >= low) & (scene.points <= high)).all(1)
    parts = [Cloud(scene.points[around], scene.colours[around], scene.ids[around]), *clouds]
    ids = np.concatenate([part.ids for part in parts])
    colours = np.concatenate([part.colours for part in parts])
    found, rows = np.unique(ids, return_inverse=True)
    tinted = np.where(ids[:, None] > 0, (1 - _TINT) * colours + _TINT * number_colours(found)[rows], colours)
    return Cloud(np.concatenate([part.points for part in parts]), tinted.astype(np.uint8), ids)
