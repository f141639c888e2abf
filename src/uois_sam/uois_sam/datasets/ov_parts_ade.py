"""ADE20K-Part-234 as OV-PARTS (Wei et al., NeurIPS 2023) publishes it: objects in JSON, parts in label images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uois_sam.datasets.image_files import read_color
from uois_sam.datasets.label_png import read_labels
from uois_sam.datasets.ov_parts import UNLABELLED, PartFrame, PartLabels, VocabularyDataset, class_labels
from uois_sam.datasets.ov_parts_coco import read_annotations, segmentation_mask
from uois_sam.datasets.ov_parts_names import ADE20K_OBJECTS, ADE20K_PART_234
from uois_sam.datasets.published import About

ABOUT = About(
    "ADE20K-Part-234",
    "7347 photographs for training and 1016 to test on, 234 parts of 44 objects",
    "PATH/images/{training,validation}/NAME.jpg, PATH/ade20k_instance_{train,val}.json and "
    "PATH/annotations_detectron2_part/{training,validation}/NAME.png",
    "https://github.com/OpenRobotLab/OV_PARTS",
    ("val", "train"),
)
_FOLDERS = {"val": "validation", "train": "training"}
_IGNORE = 65535


class AdePartDataset(VocabularyDataset):
    """ADE20K-Part-234, its validation or its training part; where objects overlap, the last annotated lies on top.

    Args:
        path: the folder that holds images and ade20k_instance_val.json.
        split: "val" or "train".

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        ABOUT.need(path)
        self._folder = _FOLDERS[split]
        self._json = ABOUT.need(path / f"ade20k_instance_{split}.json")
        self._images = read_annotations(self._json, len(ADE20K_OBJECTS), lambda _: True)
        super().__init__(path, [Path(i.file_name).stem for i in self._images], ADE20K_PART_234)

    def _read(self, index: int) -> PartFrame:
        file = Path(self._images[index].file_name)
        image = read_color(ABOUT.need(self.path / "images" / self._folder / file))
        size = (image.shape[0], image.shape[1])
        objects = np.full(size, UNLABELLED, np.int16)
        for category, segmentation in self._images[index].masks:
            known = self.vocabulary.objects.index(ADE20K_OBJECTS[category])
            objects[segmentation_mask(segmentation, size, self._json)] = known
        parts = self.path / "annotations_detectron2_part" / self._folder / file.with_suffix(".png")
        labels = read_labels(ABOUT.need(parts), size)
        classes = class_labels(labels, len(self.vocabulary.classes), _IGNORE, parts)
        return PartFrame(image, PartLabels(objects, classes), self.names[index])
