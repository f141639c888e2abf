"""The two files of a session that labels patches: what was said, and how many clicks that took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.annotation.clicks import Clicks, clicks_file, read_clicks, write_clicks
from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.labels import PatchLabels, read_patch_labels, write_patch_labels
from uois_sam.parts.guided_sam.patches import PatchGrid

UNSAID = -1


@dataclass(frozen=True)
class PartClicks(Clicks):
    """Clicks on one part (Guided SAM, section 4.2). Moving from prototype to prototype is none.

    Attributes:
        prototypes: that said the same of all patches of a prototype.
        patches: that corrected a single patch.
        undone: that took one of those back; a wrong click and its undoing cost a person two.
    """

    prototypes: int = 0
    patches: int = 0
    undone: int = 0


@dataclass(frozen=True)
class PartLabels:
    """Attributes:
    grid: of the patches.
    files: names of I images.
    names: of K parts.
    said: (I, P, K) int8 of all patches of the grid: 1 contains the part, 0 does not, -1 nobody said.
    clicks: of each part.
    """

    grid: PatchGrid
    files: tuple[str, ...]
    names: tuple[str, ...]
    said: NDArray[np.int8]
    clicks: tuple[PartClicks, ...]

    def of_patches(self) -> PatchLabels:
        """Those of the images of which something was said."""
        of_images = zip(self.files, self.said, strict=True)
        return PatchLabels(
            self.grid, self.names, {file: said.copy() for file, said in of_images if (said != UNSAID).any()}
        )


def read_part_labels(path: Path, grid: PatchGrid, files: Sequence[str], names: Sequence[str]) -> PartLabels:
    """What was said in earlier sessions; nothing where there is no file yet. Parts can be added.

    Raises:
        InputError: the names are not one or more different ones, or the file is broken, or its labels are of
            another grid, of parts that are not named, or of images that are not there.
    """
    if not names or len(set(names)) != len(names):
        raise InputError(f"the parts are {', '.join(names) or 'none'}; name one or more different ones")
    said = np.full((len(files), len(grid), len(names)), UNSAID, np.int8)
    if path.exists():
        _fill(said, path, read_patch_labels(path), grid, files, names)
    counted = read_clicks(clicks_file(path), PartClicks)
    clicks = tuple(counted.get(name, PartClicks()) for name in names)
    return PartLabels(grid, tuple(files), tuple(names), said, clicks)


def write_part_labels(labels: PartLabels, path: Path) -> None:
    """Write the labels, and the clicks beside them, each file whole or not at all.

    Raises:
        InputError: a file cannot be written.
    """
    write_patch_labels(labels.of_patches(), path)
    clicks = dict(zip(labels.names, labels.clicks, strict=True))
    images = len(labels.files)
    per_image = {name: round(of_part.total / images, 3) for name, of_part in clicks.items()}
    write_clicks(clicks, {"images": images, "clicks_per_image": per_image}, clicks_file(path))


def _fill(
    said: NDArray[np.int8],
    path: Path,
    labels: PatchLabels,
    grid: PatchGrid,
    files: Sequence[str],
    names: Sequence[str],
) -> None:
    if labels.grid != grid:
        raise InputError(
            f"{path} has patches of {labels.grid.span} of {labels.grid.cells} cells, wanted are {grid.span} of"
            f" {grid.cells}; give another file"
        )
    dropped = [name for name in labels.names if name not in names]
    if dropped:
        raise InputError(
            f"{path} has labels of {', '.join(labels.names)}, and {dropped[0]!r} is not among the parts"
            f" {', '.join(names)}; name it too, or give another file"
        )
    for file, of_image in labels.images.items():
        if file not in files:
            raise InputError(f"{path} has labels of {file}, which is not among the images; bring it back")
        for k, name in enumerate(labels.names):
            said[files.index(file), :, names.index(name)] = of_image[:, k]
