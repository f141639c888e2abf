"""A synthetic table with exact depth: a plane, a box before it, and a camera that looks straight down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uois_sam.types import Camera, Instances


@dataclass(frozen=True)
class Table:
    """depth, camera, image, instances of one view; the plane at 1 m, boxes at 0.8 m."""

    depth: np.ndarray
    camera: Camera
    image: np.ndarray
    instances: Instances


def make_table() -> Table:
    """160 x 120 px: instance 1 a box of 40 x 30 px, instance 2 one of 24 x 20 px, instance 3 of 5 x 5 px."""
    camera = Camera(200.0, 200.0, 79.5, 59.5, 160, 120)
    depth = np.ones((120, 160), np.float32)
    label = np.zeros((120, 160), np.uint16)
    for k, (x, y, w, h) in enumerate([(20, 30, 40, 30), (100, 60, 24, 20), (80, 10, 5, 5)], 1):
        depth[y : y + h, x : x + w] = 0.8
        label[y : y + h, x : x + w] = k
    image = np.zeros((120, 160, 3), np.uint8)
    image[..., 0] = np.arange(160)
    image[..., 1] = np.arange(120)[:, None]
    image[..., 2] = 60 * label
    score = np.array([0.9, 0.8, 0.7], np.float32)
    return Table(depth, camera, image, Instances.from_label_image(label, score))
