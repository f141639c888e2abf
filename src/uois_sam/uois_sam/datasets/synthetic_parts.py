"""Parts of the tables that `uois-sam synth` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.image_files import read_image
from uois_sam.datasets.json_files import read_object
from uois_sam.datasets.part_labels import PartDataset, PartLabels
from uois_sam.errors import InputError
from uois_sam.types import Frame

_MIN_AREA = 2e-4
"""Share of the image below which nobody would label a part: 15 px of 240 x 320."""


class SyntheticPartsDataset(PartDataset):
    """A folder with parts/NAME.png (k on the k-th part of its object) and the parts' names in frames/NAME.json.

    A part is what is seen of one part of one object; slivers of under 2 in 10 000 pixels are left out.

    Args:
        path: the folder; its color/ and label/ are those of `FolderDataset`.

    Raises:
        InputError: a folder or file is missing or unusable.
    """

    def __init__(self, path: Path) -> None:
        self._frames = FolderDataset(path)
        for folder in ("label", "parts", "frames"):
            if not (path / folder).is_dir():
                raise InputError(f"{path} has no folder {folder}/; parts want what uois-sam synth writes")
        self._parts = [self._read_names(path / "frames" / f"{name}.json") for name in self._frames.names]
        found = {name for objects in self._parts for names in objects.values() for name in names}
        if not found:
            raise InputError(f"{path} names no part of any object; draw it again with uois-sam synth")
        super().__init__(path, self._frames.names, tuple(sorted(found)))

    @staticmethod
    def _read_names(path: Path) -> dict[int, list[str]]:
        objects: Any = read_object(path).get("objects")
        try:
            return {int(label): [str(name) for name in entry["parts"]] for label, entry in objects.items()}
        except (AttributeError, KeyError, TypeError, ValueError):
            raise InputError(f"{path} names no parts of its objects; wanted what uois-sam synth writes") from None

    def _read(self, index: int) -> Frame:
        return self._frames[index]

    def parts(self, index: int) -> PartLabels:
        name = self.names[index]
        parts = _plane(self.path / "parts" / f"{name}.png")
        label = _plane(self.path / "label" / f"{name}.png")
        if parts.shape != label.shape:
            raise InputError(f"parts/{name}.png is {parts.shape}, label/{name}.png {label.shape}; wanted one size")
        kinds, masks = [], []
        for thing, names in self._parts[index].items():
            seen = np.bincount(parts[label == thing], minlength=len(names) + 1)
            for k, part in enumerate(names, start=1):
                if seen[k] >= _MIN_AREA * parts.size:
                    kinds.append(self.part_names.index(part))
                    masks.append((label == thing) & (parts == k))
        stacked = np.array(masks, bool).reshape(-1, *parts.shape)
        return PartLabels.from_masks(np.array(kinds, np.int64), stacked)


def _plane(path: Path) -> NDArray[np.int64]:
    plane = read_image(path, cv2.IMREAD_UNCHANGED)
    if plane.ndim != 2:
        raise InputError(f"{path} is {plane.shape} {plane.dtype}; wanted one channel")
    return plane.astype(np.int64)
