"""Car Parts Segmentation (Pasupa et al., 2021) in the nine classes of Guided SAM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.image_files import natural_key, read_color
from uois_sam.datasets.json_files import read_object
from uois_sam.datasets.part_image import PartImage
from uois_sam.errors import InputError

CAR_PARTS = ("bumper", "glass", "door", "light", "hood", "mirror", "tailgate", "trunk", "wheel")
"""Guided SAM, section 4.1: the 18 published classes, front and back, left and right merged."""
_BACKGROUND = "_background_"
_SHIFT = 4  # OpenCV's fixed point coordinates: sixteenths of a pixel


class CarParts:
    """Photographs of cars with the masks of their parts, read when they are asked for, in natural order of names.

    The folder holds annotations.json (COCO: images, categories, annotations with polygons) and the images where
    its `file_name`s say.

    Attributes:
        path: the folder.
        parts: `CAR_PARTS`.
        names: stems of the images.

    Raises:
        InputError: the folder or a file is missing or unusable, or the annotations are none of Car Parts; also
            when an image is read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.parts = CAR_PARTS
        self._file = self.path / "annotations.json"
        if not self._file.is_file():
            raise InputError(f"{self.path} has no annotations.json; give the folder of Car Parts Segmentation")
        content = read_object(self._file)
        try:
            part_of = {c["id"]: _merged(c["name"]) for c in content["categories"] if c["name"] != _BACKGROUND}
            images = [(int(i["id"]), str(i["file_name"])) for i in content["images"]]
            shapes: dict[int, list[tuple[str, Any]]] = {number: [] for number, _ in images}
            for annotation in content["annotations"]:
                if annotation["category_id"] in part_of:
                    part = part_of[annotation["category_id"]]
                    shapes[annotation["image_id"]].append((part, annotation["segmentation"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"{self._file} is no COCO file of polygons: {error!r}") from None
        images.sort(key=lambda image: natural_key(image[1]))
        self._images = [(file, shapes[number]) for number, file in images]
        self.names = [Path(file).stem for file, _ in self._images]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> PartImage:
        file, shapes = self._images[index]
        image = read_color(self.path / file)
        masks: dict[str, NDArray[np.bool_]] = {}
        for part, polygons in shapes:
            try:
                mask = polygon_mask(polygons, (image.shape[0], image.shape[1]))
            except InputError as error:
                raise InputError(f"{self._file}: {part} of {file}: {error}") from None
            masks[part] = mask | masks[part] if part in masks else mask
        return PartImage(self.names[index], image, masks)

    def corners(self, index: int) -> dict[str, int]:
        """Corners of the polygons that outline each part of an image: what its masks cost in clicks."""
        found: dict[str, int] = {}
        for part, polygons in self._images[index][1]:
            if isinstance(polygons, list):
                found[part] = found.get(part, 0) + sum(len(polygon) // 2 for polygon in polygons)
        return found


def polygon_mask(polygons: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The union of COCO polygons.

    Args:
        polygons: lists of x0, y0, x1, y1, ... in pixels, where pixel (0, 0) covers 0 .. 1, as parsed from JSON.
        size: H, W.

    Returns:
        (H, W) bool; a pixel that an edge runs through belongs to the mask.

    Raises:
        InputError: it is something else, or a polygon has fewer than three corners.
    """
    mask = np.zeros(size, np.uint8)
    if not isinstance(polygons, list):
        raise InputError(f"segmentation is a {type(polygons).__name__}; wanted a list of polygons")
    for polygon in polygons:
        try:
            corners = np.asarray(polygon, np.float64).reshape(-1, 2)
        except (TypeError, ValueError):
            raise InputError("a polygon is no list of x, y in pixels") from None
        if len(corners) < 3 or not np.isfinite(corners).all():
            raise InputError(f"a polygon has {len(corners)} usable corners; wanted three or more")
        fixed = np.round((corners - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 1, shift=_SHIFT)
    return mask > 0


def _merged(name: str) -> str:
    part = name.rsplit("_", 1)[-1]
    if part not in CAR_PARTS:
        raise InputError(f"category {name!r} is none of Car Parts; its parts are {', '.join(CAR_PARTS)}")
    return part
