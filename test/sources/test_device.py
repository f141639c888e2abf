"""A camera device that comes, goes and returns."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from uois_sam.errors import SourceError
from uois_sam.sources.device import DeviceSource


class FakeCamera:
    """A camera that delivers `frames` images of one BGR colour, then fails."""

    def __init__(self, frames: int, rate: float = 30.0) -> None:
        self.frames = frames
        self.rate = rate
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802
        return not self.released

    def get(self, prop: int, /) -> float:
        sizes = {cv2.CAP_PROP_FPS: self.rate, cv2.CAP_PROP_FRAME_WIDTH: 4, cv2.CAP_PROP_FRAME_HEIGHT: 2}
        return float(sizes[prop])

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.frames -= 1
        return (True, np.full((2, 4, 3), (1, 2, 3), np.uint8)) if self.frames >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


def test_images_are_rgb_and_stamped() -> None:
    camera = FakeCamera(2)
    with DeviceSource("0", open_capture=lambda _: camera) as source:
        first, second = next(source), next(source)
        assert source.rate == 30
        assert source.describe() == "device 0: 4 x 2, 30.0 Hz, no depth, no intrinsics"
    assert first.image[0, 0].tolist() == [3, 2, 1]
    assert first.stamp is not None
    assert second.stamp is not None
    assert first.stamp <= second.stamp
    assert camera.released


def test_a_device_that_vanishes_and_returns() -> None:
    plugged: list[FakeCamera | None] = [FakeCamera(1), None, None, FakeCamera(1)]
    first = plugged[0]
    source = DeviceSource("0", open_capture=lambda _: plugged.pop(0))
    next(source)
    with pytest.raises(SourceError, match="stopped delivering images"):
        next(source)
    assert first is not None
    assert first.released
    for _ in range(2):
        with pytest.raises(SourceError, match="no camera device 0"):
            source.reopen()
        with pytest.raises(SourceError, match="reopen it"):
            next(source)
    source.reopen()
    assert next(source).image.shape == (2, 4, 3)


def test_a_device_in_use_is_refused_and_released() -> None:
    camera = FakeCamera(0)
    camera.released = True
    with pytest.raises(SourceError, match="in use"):
        DeviceSource("1", open_capture=lambda _: camera)


def test_a_device_without_a_rate() -> None:
    assert DeviceSource("0", open_capture=lambda _: FakeCamera(1, rate=0.0)).rate is None


@pytest.mark.parametrize(("device", "says"), [("987", "no camera device 987"), ("", "no device was named")])
def test_a_missing_device_is_one_line(device: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        DeviceSource(device)
