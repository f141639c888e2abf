"""Sets in their published layout: what is said of one, and frames of colour, depth and label files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.image_files import MILLIMETRE, natural_key, read_color, read_depth
from uois_sam.datasets.label_png import read_labels
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.labelled import LabelledDataset
from uois_sam.errors import InputError
from uois_sam.types import Camera, Frame, relabel


@dataclass(frozen=True)
class About:
    """What a person has to know of a kind of data set.

    Attributes:
        title: its name.
        holds: in a few words.
        layout: of the folder, in a line.
        source: the page where it can be had, or what makes it.
        splits: names of its splits, the default first; one name where it has no splits.
    """

    title: str
    holds: str
    layout: str
    source: str
    splits: tuple[str, ...] = ("all",)

    def need(self, path: Path) -> Path:
        """The path, if it exists.

        Raises:
            InputError: it does not; names the path, the layout and where the set can be had.
        """
        if not path.exists():
            raise InputError(
                f"{self.title}: {path} is missing; wanted {self.layout}; the set can be had at {self.source}"
            )
        return path

    def need_files(self, folder: Path, pattern: str) -> list[Path]:
        """Files that match the pattern in the folder, in natural order.

        Raises:
            InputError: the folder is missing, or holds no match.
        """
        return self._matches(folder, pattern, [p for p in self.need(folder).glob(pattern) if p.is_file()])

    def need_folders(self, folder: Path, pattern: str) -> list[Path]:
        """As `need_files`, folders."""
        return self._matches(folder, pattern, [p for p in self.need(folder).glob(pattern) if p.is_dir()])

    def _matches(self, folder: Path, pattern: str, found: list[Path]) -> list[Path]:
        found = [p for p in found if not p.name.startswith(".")]
        if not found:
            raise InputError(
                f"{self.title}: {folder} holds no {pattern}; wanted {self.layout}; "
                f"the set can be had at {self.source}"
            )
        return sorted(found, key=lambda p: natural_key(p.relative_to(folder).as_posix()))


@dataclass(frozen=True)
class FrameFiles:
    """The files of one frame."""

    name: str
    color: Path
    depth: Path
    label: Path


class PublishedDataset(LabelledDataset):
    """Frames of which each has a colour, a depth and a label file.

    `Frame.label` is 0 on background and table, and 1 .. N without gaps on the objects, in rising order of the
    labels as published. A subclass says what is different in its set.

    Args:
        path: the folder of the set.
        about: the set.
        files: of the frames, in order.
    """

    def __init__(self, path: Path, about: About, files: list[FrameFiles]) -> None:
        super().__init__(path, [f.name for f in files], LabelRule())
        self.about = about
        self.files = files

    def _read(self, index: int) -> Frame:
        files = self.files[index]
        image = read_color(self.about.need(files.color))
        size = (image.shape[0], image.shape[1])
        depth = read_depth(self.about.need(files.depth), size, self._metres_per_unit(files))
        labels = read_labels(self.about.need(files.label), size)
        camera = self._camera(files, size)
        if camera is not None and (camera.height, camera.width) != size:
            raise InputError(
                f"{files.color} is {size[1]} x {size[0]}, but its intrinsics are for "
                f"{camera.width} x {camera.height}; use the images as published"
            )
        return Frame(
            image=image,
            depth=depth,
            camera=camera,
            name=files.name,
            label=relabel(self._objects(labels, files)),
        )

    def _metres_per_unit(self, files: FrameFiles) -> float:
        """Metres per unit of the depth file."""
        return MILLIMETRE

    def _objects(self, labels: NDArray[np.uint16], files: FrameFiles) -> NDArray[np.uint16]:
        """The labels with 0 wherever there is no object."""
        return labels

    def _camera(self, files: FrameFiles, size: tuple[int, int]) -> Camera | None:
        """Intrinsics of the image of `size` (H, W); None where the set publishes none."""
        return None


def every_tenth(files: list[Path]) -> list[Path]:
    """1 of 10 frames of a recording, from its first on (UOIS-SAM, IV-A)."""
    return files[::10]
