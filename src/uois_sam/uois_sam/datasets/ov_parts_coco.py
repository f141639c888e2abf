"""COCO's instance files as the part sets use them: images, and annotated masks by category."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.coco_rle import decode_rle
from uois_sam.datasets.json_files import read_object
from uois_sam.errors import InputError


@dataclass(frozen=True)
class AnnotatedImage:
    """An image of a COCO file.

    Attributes:
        file_name: as written.
        masks: category id and segmentation of each annotation, in the order of the file.
    """

    file_name: str
    masks: tuple[tuple[int, Any], ...]


def read_annotations(path: Path, categories: int, keep: Callable[[str], bool]) -> list[AnnotatedImage]:
    """The images of a COCO file, by rising id, for whose file names `keep` is true.

    Raises:
        InputError: it is no COCO file, names no such image, or a category id is not below `categories`.
    """
    content = read_object(path)
    try:
        images = sorted(content["images"], key=lambda image: image["id"])
        files = {image["id"]: str(image["file_name"]) for image in images if keep(str(image["file_name"]))}
        masks: dict[Any, list[tuple[int, Any]]] = {key: [] for key in files}
        for annotation in content["annotations"]:
            if annotation["image_id"] in files:
                category = annotation["category_id"]
                if type(category) is not int or not 0 <= category < categories:
                    raise InputError(f"{path} has category {category!r}; wanted 0 to {categories - 1}")
                masks[annotation["image_id"]].append((category, annotation["segmentation"]))
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} is no instance file in COCO's form: no {error}") from error
    if not files:
        raise InputError(f"{path} names no image of the set's classes; give the file as published")
    return [AnnotatedImage(name, tuple(masks[key])) for key, name in files.items()]


def segmentation_mask(segmentation: Any, size: tuple[int, int], path: Path) -> NDArray[np.bool_]:
    """(H, W) bool of a segmentation that was read from `path`: run lengths, or polygons [x0, y0, x1, y1, ...].

    Polygons of fewer than three points are left out, as COCO's readers do.

    Raises:
        InputError: it is something else.
    """
    if isinstance(segmentation, dict):
        try:
            return decode_rle(segmentation, size)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    mask = np.zeros(size, bool)
    try:
        for polygon in segmentation:
            corners = np.array(polygon, np.float64)
            if corners.ndim != 1 or len(corners) % 2 or not np.isfinite(corners).all():
                raise ValueError
            if len(corners) >= 6:
                mask |= _inside(corners.reshape(-1, 2), size)
    except (TypeError, ValueError):
        raise InputError(f"{path}: a segmentation is neither run lengths nor polygons of x, y in pixels") from None
    return mask


def _inside(corners: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) bool, pixels whose centres, (0.5, 0.5) for the first, lie inside a polygon by the even-odd rule."""
    height, width = size
    centres = np.arange(height) + 0.5
    turns = np.zeros((height, width + 1), np.int64)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        rows = np.flatnonzero((y0 <= centres) != (y1 <= centres))
        if len(rows):
            crossings = x0 + (centres[rows] - y0) * (x1 - x0) / (y1 - y0)
            turns[rows, np.clip(np.ceil(crossings - 0.5), 0, width).astype(np.int64)] += 1
    return np.cumsum(turns, axis=1)[:, :width] % 2 == 1
