"""Clouds of parts, cut out of the clean cloud of their thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uois_sam.grasping.clouds import InstanceCloud
from uois_sam.types import Part


@dataclass(frozen=True)
class PartCloud:
    """The cloud of one part.

    Attributes:
        part: that it is of.
        points: (N, 3) float32, metres.
        colours: (N, 3) uint8 RGB.
        centroid: (3,) float32, mean of the points, metres.
    """

    part: Part
    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    centroid: NDArray[np.float32]


def part_clouds(cloud: InstanceCloud, parts: Sequence[Part], width: int) -> list[PartCloud]:
    """The clouds of the parts of one thing, without parts that have no point.

    Args:
        cloud: of the thing.
        parts: of the same thing and image.
        width: of the image, px.
    """
    v, u = np.divmod(cloud.pixels, width)
    found = []
    for part in parts:
        x, y, w, h = part.bbox
        inside = (u >= x) & (u < x + w) & (v >= y) & (v < y + h)
        inside[inside] = part.mask[v[inside] - y, u[inside] - x]
        if inside.any():
            points = cloud.points[inside]
            centroid = points.mean(0, dtype=np.float64).astype(np.float32)
            found.append(PartCloud(part, points, cloud.colours[inside], centroid))
    return found
