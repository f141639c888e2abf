"""Tiny sets of parts of 24 x 32 px in exactly the published layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.io import savemat

H, W = 24, 32
HEAD = np.zeros((H, W), bool)
HEAD[4:10, 3:9] = True
TORSO = np.zeros((H, W), bool)
TORSO[8:18, 8:26] = True


def write_image(path: Path) -> None:
    """A grey image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((H, W, 3), 120, np.uint8))


def rectangle(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    """Corners of a polygon as COCO has them."""
    return [x0, y0, x1, y0, x1, y1, x0, y1]


def coco_content(count: int = 40) -> dict[str, Any]:
    """Two images with parts and one without, of `count` categories with ids from 0 on."""
    return {
        "images": [
            {"id": 7, "file_name": "b_2.JPEG", "height": H, "width": W},
            {"id": 3, "file_name": "a_1.JPEG", "height": H, "width": W},
            {"id": 9, "file_name": "c_3.JPEG", "height": H, "width": W},
        ],
        "annotations": [
            annotation(7, 0, [3, 4, 6, 6], [rectangle(3, 4, 9, 10)]),
            annotation(3, 1, [8, 8, 18, 10], {"size": [H, W], "counts": runs(TORSO)}),
            annotation(3, 1, [0, 0, 0, 5], [rectangle(0, 0, 1, 1)]),
            annotation(3, 0, [1, 1, 4, 4], [[1, 1, 4, 4]]),
            {**annotation(3, 0, [1, 1, 4, 4], [rectangle(1, 1, 5, 5)]), "iscrowd": 1},
        ],
        "categories": [{"id": k, "name": f"Thing {k}", "supercategory": "Thing"} for k in range(count)],
    }


def annotation(image: int, category: int, box: list[float], segmentation: Any) -> dict[str, Any]:
    """One entry of "annotations"."""
    return {"image_id": image, "category_id": category, "bbox": box, "segmentation": segmentation, "iscrowd": 0}


def runs(mask: np.ndarray) -> list[int]:
    """Uncompressed run lengths of a mask, down the columns, outside first."""
    flat = mask.ravel(order="F").astype(int)
    ends = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff(np.r_[0, ends, len(flat)]).tolist()
    return [0, *lengths] if flat[0] else lengths


def write_partimagenet(path: Path, count: int = 40) -> Path:
    """images/val/*.JPEG and annotations/val/val.json."""
    content = coco_content(count)
    for entry in content["images"]:
        write_image(path / "images" / "val" / f"{Path(entry['file_name']).stem}.jpg")
        (path / "images" / "val" / f"{Path(entry['file_name']).stem}.jpg").rename(
            path / "images" / "val" / entry["file_name"]
        )
    (path / "annotations" / "val").mkdir(parents=True)
    (path / "annotations" / "val" / "val.json").write_text(json.dumps(content))
    return path


def struct_array(rows: list[dict[str, Any]]) -> np.ndarray:
    """A MATLAB structure array of one row."""
    made = np.empty((1, len(rows)), dtype=[(key, object) for key in rows[0]])
    for k, row in enumerate(rows):
        made[0, k] = tuple(row.values())
    return made


def write_pascal_part(path: Path) -> Path:
    """VOC2010 with a dog whose head has two fine parts, a car without parts, and a boat, which has none ever."""
    ear = np.zeros((H, W), bool)
    ear[2:5, 3:5] = True
    parts = struct_array(
        [
            {"part_name": "head", "mask": HEAD.astype(np.uint8)},
            {"part_name": "lear", "mask": ear.astype(np.uint8)},
            {"part_name": "torso", "mask": TORSO.astype(np.uint8)},
            {"part_name": "whiskers_1", "mask": TORSO.astype(np.uint8)},
        ]
    )
    whole = np.ones((H, W), np.uint8)
    objects = struct_array(
        [
            {"class": "dog", "class_ind": 12.0, "mask": whole, "parts": parts},
            {"class": "car", "class_ind": 7.0, "mask": whole, "parts": np.zeros((0, 0))},
            {"class": "boat", "class_ind": 4.0, "mask": whole, "parts": np.zeros((0, 0))},
        ]
    )
    write_image(path / "JPEGImages" / "2008_000001.jpg")
    (path / "ImageSets" / "Main").mkdir(parents=True)
    (path / "ImageSets" / "Main" / "val.txt").write_text("2008_000001\n")
    (path / "Annotations_Part").mkdir()
    anno = struct_array([{"imname": "2008_000001", "objects": objects}])
    savemat(path / "Annotations_Part" / "2008_000001.mat", {"anno": anno})
    return path


def write_synthetic(path: Path, frames: int = 1, size: tuple[int, int] = (H, W)) -> Path:
    """What `uois-sam synth` writes: a mug with body and handle, and a lid of too few pixels to be a part."""
    height, width = size
    for folder in ("color", "label", "parts", "frames"):
        (path / folder).mkdir(parents=True)
    for k in range(frames):
        label, parts = np.zeros(size, np.uint16), np.zeros(size, np.uint16)
        left = width // 4 + 2 * k
        body = slice(height // 4, 3 * height // 4), slice(left, left + width // 3)
        handle = slice(height // 3, 2 * height // 3), slice(left + width // 3, left + width // 3 + width // 10)
        label[body], parts[body] = 2, 1
        label[handle], parts[handle] = 2, 2
        image = np.full((height, width, 3), 60, np.uint8)
        image[body], image[handle] = (200, 80, 40), (40, 80, 200)
        for folder, plane in (("color", image), ("label", label), ("parts", parts)):
            assert cv2.imwrite(str(path / folder / f"{k}.png"), plane)
        camera = {"fx": 260, "fy": 260, "cx": width / 2, "cy": height / 2, "width": width, "height": height}
        meta = {**camera, "objects": {"2": {"family": "mug", "parts": ["body", "handle", "lid"]}}}
        (path / "frames" / f"{k}.json").write_text(json.dumps(meta))
    return path
