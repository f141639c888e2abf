"""Recorded frames on disk: a folder in the project's form, the bundled sequence, a single image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.image_files import read_image
from uois_sam.errors import InputError, SourceError
from uois_sam.paths import bundled_sequence
from uois_sam.sources.source import OpenSource
from uois_sam.types import Frame


class SequenceSource(OpenSource):
    """The frames of a sequence one after the other. A frame that cannot be read raises InputError."""

    def __init__(self, frames: Sequence[Frame], description: str, *, loop: bool = False) -> None:
        self.rate: float | None = None
        self.loop = loop
        self._frames = frames
        self._description = description
        self._next = 0

    def describe(self) -> str:
        """What is read, in one line."""
        return self._description

    def __len__(self) -> int:
        """Frames of one pass."""
        return len(self._frames)

    def __next__(self) -> Frame:
        if self._next == len(self._frames):
            if not self.loop:
                raise StopIteration
            self._next = 0
        self._next += 1
        return self._frames[self._next - 1]


def open_folder(path: Path, *, loop: bool = False) -> SequenceSource:
    """The frames of a folder with color/, and optionally depth/, label/ and camera.json.

    Raises:
        SourceError: the folder is missing, empty or not of that form.
    """
    try:
        dataset = FolderDataset(path)
    except InputError as error:
        raise SourceError(str(error)) from error
    return SequenceSource(dataset, f"folder {path}: {len(dataset)} frames", loop=loop)


def open_bundled(*, loop: bool = False) -> SequenceSource:
    """The recorded table that comes with the package: RGB, depth and true labels."""
    return open_folder(bundled_sequence(), loop=loop)


def open_image(path: Path, *, loop: bool = False) -> SequenceSource:
    """One image file as a source of one frame, without depth.

    Raises:
        SourceError: the file is missing or no image.
    """
    try:
        bgr = read_image(path, cv2.IMREAD_COLOR)
    except InputError as error:
        raise SourceError(str(error)) from error
    image = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
    height, width = image.shape[:2]
    return SequenceSource([Frame(image, name=path.stem)], f"image {path}: {width} x {height}", loop=loop)
