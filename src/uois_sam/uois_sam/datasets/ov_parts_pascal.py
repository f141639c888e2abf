"""Pascal-Part-116 as OV-PARTS (Wei et al., NeurIPS 2023) publishes it: label images of objects and of parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uois_sam.datasets.image_files import read_color
from uois_sam.datasets.label_png import read_labels
from uois_sam.datasets.ov_parts import PartFrame, PartLabels, VocabularyDataset, class_labels
from uois_sam.datasets.ov_parts_names import PASCAL_OBJECTS, PASCAL_PART_116
from uois_sam.datasets.published import About

ABOUT = About(
    "Pascal-Part-116",
    "8431 photographs for training and 850 to test on, 116 parts of 16 objects",
    "PATH/images/{train,val}/NAME.jpg and PATH/annotations_detectron2_{obj,part}/{train,val}/NAME.png",
    "https://github.com/OpenRobotLab/OV_PARTS",
    ("val", "train"),
)
_IGNORE = 255


class PascalPartDataset(VocabularyDataset):
    """Pascal-Part-116, its validation or its training part.

    Args:
        path: the folder that holds images and annotations_detectron2_part.
        split: "val" or "train".

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        ABOUT.need(path)
        files = ABOUT.need_files(path / "annotations_detectron2_part" / split, "*.png")
        self._split = split
        super().__init__(path, [file.stem for file in files], PASCAL_PART_116)
        place = [self.vocabulary.objects.index(o) if o in self.vocabulary.objects else -1 for o in PASCAL_OBJECTS]
        self._objects = np.array([*place, -1], np.int16)

    def _read(self, index: int) -> PartFrame:
        name = self.names[index]
        image = read_color(ABOUT.need(self.path / "images" / self._split / f"{name}.jpg"))
        size = (image.shape[0], image.shape[1])
        files = [
            ABOUT.need(self.path / f"annotations_detectron2_{kind}" / self._split / f"{name}.png")
            for kind in ("obj", "part")
        ]
        counts = (len(PASCAL_OBJECTS), len(self.vocabulary.classes))
        objects, classes = (
            class_labels(read_labels(file, size), count, _IGNORE, file)
            for file, count in zip(files, counts, strict=True)
        )
        return PartFrame(image, PartLabels(self._objects[objects], classes), name)
