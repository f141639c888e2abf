"""Points as structured arrays, and how these lie in a sensor_msgs/PointCloud2, without its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.grasping.clouds import pack_colours

DATATYPES = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 8}
"""Numbers of sensor_msgs/PointField by NumPy's names of the types."""


def point_fields(dtype: np.dtype[np.void]) -> list[dict[str, Any]]:
    """What each sensor_msgs/PointField of a structured type says."""
    fields: Mapping[str, Any] = dtype.fields or {}
    return [
        {"name": name, "offset": fields[name][1], "datatype": DATATYPES[fields[name][0].str[1:]], "count": 1}
        for name in dtype.names or ()
    ]


def cloud_layout(points: NDArray[np.void]) -> dict[str, Any]:
    """Sizes and flags of the PointCloud2 of (N,) points: unorganised, all of them valid."""
    size = points.dtype.itemsize
    return {
        "height": 1,
        "width": len(points),
        "is_bigendian": False,
        "point_step": size,
        "row_step": size * len(points),
        "is_dense": True,
    }


def coloured_points(
    points: NDArray[np.float32], colours: NDArray[np.uint8], grasp: NDArray[np.float32] | None = None
) -> NDArray[np.void]:
    """(N,) structured x, y, z, rgb (float32, packed 0x00RRGGBB) of (N, 3) metres and (N, 3) uint8 RGB.

    Args:
        grasp: (N,) float32, a further field of that name.
    """
    names = ("x", "y", "z", "rgb") if grasp is None else ("x", "y", "z", "rgb", "grasp")
    out = np.empty(len(points), [(name, np.float32) for name in names])
    for axis, name in enumerate("xyz"):
        out[name] = points[:, axis]
    out["rgb"] = pack_colours(colours)
    if grasp is not None:
        out["grasp"] = grasp
    return out
