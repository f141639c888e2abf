"""Coloured boxes before a moving camera, drawn by hand: image, depth, true labels and a plain embedding."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch

from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Camera, Instances

H, W = 240, 320
COLOURS = (
    (200, 40, 40),
    (40, 180, 60),
    (50, 70, 210),
    (220, 200, 50),
    (180, 60, 190),
    (40, 190, 200),
    (240, 240, 235),
    (30, 30, 30),
)


@dataclass(frozen=True)
class Box:
    """An upright square that faces the camera: middle (3,) metres, half side metres, colour."""

    middle: tuple[float, float, float]
    half: float = 0.06
    colour: tuple[int, int, int] = COLOURS[0]


def row_of_boxes(count: int = 6) -> dict[int, Box]:
    """Boxes side by side in two rows, each with a colour of its own."""
    return {
        k + 1: Box((0.22 * (k % 3) - 0.22, 0.2 * (k // 3) - 0.1, 0.9 + 0.03 * k), colour=COLOURS[k])
        for k in range(count)
    }


@dataclass
class World:
    """Boxes by number; a camera that looks along z.

    Attributes:
        background: colour of everything else, 1.5 m away.
        light: factor on all colours.
    """

    boxes: Mapping[int, Box] = field(default_factory=row_of_boxes)
    background: tuple[int, int, int] = (120, 100, 80)
    light: float = 1.0
    size: tuple[int, int] = (H, W)

    def shot(
        self,
        shift: tuple[float, float, float] = (0, 0, 0),
        without: Collection[int] = (),
        order: Collection[int] | None = None,
        depth: bool = True,
    ) -> tuple[EmbeddedFrame, Instances, list[int]]:
        """The frame, its instances, and the number of the box that each of them is.

        Args:
            shift: where the camera is, metres.
            without: boxes that are not there.
            order: of labels; rising numbers by default.
            depth: whether there is some.
        """
        h, w = self.size
        camera = Camera(w * 0.9, w * 0.9, (w - 1) / 2, (h - 1) / 2, w, h)
        image = np.full((h, w, 3), self.background, np.uint8)
        metres = np.full((h, w), 1.5, np.float32)
        drawn = np.zeros((h, w), np.uint16)
        there = {number: box for number, box in self.boxes.items() if number not in without}
        for number, box in sorted(there.items(), key=lambda item: -item[1].middle[2]):
            x, y, z = np.subtract(box.middle, shift)
            ends = [camera.project(np.array([x + side, y + side, z])) for side in (-box.half, box.half)]
            corners = [(round(px), round(py)) for px, py in ends]
            cv2.rectangle(image, *corners, box.colour, -1)
            for plane, value in ((metres, float(z)), (drawn, number)):
                cv2.rectangle(plane, *corners, value, -1)
        image = np.clip(image * self.light, 0, 255).astype(np.uint8)
        visible = [n for n in (sorted(there) if order is None else order) if n in there and (drawn == n).any()]
        labels = np.zeros((h, w), np.uint16)
        for label, number in enumerate(visible, 1):
            labels[drawn == number] = label
        features = torch.from_numpy(cv2.resize(image, (20, 15), interpolation=cv2.INTER_AREA) / np.float32(255))
        embedding = Embedding((features.permute(2, 0, 1)[None],), (h, w))
        frame = EmbeddedFrame(image, embedding, metres if depth else None, camera if depth else None)
        return frame, Instances.from_label_image(labels), visible
