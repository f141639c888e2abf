"""TOD, the Tabletop Object Dataset of UOIS-Net (Xie et al., CoRL 2019, T-RO 2021)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.published import About, FrameFiles, PublishedDataset
from uois_sam.types import Camera

ABOUT = About(
    "TOD",
    "40 thousand synthetic rooms with ShapeNet things on tables, 7 views each, 640 x 480, RGB-D",
    "PATH/{training_set,test_set}/SCENE/{rgb_0000K.jpeg,depth_0000K.png,segmentation_0000K.png}, K = 0 .. 6",
    "https://github.com/chrisdxie/uois",
    ("test", "train"),
)
_FOLDERS = {"test": "test_set", "train": "training_set"}
_VIEWS = 7
_TABLE = 1
_FIELD_OF_VIEW = math.radians(45)  # vertical, of the simulated camera


class TodDataset(PublishedDataset):
    """Views of TOD's test or training scenes.

    Views 0 and 1 of a scene show the empty room and the empty table; 2 to 6 show objects. Labels are the indices
    of an indexed PNG: 0 background, 1 table, objects from 2 on. Depth is in millimetres. The camera follows from
    the vertical field of view of 45 degrees, with the principal point in the middle of the image.

    Args:
        path: the folder that holds training_set and test_set.
        split: "test" or "train".

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        ABOUT.need(path)
        scenes = ABOUT.need_folders(path / _FOLDERS[split], "*")
        files = [
            FrameFiles(
                f"{scene.name}/{view:05d}",
                scene / f"rgb_{view:05d}.jpeg",
                scene / f"depth_{view:05d}.png",
                scene / f"segmentation_{view:05d}.png",
            )
            for scene in scenes
            for view in range(_VIEWS)
        ]
        super().__init__(path, ABOUT, files)

    def _objects(self, labels: NDArray[np.uint16], files: FrameFiles) -> NDArray[np.uint16]:
        return np.where(labels > _TABLE, labels, np.uint16(0))

    def _camera(self, files: FrameFiles, size: tuple[int, int]) -> Camera:
        height, width = size
        focal = height / 2 / math.tan(_FIELD_OF_VIEW / 2)
        return Camera(focal, focal, (width - 1) / 2, (height - 1) / 2, width, height)
