"""PhoCaL, photometrically challenging objects (Wang et al., CVPR 2022), as TU Munich publishes it."""

from __future__ import annotations

from pathlib import Path

from uois_sam.datasets import json_files
from uois_sam.datasets.image_files import MILLIMETRE
from uois_sam.datasets.json_files import read_object
from uois_sam.datasets.published import About, FrameFiles, PublishedDataset, every_tenth
from uois_sam.errors import InputError
from uois_sam.types import Camera

ABOUT = About(
    "PhoCAL",
    "24 recordings of 60 household things, many of glass or metal; 1 frame in 10: 721 views, 640 x 480, RGB-D",
    "PATH/sequence_N/{rgb,depth,mask}/NNNNNN.png and sequence_N/scene_camera.json",
    "https://www.campar.in.tum.de/public_datasets/2022_cvpr_wang/",
)
_FEWEST_PER_METRE = 100


class PhocalDataset(PublishedDataset):
    """One frame in ten of every recording, as UOIS-SAM is scored (IV-A, table I).

    Labels of mask/ are 0 on the background and 1 .. on the objects. scene_camera.json has fx, fy, cx, cy, width,
    height and depth_scale under "rgb", the camera that depth/ is registered to.

    Args:
        path: the folder that holds sequence_1, sequence_2, ...
        split: "all".

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        files = []
        self._cameras: dict[str, tuple[Camera, float]] = {}
        for sequence in ABOUT.need_folders(path, "sequence_*"):
            self._cameras[sequence.name] = _read_camera(ABOUT.need(sequence / "scene_camera.json"))
            for image in every_tenth(ABOUT.need_files(sequence / "rgb", "*.png")):
                name = f"{sequence.name}/{image.stem}"
                files.append(
                    FrameFiles(name, image, sequence / "depth" / image.name, sequence / "mask" / image.name)
                )
        super().__init__(path, ABOUT, files)

    def _camera(self, files: FrameFiles, size: tuple[int, int]) -> Camera:
        return self._of(files)[0]

    def _metres_per_unit(self, files: FrameFiles) -> float:
        return self._of(files)[1]

    def _of(self, files: FrameFiles) -> tuple[Camera, float]:
        return self._cameras[files.color.parents[1].name]


def _read_camera(path: Path) -> tuple[Camera, float]:
    """Camera and metres per unit of depth.

    The published readers divide depth by depth_scale (1000 where depth is in millimetres); a small value is taken
    as the BOP toolkit does, for millimetres per unit.

    Raises:
        InputError: the file is unusable, or a value is missing or out of range.
    """
    rgb = read_object(path).get("rgb")
    if not isinstance(rgb, dict):
        raise InputError(f"{path} has no intrinsics under the name rgb; wanted fx, fy, cx, cy, width, height")
    scale = json_files.number(path, rgb, "depth_scale")
    if scale <= 0:
        raise InputError(f"{path}: depth_scale is {scale}; wanted units of depth per metre, e.g. 1000")
    return json_files.camera(path, rgb), 1 / scale if scale >= _FEWEST_PER_METRE else scale * MILLIMETRE
