"""PartImageNet (He et al., ECCV 2022), the set of WPS-SAM's tables 1, 2 and 4."""

from __future__ import annotations

from pathlib import Path

from uois_sam.datasets.coco_parts import CocoPartsDataset
from uois_sam.datasets.published import About

ABOUT = About(
    "PartImageNet",
    "24 000 images of 158 ImageNet classes, 40 kinds of parts of 11 super-categories",
    "PATH/images/{train,val,test}/ and PATH/annotations/SPLIT/SPLIT.json in COCO's form",
    "https://github.com/TACJu/PartImageNet",
    ("val", "train", "test"),
)
PART_COUNT = 40


def open_partimagenet(path: Path, split: str) -> CocoPartsDataset:
    """Images and parts of one split; the parts' names and order are those of the annotation file.

    Raises:
        InputError: a folder or file is missing or unusable, or the file has not the 40 parts.
    """
    ABOUT.need(path)
    images = ABOUT.need(path / "images" / split)
    annotations = ABOUT.need(path / "annotations" / split / f"{split}.json")
    return CocoPartsDataset(annotations, images, PART_COUNT)
