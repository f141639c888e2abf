"""Instances that a person marked, and the file of COCO's form that keeps them.

An entry of "annotations" says more than COCO wants: "clicks", [x, y, 1 on the object or 0 off it] in pixels, and,
where the model found the object by itself, "prompt", the pixel [x, y] that it was found from. An entry of "images"
says with "done" whether a person has said that nothing is left to do. The k-th annotation of an image has the
label k in its label image.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.adaptation.interactive import Click
from uois_sam.annotation.whole_file import write_whole
from uois_sam.datasets.coco_rle import decode_rle, encode_rle
from uois_sam.datasets.json_files import read_object
from uois_sam.errors import InputError

COLOR = "color"
_CATEGORY = {"id": 1, "name": "object", "supercategory": "object"}


@dataclass(frozen=True)
class MarkedObject:
    """One object of an image.

    Attributes:
        number: by which a person knows it while the image is open; 1 .. N when it is read from a file.
        size: H, W of the image.
        counts: run-length code of its mask, see `decode_rle`.
        bbox: x, y, w, h of the mask in pixels.
        area: of the mask in pixels.
        clicks: that a person needed for it.
        prompt: pixel x, y from which the model found it; None where a person began it.
    """

    number: int
    size: tuple[int, int]
    counts: str
    bbox: tuple[int, int, int, int]
    area: int
    clicks: tuple[Click, ...] = ()
    prompt: tuple[int, int] | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool."""
        return decode_rle({"size": list(self.size), "counts": self.counts}, self.size)


def mark_object(
    number: int,
    mask: NDArray[np.bool_],
    clicks: tuple[Click, ...] = (),
    prompt: tuple[int, int] | None = None,
) -> MarkedObject:
    """The object with a mask of at least one pixel.

    Raises:
        InputError: the mask has no pixel.
    """
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(ys):
        raise InputError(f"object {number} has no pixel left; take a click back, or delete the object")
    x, y, w, h = int(xs[0]), int(ys[0]), int(xs[-1] - xs[0] + 1), int(ys[-1] - ys[0] + 1)
    size = (mask.shape[0], mask.shape[1])
    return MarkedObject(number, size, encode_rle(mask)["counts"], (x, y, w, h), int(mask.sum()), clicks, prompt)


@dataclass(frozen=True)
class MarkedImage:
    """What was marked in an image.

    Attributes:
        size: H, W in pixels.
        objects: whose masks do not overlap.
        done: whether a person has said that nothing is left to do.
    """

    size: tuple[int, int]
    objects: tuple[MarkedObject, ...] = ()
    done: bool = False


@lru_cache(4)
def draw_labels(objects: tuple[MarkedObject, ...], size: tuple[int, int]) -> NDArray[np.uint16]:
    """(H, W) uint16, k where the k-th object is (from 1), 0 elsewhere; not to be written to."""
    labels = np.zeros(size, np.uint16)
    for k, marked in enumerate(objects):
        labels[marked.mask] = k + 1
    labels.flags.writeable = False
    return labels


def write_instances(images: Mapping[str, MarkedImage], path: Path) -> None:
    """Write the instances of images by their file names, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    entries: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for file, image in images.items():
        height, width = image.size
        entries.append(
            {
                "id": len(entries) + 1,
                "file_name": f"{COLOR}/{file}",
                "width": width,
                "height": height,
                "done": image.done,
            }
        )
        for marked in image.objects:
            annotations.append(_annotation(marked, len(annotations) + 1, len(entries)))
    document = {
        "info": {"description": "instances that were marked by clicks"},
        "images": entries,
        "annotations": annotations,
        "categories": [_CATEGORY],
    }
    write_whole(path, (json.dumps(document) + "\n").encode())


def _annotation(marked: MarkedObject, number: int, image: int) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": number,
        "image_id": image,
        "category_id": _CATEGORY["id"],
        "iscrowd": 0,
        "bbox": list(marked.bbox),
        "area": marked.area,
        "segmentation": {"size": list(marked.size), "counts": marked.counts},
        "clicks": [[click.x, click.y, int(click.positive)] for click in marked.clicks],
    }
    return entry if marked.prompt is None else {**entry, "prompt": list(marked.prompt)}


def read_instances(path: Path) -> dict[str, MarkedImage]:
    """The instances of a file that `write_instances` wrote; none where there is no file.

    Raises:
        InputError: it cannot be read, or is something else.
    """
    if not path.exists():
        return {}
    content = read_object(path)
    try:
        return dict(_images(content["images"], content["annotations"]))
    except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
        raise InputError(f"{path} is no file of marked instances ({error!r}); give another folder") from None


def _images(
    entries: Sequence[Mapping[str, Any]], annotations: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, MarkedImage]]:
    of_image: dict[int, list[Mapping[str, Any]]] = {int(entry["id"]): [] for entry in entries}
    for annotation in annotations:
        of_image[annotation["image_id"]].append(annotation)
    for entry in entries:
        folder, _, file = str(entry["file_name"]).partition("/")
        if folder != COLOR or type(entry["done"]) is not bool:
            raise ValueError(f"image {dict(entry)}")
        size = (int(entry["height"]), int(entry["width"]))
        objects = (_object(k + 1, annotation, size) for k, annotation in enumerate(of_image[int(entry["id"])]))
        yield file, MarkedImage(size, tuple(objects), entry["done"])


def _object(number: int, annotation: Mapping[str, Any], size: tuple[int, int]) -> MarkedObject:
    clicks = tuple(Click(*_pixel(x, y, size), positive=_bit(on)) for x, y, on in annotation["clicks"])
    prompt = None
    if "prompt" in annotation:
        x, y = annotation["prompt"]
        prompt = _pixel(x, y, size)
    return mark_object(number, decode_rle(annotation["segmentation"], size), clicks, prompt)


def _pixel(x: Any, y: Any, size: tuple[int, int]) -> tuple[int, int]:
    if type(x) is not int or type(y) is not int or not (0 <= x < size[1] and 0 <= y < size[0]):
        raise ValueError(f"pixel {x!r}, {y!r} of {size[1]} x {size[0]}")
    return x, y


def _bit(value: Any) -> bool:
    if value not in (0, 1):
        raise ValueError(f"click on the object {value!r}")
    return bool(value)
