"""Frames as a folder: color/, depth/, label/, camera.json and sequence.json, what `FolderDataset` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.closeable import Closeable
from uois_sam.datasets.sequence_file import FILE_NAME, SequenceInfo, sequence_json
from uois_sam.errors import InputError, SourceError
from uois_sam.sources.image_codec import MILLIMETRE, millimetres
from uois_sam.sources.pairing import period
from uois_sam.sources.stream_check import StreamCheck
from uois_sam.types import Camera, Frame

_EVEN = 0.01  # of a period, by which stamps of a constant rate may be off it
_KINDS = ("label", "depth", "color")  # in this order: a frame is there when its image is


class FolderWriter(Closeable):
    """Writes frames as PNG files, without loss: depth in millimetres, stamps in sequence.json.

    Where the disk is full the frames before can be read: what is begun of the next one is taken away.

    Attributes:
        path: of the folder. count: frames so far.
    """

    def __init__(self, path: Path | str, name: str) -> None:
        """Make the folder. `name`: of the sequence.

        Raises:
            InputError: it holds images already. SourceError: it cannot be made.
        """
        self.path, self.count = Path(path), 0
        self._name = name
        self._check = StreamCheck()
        self._stamps: dict[str, int] = {}
        self._closed = False
        try:
            if (self.path / "color").is_dir() and any((self.path / "color").iterdir()):
                raise InputError(f"{self.path} holds images already; give an empty folder")
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceError(f"cannot write to the folder {self.path}: {error.strerror}") from error

    def add(self, frame: Frame) -> None:
        """Write one frame under the next number: 000000, 000001, ...

        Raises:
            InputError: it does not go on with the frames before, see `StreamCheck`.
            SourceError: the disk takes no more, which closes the folder.
        """
        if self._closed:
            raise SourceError(f"folder {self.path} is closed")
        stamp = self._check.next(frame)
        name = f"{self.count:06d}"
        depth = None if frame.depth is None else millimetres(frame.depth)
        planes: dict[str, NDArray[Any] | None] = {
            "label": frame.label,
            "depth": depth,
            "color": np.ascontiguousarray(frame.image[..., ::-1]),
        }
        try:
            if self.count == 0 and frame.camera is not None:
                (self.path / "camera.json").write_text(json.dumps(_intrinsics(frame.camera)) + "\n")
            for kind in _KINDS:
                plane = planes[kind]
                if plane is not None:
                    _write_png(self.path / kind / f"{name}.png", plane)
        except OSError as error:
            raise self._full(error) from error
        self._stamps[name] = stamp
        self.count += 1

    def close(self) -> None:
        """Write sequence.json; may be called twice.

        Raises:
            SourceError: the disk takes no more.
        """
        if self._closed:
            return
        try:
            self._write_stamps()
        except OSError as error:
            raise self._full(error) from error
        self._closed = True

    def _write_stamps(self) -> None:
        info = SequenceInfo(self._name, _rate(list(self._stamps.values())), self._stamps)
        path = self.path / FILE_NAME
        try:
            path.write_text(json.dumps(sequence_json(info)) + "\n")
        except OSError:
            path.unlink(missing_ok=True)
            raise

    def _full(self, error: OSError) -> SourceError:
        """Give up writing; frames go, the last first, until there is room for their stamps."""
        self._closed = True
        self._remove(f"{self.count:06d}")
        while True:
            try:
                self._write_stamps()
                break
            except OSError:
                if not self._stamps:
                    break
                name, _ = self._stamps.popitem()
                self._remove(name)
                self.count -= 1
        return SourceError(
            f"cannot write to the folder {self.path}: {error.strerror}; the first {self.count} frames can be read"
        )

    def _remove(self, name: str) -> None:
        for kind in reversed(_KINDS):
            (self.path / kind / f"{name}.png").unlink(missing_ok=True)


def _write_png(path: Path, image: NDArray[Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 2])[1].tobytes())


def _intrinsics(camera: Camera) -> dict[str, float]:
    names = ("fx", "fy", "cx", "cy", "width", "height")
    return {**{name: getattr(camera, name) for name in names}, "depth_scale": MILLIMETRE}


def _rate(stamps: list[int]) -> float | None:
    """Frames a second; None where the stamps keep no rate."""
    step = period(stamps)
    if step is None or (np.abs(np.diff(stamps) - step) > _EVEN * step).any():
        return None
    return round((len(stamps) - 1) * 1e9 / (stamps[-1] - stamps[0]), 6)
