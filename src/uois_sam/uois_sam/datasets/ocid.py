"""OCID, the Object Clutter Indoor Dataset (Suchi et al., ICRA 2019), as TU Wien publishes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.image_files import natural_key
from uois_sam.datasets.pcd import camera_of_folder
from uois_sam.datasets.published import About, FrameFiles, PublishedDataset
from uois_sam.types import Camera

ABOUT = About(
    "OCID",
    "2390 real views of floors and tables that fill up with objects, 640 x 480, RGB-D",
    "PATH/{ARID10,ARID20,YCB10}/{floor,table}/{bottom,top}/[CLASS/]seqNN/{rgb,depth,label}/NAME.png and pcd/",
    "https://www.acin.tuwien.ac.at/en/vision-for-robotics/software-tools/object-clutter-indoor-dataset/",
    ("all", "ARID10", "ARID20", "YCB10"),
)
_FLOOR = 1
_TABLE = 2


class OcidDataset(PublishedDataset):
    """Frames of OCID, or of one of its three parts.

    Labels as published are 0 where nothing was measured, 1 on the support: the floor, and in scenes whose path
    says "table" 1 is the floor and 2 the table (the rule of the evaluation code of UCN, MSMFormer and UOAIS).
    Depth is in millimetres. Intrinsics come from the first organised cloud of each sequence, None without pcd/.

    Args:
        path: the folder that holds ARID10, ARID20 and YCB10.
        split: "all", or one of the three.

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        parts = ABOUT.splits[1:] if split == "all" else (split,)
        files = [f for part in parts for f in _frames(path, part)]
        super().__init__(path, ABOUT, files)

    def _objects(self, labels: NDArray[np.uint16], files: FrameFiles) -> NDArray[np.uint16]:
        support = _TABLE if "table" in files.name else _FLOOR
        return np.where(labels > support, labels, np.uint16(0))

    def _camera(self, files: FrameFiles, size: tuple[int, int]) -> Camera | None:
        return camera_of_folder(files.color.parents[1] / "pcd")


def _frames(path: Path, part: str) -> list[FrameFiles]:
    """Of one part; a frame's name is its path below the set's folder without "rgb" and the suffix."""
    ABOUT.need(path / part)
    found = []
    for image in ABOUT.need_files(path / part, "**/seq*/rgb/*.png"):
        sequence = image.parents[1]
        name = f"{sequence.relative_to(path).as_posix()}/{image.stem}"
        found.append(FrameFiles(name, image, sequence / "depth" / image.name, sequence / "label" / image.name))
    return sorted(found, key=lambda f: natural_key(f.name))
