"""All kinds of data sets with labelled parts, and how one is opened by a line of text such as `parts:PATH`."""

from __future__ import annotations

from pathlib import Path

from uois_sam.datasets import partimagenet, pascal_part
from uois_sam.datasets.coco_parts import open_coco
from uois_sam.datasets.kinds import Kind, open_kind
from uois_sam.datasets.part_labels import PartDataset
from uois_sam.datasets.published import About
from uois_sam.datasets.synthetic_parts import SyntheticPartsDataset

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


PART_KINDS: dict[str, Kind[PartDataset]] = {
    "parts": Kind(SYNTHETIC, _open_synthetic),
    "coco": Kind(COCO, open_coco),
    "partimagenet": Kind(partimagenet.ABOUT, partimagenet.open_partimagenet),
    "pascal-part": Kind(pascal_part.ABOUT, pascal_part.PascalPartDataset),
}
"""Kinds by the name that opens them."""


def open_part_dataset(spec: str) -> PartDataset:
    """The data set that a line of text names.

    Args:
        spec: KIND:PATH, or KIND/SPLIT:PATH, of `PART_KINDS`.

    Raises:
        InputError: there is no such kind or split, or the path is not what the kind wants.
    """
    return open_kind(spec, PART_KINDS)
