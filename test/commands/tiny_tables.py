"""Tiny tables, and a pipeline that finds what is bright."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.segmentation.tracking import Tracker
from uois_sam.types import Instances, relabel

H, W = 48, 64


class BrightThings:
    """Takes connected bright regions for instances; remembers the depth it saw."""

    def __init__(self) -> None:
        self.settings = SegmentationSettings()
        self.tracker = Tracker()
        self.stage_ms: dict[str, float] = {}
        self.segmenter = SimpleNamespace(device="cpu")
        self.uses_depth = True
        self.depths: list[np.ndarray | None] = []

    @property
    def saw_depth(self) -> list[bool]:
        return [depth is not None for depth in self.depths]

    def __call__(self, image: np.ndarray, depth: np.ndarray | None = None, camera: Any = None) -> Instances:
        return self.segment(self.encode(image, depth, camera))

    def encode(self, image: np.ndarray, depth: np.ndarray | None = None, camera: Any = None) -> np.ndarray:
        self.depths.append(depth)
        return image

    def segment(self, image: np.ndarray) -> Instances:
        self.stage_ms = {"encode": 1.0, "prompts": 2.0, "decode": 3.0, "postprocess": 4.0}
        _, pieces = cv2.connectedComponents((image[..., 0] > 128).astype(np.uint8))
        return Instances.from_label_image(relabel(pieces))

    def track(self, image: np.ndarray, stamp: int | None) -> Instances:
        instances = self.segment(image)
        self.stage_ms["track"] = 0.5
        return instances


def write_frame(folder: Path, name: str, *, depth: bool = True, label: np.ndarray | None = None) -> None:
    """Two bright things on a dark table; the label as given."""
    image = np.zeros((H, W, 3), np.uint8)
    image[10:20, 10:30] = 255
    image[30:40, 30:60] = 255
    planes = {"color": image}
    if depth:
        planes["depth"] = np.full((H, W), 800, np.uint16)
    if label is not None:
        planes["label"] = label
    for kind, plane in planes.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / kind / f"{name}.png"), plane)


def true_label() -> np.ndarray:
    """(H, W) uint16 of the two things of `write_frame`, 0 elsewhere."""
    label = np.zeros((H, W), np.uint16)
    label[10:20, 10:30] = 1
    label[30:40, 30:60] = 2
    return label
