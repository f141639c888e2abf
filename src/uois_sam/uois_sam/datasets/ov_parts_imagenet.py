"""PartImageNet (He et al., ECCV 2022) with the 40 of its classes that PartCLIPSeg is measured on (table A3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uois_sam.datasets.image_files import read_color
from uois_sam.datasets.ov_parts import UNLABELLED, PartFrame, PartLabels, VocabularyDataset
from uois_sam.datasets.ov_parts_coco import read_annotations, segmentation_mask
from uois_sam.datasets.ov_parts_names import IMAGENET_CATEGORIES, IMAGENET_NAMES, PART_IMAGENET_40
from uois_sam.datasets.published import About
from uois_sam.errors import InputError

ABOUT = About(
    "PartImageNet",
    "photographs of 40 of PartImageNet's 158 classes, each with the parts of its superclass",
    "PATH/images/{train,val}/WNID_NAME.JPEG and PATH/{train,val}.json, or this in PATH/annotations/{train,val}",
    "https://github.com/TACJu/PartImageNet",
    ("val", "train"),
)


class PartImageNet40Dataset(VocabularyDataset):
    """The images of 40 classes of PartImageNet_Seg's validation or training part.

    The class is told by the identifier that a file's name begins with; an object is the union of its parts. Images
    of the other 118 classes are left out, and those of unseen classes from "train".

    Args:
        path: the folder that holds images and annotations.
        split: "val" or "train".

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        ABOUT.need(path)
        self._folder = ABOUT.need(path / "images" / split)
        beside = path / f"{split}.json"
        self._json = beside if beside.is_file() else ABOUT.need(path / "annotations" / split / f"{split}.json")
        unseen = {PART_IMAGENET_40.objects[k] for k in PART_IMAGENET_40.unseen}

        def wanted(file: str) -> bool:
            name = IMAGENET_NAMES.get(_identifier(file))
            return name is not None and not (split == "train" and name in unseen)

        self._images = read_annotations(self._json, len(IMAGENET_CATEGORIES), wanted)
        super().__init__(path, [Path(image.file_name).stem for image in self._images], PART_IMAGENET_40)

    def _read(self, index: int) -> PartFrame:
        file = self._images[index].file_name
        image = read_color(ABOUT.need(self._folder / file))
        size = (image.shape[0], image.shape[1])
        name = IMAGENET_NAMES[_identifier(file)]
        known = {part: k for k, part in enumerate(self.vocabulary.names)}
        classes = np.full(size, UNLABELLED, np.int16)
        for category, segmentation in self._images[index].masks:
            part = f"{name}'s {IMAGENET_CATEGORIES[category]}"
            if part not in known:
                raise InputError(f"{self._json}: {file} has category {category}, but there is no {part}")
            classes[segmentation_mask(segmentation, size, self._json)] = known[part]
        objects = np.where(classes >= 0, self.vocabulary.objects.index(name), UNLABELLED).astype(np.int16)
        return PartFrame(image, PartLabels(objects, classes), self.names[index])


def _identifier(file: str) -> str:
    return Path(file).name.split("_", 1)[0]
