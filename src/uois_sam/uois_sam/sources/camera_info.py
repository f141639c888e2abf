"""`sensor_msgs/CameraInfo` to the intrinsics of `uois_sam.types.Camera`, without ROS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.types import Camera


def camera_from_info(
    width: int, height: int, k: Sequence[float] | NDArray[np.float64], frame_id: str = ""
) -> Camera:
    """Intrinsics from the fields of a CameraInfo message. Lens distortion is not applied: rectify before.

    Args:
        width, height: px.
        k: (9,) the intrinsic matrix, row-major.
        frame_id: of the optical frame; the default of `Camera` where empty.

    Raises:
        InputError: K has not 9 numbers, or they are zero (an uncalibrated camera) or not finite.
    """
    matrix = np.asarray(k, np.float64).ravel()
    if matrix.size != 9:
        raise InputError(f"camera info's K has {matrix.size} numbers; wanted 9")
    frame = {"frame_id": frame_id} if frame_id else {}
    fx, _, cx, _, fy, cy = (float(v) for v in matrix[:6])
    return Camera(fx, fy, cx, cy, int(width), int(height), **frame)
