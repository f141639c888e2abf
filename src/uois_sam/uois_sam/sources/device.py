"""USB and built-in cameras through OpenCV and V4L2: colour only."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from uois_sam.errors import SourceError
from uois_sam.sources.source import OpenSource
from uois_sam.types import Frame


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def isOpened(self) -> bool: ...  # noqa: N802

    def read(self) -> tuple[bool, Any]: ...

    def get(self, prop: int, /) -> float: ...

    def release(self) -> None: ...


def open_v4l2(device: str) -> Capture | None:
    """Open a camera by index or path, with as little buffering as the driver allows; None where there is none."""
    path = Path(f"/dev/video{device}") if device.isdigit() else Path(device)
    if not path.exists():
        return None
    capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture


class DeviceSource(OpenSource):
    """The images of a V4L2 camera, newest first; no depth, no intrinsics.

    When the device stops delivering, `next` raises SourceError, and goes on raising it until `reopen` has found
    the device again.

    Raises:
        SourceError: there is no such device, or it cannot be opened or read.
    """

    def __init__(self, device: str, *, open_capture: Callable[[str], Capture | None] = open_v4l2) -> None:
        """`device`: index ("0") or path ("/dev/video0"); `open_capture`: opens it, None where there is none."""
        if not device:
            raise SourceError("no device was named; give device:0, or a path such as device:/dev/video0")
        self.device = device
        self.rate: float | None = None
        self._size = ""
        self._frames = 0
        self._open_capture = open_capture
        self._capture: Capture | None = None
        self.reopen()

    def describe(self) -> str:
        """Name, size and rate in one line."""
        rate = f", {self.rate:.1f} Hz" if self.rate else ""
        return f"device {self.device}: {self._size}{rate}, no depth, no intrinsics"

    def reopen(self) -> None:
        """Open the device again, after it was lost.

        Raises:
            SourceError: it is not there, or cannot be opened.
        """
        self.close()
        capture = self._open_capture(self.device)
        if capture is None:
            raise SourceError(f"there is no camera device {self.device}; plug it in, or give another index")
        if not capture.isOpened():
            capture.release()
            raise SourceError(f"camera device {self.device} cannot be opened; is it in use, or no camera?")
        rate = capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if np.isfinite(rate) and rate > 0 else None
        width, height = (int(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        self._size = f"{width} x {height}"
        self._capture = capture

    def close(self) -> None:
        """Release the device."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def __next__(self) -> Frame:
        if self._capture is None:
            raise SourceError(f"camera device {self.device} is closed; reopen it")
        good, bgr = self._capture.read()
        if not good or bgr is None:
            self.close()
            raise SourceError(f"camera device {self.device} stopped delivering images; is it still plugged in?")
        image = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        self._frames += 1
        return Frame(image, stamp=time.time_ns(), name=f"device-{self._frames:06d}")
