"""Video files through OpenCV: colour only."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from uois_sam.datasets.folder import read_intrinsics
from uois_sam.errors import InputError, SourceError
from uois_sam.sources.source import OpenSource
from uois_sam.types import Camera, Frame

# The number of frames that a container's header tells may be off by a few, never by a tenth.
_COMPLETE = 0.9


class VideoSource(OpenSource):
    """The frames of a video; intrinsics from a `camera.json` in the same folder, where it fits the video's size.

    Raises:
        SourceError: the file cannot be opened as a video, holds no frame, or ends long before its header says.
    """

    def __init__(self, path: Path | str, *, loop: bool = False) -> None:
        self.path = Path(path)
        self.loop = loop
        self._capture = self._open()
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.rate = rate if np.isfinite(rate) and rate > 0 else None
        self.width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        self.height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self._count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.camera = self._camera()
        self._read = 0

    def describe(self) -> str:
        """Name, size and rate in one line."""
        rate = f", {self.rate:.1f} Hz" if self.rate else ""
        intrinsics = "intrinsics of camera.json" if self.camera else "no intrinsics"
        return f"video {self.path.name}: {self.width} x {self.height}{rate}, no depth, {intrinsics}"

    def close(self) -> None:
        """Release the decoder."""
        self._capture.release()

    def __next__(self) -> Frame:
        good, bgr = self._capture.read()
        if not good:
            if not self._capture.isOpened():
                raise SourceError(f"{self.path} was closed")
            self._check_end()
            if not self.loop:
                raise StopIteration
            self._capture.release()
            self._capture, self._read = self._open(), 0
            good, bgr = self._capture.read()
            if not good:
                raise SourceError(f"{self.path} cannot be read a second time")
        index, self._read = self._read, self._read + 1
        image = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        stamp = round(index * 1e9 / self.rate) if self.rate else None
        return Frame(image, None, self.camera, stamp, f"{self.path.stem}-{index:06d}")

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self.path))
        if not capture.isOpened():
            reason = "is empty" if self.path.is_file() and not self.path.stat().st_size else "cannot be read"
            raise SourceError(f"{self.path} {reason} as a video; it is damaged, truncated or of an unknown codec")
        return capture

    def _check_end(self) -> None:
        if not self._read:
            raise SourceError(f"{self.path} holds no frame that can be decoded")
        if self._read < self._count * _COMPLETE:
            raise SourceError(f"{self.path} ends after {self._read} of {self._count} frames; it is truncated")

    def _camera(self) -> Camera | None:
        path = self.path.parent / "camera.json"
        try:
            intrinsics = read_intrinsics(path)
        except InputError as error:
            raise SourceError(str(error)) from error
        if intrinsics is None:
            return None
        camera, _ = intrinsics
        if (camera.width, camera.height) != (self.width, self.height):
            raise SourceError(
                f"{path} is for {camera.width} x {camera.height} px; the video is {self.width} x {self.height}"
            )
        return camera
