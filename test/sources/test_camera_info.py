"""CameraInfo to intrinsics."""

from __future__ import annotations

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.sources.camera_info import camera_from_info
from uois_sam.types import Camera

K = [600.0, 0, 320, 0, 610, 240, 0, 0, 1]


def test_k_and_frame() -> None:
    assert camera_from_info(640, 480, K, "optical") == Camera(600, 610, 320, 240, 640, 480, "optical")
    assert camera_from_info(640, 480, np.array(K)).frame_id == Camera.frame_id


@pytest.mark.parametrize(
    ("width", "height", "k", "says"),
    [
        (640, 480, [0.0] * 9, "focal lengths must be positive"),
        (640, 480, [float("nan")] * 9, "focal lengths must be positive"),
        (640, 480, K[:8], "8 numbers"),
        (640, 480, [], "0 numbers"),
        (0, 480, K, "0 x 480"),
    ],
)
def test_uncalibrated_cameras_are_refused(width: int, height: int, k: list[float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        camera_from_info(width, height, k)
