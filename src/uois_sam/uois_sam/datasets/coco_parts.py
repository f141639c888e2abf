"""Parts as boxes, and masks where there are some, in annotation files of COCO's form."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.coco_rle import decode_rle
from uois_sam.datasets.image_files import read_color
from uois_sam.datasets.json_files import read_object
from uois_sam.datasets.part_labels import PartDataset, PartLabels
from uois_sam.errors import InputError
from uois_sam.types import Frame

_FINER = 4
"""Polygons are drawn at this many times the resolution: OpenCV fills every pixel that their edge touches."""


class CocoPartsDataset(PartDataset):
    """The images of an annotation file that have at least one part, in the order of their ids.

    Categories without annotations (such as a "_background_") are no parts. Crowds, boxes without area and polygons
    of fewer than three corners are left out.

    Args:
        annotations: the JSON file with images, annotations (bbox, and segmentation or none) and categories.
        images: the folder that the file's names start from.
        count: of the categories, of which all are kept then; None keeps those that have a part.

    Raises:
        InputError: the file is no such annotation file, or an image of it is unusable; also when a frame is read.
    """

    def __init__(self, annotations: Path, images: Path, count: int | None = None) -> None:
        self._json, self._folder = annotations, images
        content = read_object(annotations)
        try:
            categories = sorted(content["categories"], key=lambda entry: entry["id"])
            entries = {entry["id"]: entry for entry in sorted(content["images"], key=lambda entry: entry["id"])}
            of_image: dict[int, list[dict[str, Any]]] = {key: [] for key in entries}
            for annotation in content["annotations"]:
                if _usable(annotation):
                    of_image[annotation["image_id"]].append(annotation)
            used = {a["category_id"] for rows in of_image.values() for a in rows}
            if count is None:
                categories = [entry for entry in categories if entry["id"] in used]
            elif len(categories) != count:
                raise InputError(f"{annotations} has {len(categories)} categories; wanted {count}")
            part_names = tuple(str(entry["name"]) for entry in categories)
            self._kind = {entry["id"]: k for k, entry in enumerate(categories)}
            kept = [key for key in entries if of_image[key]]
            self._files = [str(entries[key]["file_name"]) for key in kept]
            self._sizes = [(int(entries[key]["height"]), int(entries[key]["width"])) for key in kept]
            self._annotations = [of_image[key] for key in kept]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{annotations} is no annotation file of COCO's form: no {error}") from None
        if not used <= self._kind.keys():
            raise InputError(
                f"{annotations}: category {min(used - self._kind.keys())} is not among its categories"
            )
        if not kept:
            raise InputError(f"{annotations} has no annotation with a box; wanted at least one")
        super().__init__(annotations, [Path(name).with_suffix("").as_posix() for name in self._files], part_names)

    def _read(self, index: int) -> Frame:
        image = read_color(self._folder / self._files[index])
        if image.shape[:2] != self._sizes[index]:
            raise InputError(
                f"{self._folder / self._files[index]} is {image.shape[:2]}, in {self._json} {self._sizes[index]} "
                "(height, width); use the images as published"
            )
        return Frame(image=image, name=self.names[index])

    def parts(self, index: int) -> PartLabels:
        height, width = self._sizes[index]
        kinds, boxes, masks = [], [], []
        for annotation in self._annotations[index]:
            x, y, w, h = (float(v) for v in annotation["bbox"])
            box = np.clip([x, y, x + w, y + h], 0, [width, height, width, height])
            if (box[2:] <= box[:2]).any():
                continue
            kinds.append(self._kind[annotation["category_id"]])
            boxes.append(box)
            masks.append(self._mask(annotation.get("segmentation"), (height, width), index))
        known = [mask for mask in masks if mask is not None]
        return PartLabels(
            np.array(kinds, np.int64),
            np.array(boxes, np.float32).reshape(-1, 4),
            np.stack(known) if known and len(known) == len(masks) else None,
        )

    def _mask(self, segmentation: Any, size: tuple[int, int], index: int) -> NDArray[np.bool_] | None:
        if not segmentation:
            return None
        try:
            if isinstance(segmentation, dict):
                return decode_rle(segmentation, size)
            return polygon_mask(segmentation, size)
        except InputError as error:
            raise InputError(f"{self._json}: a part of {self._files[index]}: {error}") from None


def open_coco(path: Path, split: str = "all") -> CocoPartsDataset:
    """The set of one annotation file, whose images are named from its folder on.

    Raises:
        InputError: see `CocoPartsDataset`.
    """
    return CocoPartsDataset(path, path.parent)


def polygon_mask(polygons: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) bool of polygons [x1, y1, x2, y2, ...] in pixels, where a pixel's centre lies at a half.

    Raises:
        InputError: they are no lists of numbers.
    """
    height, width = size
    mask = np.zeros(size, bool)
    try:
        outlines = [np.array(polygon, np.float64).reshape(-1, 2) for polygon in polygons]
    except (TypeError, ValueError):
        raise InputError("a segmentation is no list of polygons [x1, y1, x2, y2, ...]") from None
    for outline in outlines:
        if len(outline) < 3 or not np.isfinite(outline).all():
            continue
        x0, y0 = np.clip(np.floor(outline.min(0)), 0, (width - 1, height - 1)).astype(int)
        x1, y1 = np.clip(np.ceil(outline.max(0)), (x0 + 1, y0 + 1), (width, height)).astype(int)
        fine = np.zeros(((y1 - y0) * _FINER, (x1 - x0) * _FINER), np.uint8)
        corners = np.round(((outline - (x0, y0)) * _FINER - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(fine, [corners], 1, shift=4)
        share = fine.reshape(y1 - y0, _FINER, x1 - x0, _FINER).mean((1, 3))
        mask[y0:y1, x0:x1] |= share > 0.5
    return mask


def _usable(annotation: dict[str, Any]) -> bool:
    """Whether an annotation is a part with a box; polygons of two corners are none, as in WPS-SAM's own code."""
    segmentation = annotation.get("segmentation")
    if annotation.get("iscrowd") or (
        isinstance(segmentation, list) and segmentation and len(segmentation[0]) <= 4
    ):
        return False
    x, y, w, h = annotation["bbox"]
    return math.isfinite(x + y) and w > 0 and h > 0
