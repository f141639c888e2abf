"""Tiny sets of 20 x 24 px with part labels, in exactly the published layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

H, W = 20, 24
OBJECT = np.zeros((H, W), bool)
OBJECT[4:16, 4:20] = True
HEAD = np.zeros((H, W), bool)
HEAD[4:8, 4:20] = True


def picture(path: Path) -> None:
    """Grey, so that JPEG keeps it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((H, W, 3), 120, np.uint8))


def labels(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), values)


def box_polygon(x0: int, y0: int, x1: int, y1: int) -> list[list[float]]:
    """COCO's polygon of the pixels x0 .. x1 - 1, y0 .. y1 - 1."""
    return [[x0, y0, x1, y0, x1, y1, x0, y1]]


def runs(mask: np.ndarray) -> dict[str, Any]:
    """COCO's uncompressed run-length code."""
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat]).astype(np.int8))).tolist()
    return {"size": list(mask.shape), "counts": np.diff([0, *edges, flat.size]).tolist()}


def write_pascal(root: Path) -> None:
    """A cat with a head (unlabelled neck), and a boat, which has no parts."""
    for split in ("train", "val"):
        picture(root / "images" / split / "2008_1.jpg")
        picture(root / "images" / split / "2008_2.jpg")
        cat = np.where(OBJECT, 7, 255).astype(np.uint8)
        labels(root / "annotations_detectron2_obj" / split / "2008_1.png", cat)
        labels(
            root / "annotations_detectron2_part" / split / "2008_1.png", np.where(HEAD, 43, 255).astype(np.uint8)
        )
        boat = np.where(OBJECT, 3, 255).astype(np.uint8)
        labels(root / "annotations_detectron2_obj" / split / "2008_2.png", boat)
        labels(root / "annotations_detectron2_part" / split / "2008_2.png", np.full((H, W), 255, np.uint8))
        (root / "annotations_detectron2_part" / split / "._2008_1.png").write_bytes(b"a trace of another system")


def write_coco(path: Path, images: list[str], annotations: list[tuple[int, int, Any]]) -> None:
    """Images with ids from 5 on; annotations are (image, category, segmentation)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "images": [{"id": 5 + k, "file_name": name, "height": H, "width": W} for k, name in enumerate(images)],
        "annotations": [
            {"id": k, "image_id": 5 + image, "category_id": category, "segmentation": segmentation, "iscrowd": 0}
            for k, (image, category, segmentation) in enumerate(annotations)
        ],
        "categories": [],
    }
    path.write_text(json.dumps(content))


def write_ade(root: Path) -> None:
    """A door (category 17 of 44) with a handle (class 10 of 234)."""
    for split, folder in (("train", "training"), ("val", "validation")):
        picture(root / "images" / folder / "ADE_1.jpg")
        write_coco(root / f"ade20k_instance_{split}.json", ["ADE_1.jpg"], [(0, 17, box_polygon(4, 4, 20, 16))])
        handle = np.where(HEAD, 10, 65535).astype(np.uint16)
        labels(root / "annotations_detectron2_part" / folder / "ADE_1.png", handle)


def write_part_imagenet(root: Path, beside: bool = False) -> None:
    """A tiger, an ice bear (unseen), and a great white shark, which is none of the 40; heads and bodies."""
    names = ["n02129604_1.JPEG", "n02134084_2.JPEG", "n01484850_3.JPEG"]
    for split in ("train", "val"):
        for name in names:
            picture(root / "images" / split / name)
        body = runs(OBJECT & ~HEAD)
        annotations = [(k, 0, box_polygon(4, 4, 20, 8)) for k in range(3)] + [(k, 1, body) for k in range(3)]
        folder = root if beside else root / "annotations" / split
        write_coco(folder / f"{split}.json", names, annotations)


def write_synthetic(root: Path, frames: int = 20) -> None:
    """64 x 96 px: a mug with a handle on the left, and on the right a pan in every second frame, else a bowl."""
    for k in range(frames):
        label = np.zeros((64, 96), np.uint16)
        parts = np.zeros((64, 96), np.uint16)
        label[10:40, 5:25], parts[10:40, 5:25] = 1, 1
        parts[10:40, 20:25] = 2
        label[20:40, 60:90], parts[20:40, 60:90] = 2, 1
        parts[20:24, 60:90] = 2 if k % 2 == 0 else 1
        second = (
            {"family": "pan", "parts": ["body", "handle"]} if k % 2 == 0 else {"family": "bowl", "parts": ["body"]}
        )
        image = np.zeros((64, 96, 3), np.uint8)
        image[label > 0] = (60, 120, 180)
        image[parts == 2] = (10, 220, 30)
        name = f"{k:03d}_0"
        for kind, array in (("label", label), ("parts", parts)):
            labels(root / kind / f"{name}.png", array)
        labels(root / "color" / f"{name}.jpg", image)
        (root / "frames").mkdir(exist_ok=True)
        objects = {"1": {"family": "mug", "parts": ["body", "handle"]}, "2": second}
        (root / "frames" / f"{name}.json").write_text(json.dumps({"objects": objects}))
