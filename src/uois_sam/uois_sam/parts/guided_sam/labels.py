"""The file of patch annotations: what a person said about the patches of a folder of images (section 3.1).

    {"format": 1, "grid": {"cells": 28, "span": 2}, "names": ["handle", "blade"],
     "images": {"mug.jpg": {"handle": {"with": [310, 311], "without": [0, 1]}, "blade": {"without": [310]}}}}

Patches are numbered row by row, see `PatchGrid.places`; of those in neither list nobody said anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.json_files import read_object
from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.patches import PatchGrid

_FORMAT = 1
_SAID = {"with": 1, "without": 0}


@dataclass(frozen=True)
class PatchLabels:
    """Annotations of the patches of some images.

    Attributes:
        grid: that the patches belong to.
        names: of the parts.
        images: per file name, relative to the folder of images, (P, parts) int8: 1 contains the part, 0 does not,
            -1 nobody said.
    """

    grid: PatchGrid
    names: tuple[str, ...]
    images: Mapping[str, NDArray[np.int8]]


def write_patch_labels(labels: PatchLabels, path: Path) -> None:
    """Write a file of patch annotations, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    images = {
        file: {
            name: {word: np.flatnonzero(said[:, k] == value).tolist() for word, value in _SAID.items()}
            for k, name in enumerate(labels.names)
        }
        for file, said in labels.images.items()
    }
    grid = {"cells": labels.grid.cells, "span": labels.grid.span}
    document = {"format": _FORMAT, "grid": grid, "names": list(labels.names), "images": images}
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; give another file") from None


def read_patch_labels(path: Path) -> PatchLabels:
    """Read a file of patch annotations.

    Raises:
        InputError: it cannot be read, or is not as described here.
    """
    content = read_object(path)
    try:
        if content["format"] != _FORMAT:
            raise InputError(f"its format is {content['format']}; this version reads {_FORMAT}")
        grid = PatchGrid(int(content["grid"]["cells"]), int(content["grid"]["span"]))
        names = tuple(str(name) for name in content["names"])
        if not names or len(set(names)) != len(names):
            raise InputError(f"its names are {list(names)}; wanted one or more different ones")
        images = {str(file): _said(file, parts, names, grid) for file, parts in content["images"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is no file of patch annotations: {error!r}") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return PatchLabels(grid, names, images)


def _said(file: str, parts: Any, names: tuple[str, ...], grid: PatchGrid) -> NDArray[np.int8]:
    said = np.full((len(grid), len(names)), -1, np.int8)
    for name, lists in parts.items():
        if name not in names:
            raise InputError(f"part {name!r} of {file} is none of {', '.join(names)}")
        for word, patches in lists.items():
            numbers = np.asarray(patches, np.int64)
            if word not in _SAID or numbers.ndim != 1:
                raise InputError(f"{name} of {file} has {word!r}; wanted lists of patches under with and without")
            if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(grid)):
                raise InputError(
                    f"{name} of {file}: patches are 0 to {len(grid) - 1}; found {numbers.min()} to {numbers.max()}"
                )
            said[numbers, names.index(name)] = _SAID[word]
    return said
