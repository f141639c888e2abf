"""All kinds of data sets with labelled parts, and how one is opened by a line of text such as `parts:PATH`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uois_sam.datasets import partimagenet, pascal_part
from uois_sam.datasets.coco_parts import open_coco
from uois_sam.datasets.part_labels import PartDataset
from uois_sam.datasets.published import About
from uois_sam.datasets.synthetic_parts import SyntheticPartsDataset
from uois_sam.errors import InputError


@dataclass(frozen=True)
class PartKind:
    """A kind of data set with parts.

    Attributes:
        about: what a person has to know.
        open: gives the set in a folder or file, of one of `about.splits`.
    """

    about: About
    open: Callable[[Path, str], PartDataset]


SYNTHETIC = About(
    "synthetic tables",
    "handles, blades, lids, ... of what uois-sam synth draws",
    "PATH/{color,label,parts}/NAME.png and PATH/frames/NAME.json",
    "uois-sam synth",
)
COCO = About(
    "COCO style",
    "boxes of parts, with masks or without",
    "PATH, a JSON file with images, annotations and categories; image names start from its folder",
    "your own annotation tool",
)


def _open_synthetic(path: Path, split: str) -> PartDataset:
    return SyntheticPartsDataset(path)


PART_KINDS: dict[str, PartKind] = {
    "parts": PartKind(SYNTHETIC, _open_synthetic),
    "coco": PartKind(COCO, open_coco),
    "partimagenet": PartKind(partimagenet.ABOUT, partimagenet.open_partimagenet),
    "pascal-part": PartKind(pascal_part.ABOUT, pascal_part.PascalPartDataset),
}
"""Kinds by the name that opens them."""


def open_part_dataset(spec: str) -> PartDataset:
    """The data set that a line of text names.

    Args:
        spec: KIND:PATH, or KIND/SPLIT:PATH, of `PART_KINDS`.

    Raises:
        InputError: there is no such kind or split, or the path is not what the kind wants.
    """
    name, separator, path = spec.partition(":")
    name, _, split = name.partition("/")
    if name not in PART_KINDS or not separator or not path:
        raise InputError(
            f"data set of parts {spec!r} is unknown; give {', '.join(f'{kind}:PATH' for kind in PART_KINDS)}"
        )
    kind = PART_KINDS[name]
    if split and split not in kind.about.splits:
        raise InputError(f"{name} has no split {split!r}; it has {', '.join(kind.about.splits)}")
    return kind.open(Path(path), split or kind.about.splits[0])
