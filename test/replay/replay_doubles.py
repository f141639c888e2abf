"""A pipeline without a network, and recordings of tables on which it finds the bright squares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from recordings import MILLISECOND, START, Recorded, image, info, write_bag

from uois_sam.errors import InputError
from uois_sam.segmentation.tracking import Tracker
from uois_sam.types import Instances, Part, Parts, relabel

H, W = 120, 160
COLOUR = "/camera/camera/color/image_raw"
DEPTH = "/camera/camera/aligned_depth_to_color/image_raw"
INFO = "/camera/camera/color/camera_info"
TRUTH = "/camera/camera/truth/label_image"
STEP = 100 * MILLISECOND


class BrightPipeline:
    """Each bright square is an instance; a wholly grey image is refused."""

    segmenter = None

    def __init__(self) -> None:
        self.stage_ms: dict[str, float] = {}
        self.tracker = Tracker()
        self.saw_depth: list[bool] = []

    def encode(self, image: np.ndarray, depth: np.ndarray | None = None, camera: Any = None) -> np.ndarray:
        if (image == 127).all():
            raise InputError("the image is grey all over")
        self.saw_depth.append(depth is not None)
        return image

    def segment(self, image: np.ndarray) -> Instances:
        self.stage_ms = {"encode": 4.0, "decode": 2.0}
        found = relabel(cv2.connectedComponents((image[..., 0] > 160).astype(np.uint8))[1])
        count = int(found.max(initial=0))
        return Instances.from_label_image(found, np.linspace(0.9, 0.5, count, dtype=np.float32))

    def track(self, image: np.ndarray, stamp: int | None = None) -> Instances:
        return self.segment(image)


class UpperHalves:
    """Parts of each thing: "top", and the unsure "dent"."""

    names = ("top", "dent")

    def segment(self, frame: np.ndarray, instances: Instances) -> Parts:
        found = []
        for one in instances:
            x, y, w, h = one.bbox
            for name, score in (("top", 0.875), ("dent", 0.25)):
                found.append(Part(one.id, name, score, (x, y, w, h // 2), np.ones((h // 2, w), bool)))
        return Parts(*frame.shape[:2], found)


def table(count: int) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) uint8 RGB with `count` bright squares, and (H, W) uint16 of their labels."""
    picture, label = np.full((H, W, 3), 40, np.uint8), np.zeros((H, W), np.uint16)
    for k in range(count):
        x, y = (k % 4) * 38 + 8, (k // 4) * 38 + 8
        picture[y : y + 26, x : x + 26] = 230
        label[y : y + 26, x : x + 26] = k + 1
    return picture, label


def recorded_frame(index: int, count: int, *, depth: bool = True, truth: bool = False) -> list[Recorded]:
    """Messages of one frame with `count` squares."""
    picture, label = table(count)
    stamp = START + index * STEP
    messages = [image(COLOUR, picture, "rgb8", stamp)]
    if depth:
        messages.append(image(DEPTH, np.full((H, W), 600, np.uint16), "16UC1", stamp))
    if truth:
        messages.append(image(TRUTH, label, "16UC1", stamp))
    return messages


def recorded_tables(path: Path, counts: tuple[int, ...] = (2, 3, 1, 4), **kinds: bool) -> Path:
    """A recording of a frame for each count."""
    messages = [info(INFO, W, H, fx=150.0)]
    for index, count in enumerate(counts):
        messages += recorded_frame(index, count, **kinds)
    return write_bag(path, messages)
