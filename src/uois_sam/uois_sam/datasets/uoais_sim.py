"""UOAIS-Sim (Back et al., ICRA 2022), the photorealistic set that UOIS-SAM is trained on, as published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from uois_sam.datasets.coco_rle import decode_rle
from uois_sam.datasets.image_files import read_color, read_depth
from uois_sam.datasets.json_files import read_object
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.labelled import LabelledDataset
from uois_sam.datasets.published import About
from uois_sam.errors import InputError
from uois_sam.types import Frame, relabel

ABOUT = About(
    "UOAIS-Sim",
    "45000 rendered views of bins and tables for training and 5000 for validation, 640 x 480, RGB-D",
    "PATH/annotations/coco_anns_uoais_sim_{train,val}.json and PATH/{train,val}/{bin,tabletop}/{color,depth}/",
    "https://github.com/gist-ailab/uoais",
    ("val", "train"),
)
_TENTH_OF_MILLIMETRE = 0.0001


class UoaisSimDataset(LabelledDataset):
    """Views of UOAIS-Sim's validation or training part, in the order of their ids.

    `Frame.label` is 0 on the background and 1 .. N on the visible masks of the objects; the amodal and the
    occluded masks are not read. Depth is in tenths of a millimetre (the publisher's network clips training depth
    to 2500 .. 15000 and depth of cameras to 250 .. 1500 millimetres). No intrinsics are published.

    Args:
        path: the folder that holds annotations, train and val.
        split: "val" or "train".

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        self._folder = ABOUT.need(ABOUT.need(path) / split)
        self._json = ABOUT.need(path / "annotations" / f"coco_anns_uoais_sim_{split}.json")
        content = read_object(self._json)
        try:
            images = sorted(content["images"], key=lambda entry: entry["id"])
            self._files = [(str(entry["file_name"]), str(entry["depth_file_name"])) for entry in images]
            index = {entry["id"]: k for k, entry in enumerate(images)}
            self._masks: list[list[Any]] = [[] for _ in images]
            for annotation in content["annotations"]:
                self._masks[index[annotation["image_id"]]].append(annotation["visible_mask"])
        except (KeyError, TypeError) as error:
            raise InputError(f"{self._json} is no annotation file of UOAIS-Sim: no {error}") from error
        if not images:
            raise InputError(f"{self._json} names no image; the set can be had at {ABOUT.source}")
        names = [Path(color).with_suffix("").as_posix() for color, _ in self._files]
        super().__init__(path, names, LabelRule())

    def _read(self, index: int) -> Frame:
        color, depth = self._files[index]
        image = read_color(ABOUT.need(self._folder / color))
        size = (image.shape[0], image.shape[1])
        label = np.zeros(size, np.uint16)
        for k, mask in enumerate(self._masks[index], start=1):
            try:
                label[decode_rle(mask, size)] = k
            except InputError as error:
                raise InputError(f"{self._json}: object {k} of {color}: {error}") from error
        return Frame(
            image=image,
            depth=read_depth(ABOUT.need(self._folder / depth), size, _TENTH_OF_MILLIMETRE),
            name=self.names[index],
            label=relabel(label),
        )
