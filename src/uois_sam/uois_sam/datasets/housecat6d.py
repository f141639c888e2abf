"""HouseCat6D (Jung et al., CVPR 2024), as published with its toolbox."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.image_files import read_bytes
from uois_sam.datasets.published import About, FrameFiles, PublishedDataset, every_tenth
from uois_sam.errors import InputError
from uois_sam.types import Camera

ABOUT = About(
    "HouseCat6D",
    "41 recordings of 194 household things; 1 frame in 10: 2503 views, 1096 x 852, RGB-D",
    "PATH/{scene,val_scene,test_scene}N/{rgb,depth,instance}/NNNNNN.png and .../intrinsics.txt",
    "https://sites.google.com/view/housecat6d",
    ("all", "train", "val", "test"),
)
_PREFIXES = {"train": "scene", "val": "val_scene", "test": "test_scene"}
_BACKGROUND = 255


class Housecat6dDataset(PublishedDataset):
    """One frame in ten of every recording, as UOIS-SAM is scored (IV-A, table I, all 41 recordings).

    Labels of instance/ are 255 on the background and 1 .. on the objects. Depth is in millimetres, registered to
    the colour image; intrinsics.txt is the 3 x 3 matrix of a recording.

    Args:
        path: the folder that holds scene01, scene02, ..., val_scene1, ..., test_scene1, ...
        split: "all", "train" (scene), "val" (val_scene) or "test" (test_scene).

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        files = []
        self._matrices: dict[str, NDArray[np.float64]] = {}
        for part in ABOUT.splits[1:] if split == "all" else (split,):
            for scene in ABOUT.need_folders(path, f"{_PREFIXES[part]}[0-9]*"):
                self._matrices[scene.name] = _read_matrix(ABOUT.need(scene / "intrinsics.txt"))
                for image in every_tenth(ABOUT.need_files(scene / "rgb", "*.png")):
                    name = f"{scene.name}/{image.stem}"
                    files.append(
                        FrameFiles(name, image, scene / "depth" / image.name, scene / "instance" / image.name)
                    )
        super().__init__(path, ABOUT, files)

    def _objects(self, labels: NDArray[np.uint16], files: FrameFiles) -> NDArray[np.uint16]:
        return np.where(labels == _BACKGROUND, np.uint16(0), labels)

    def _camera(self, files: FrameFiles, size: tuple[int, int]) -> Camera:
        matrix = self._matrices[files.color.parents[1].name]
        fx, fy, cx, cy = (float(matrix[k]) for k in ((0, 0), (1, 1), (0, 2), (1, 2)))
        return Camera(fx, fy, cx, cy, size[1], size[0])


def _read_matrix(path: Path) -> NDArray[np.float64]:
    """(3, 3) float64 of nine numbers in a text file."""
    try:
        matrix = np.array(read_bytes(path).split(), np.float64).reshape(3, 3)
    except ValueError as error:
        raise InputError(f"{path} holds no 3 x 3 matrix of intrinsics: {error}") from error
    if not np.isfinite(matrix).all() or matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
        raise InputError(f"{path}: focal lengths are {matrix[0, 0]} and {matrix[1, 1]}; wanted positive numbers")
    return matrix
