"""OSD, the Object Segmentation Database 0.2 (Richtsfeld et al., IROS 2012), as TU Wien publishes it."""

from __future__ import annotations

from pathlib import Path

from uois_sam.datasets.pcd import camera_of_folder
from uois_sam.datasets.published import About, FrameFiles, PublishedDataset
from uois_sam.types import Camera

ABOUT = About(
    "OSD",
    "111 real views of boxes, cups and cylinders, stacked and occluded, 640 x 480, RGB-D",
    "PATH/{image_color,disparity,annotation}/{learn,test}N.png as in OSD-0.2-depth, optional pcd/ of OSD-0.2",
    "https://www.acin.tuwien.ac.at/en/vision-for-robotics/software-tools/osd/",
    ("all", "learn", "test"),
)


class OsdDataset(PublishedDataset):
    """Frames of OSD-0.2-depth, or of its learn or test half.

    Labels of annotation/ are 0 on everything that is no object, 1 .. on objects. disparity/ holds depth in
    millimetres in spite of its name, registered to the colour image. OSD-0.2-depth publishes no intrinsics; where
    the clouds of OSD-0.2 are put beside as pcd/, they give them.

    Args:
        path: the folder that holds image_color, disparity and annotation.
        split: "all", "learn" or "test".

    Raises:
        InputError: a folder or file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str) -> None:
        ABOUT.need(path)
        pattern = "*.png" if split == "all" else f"{split}*.png"
        images = ABOUT.need_files(path / "image_color", pattern)
        files = [FrameFiles(i.stem, i, path / "disparity" / i.name, path / "annotation" / i.name) for i in images]
        super().__init__(path, ABOUT, files)

    def _camera(self, files: FrameFiles, size: tuple[int, int]) -> Camera | None:
        return camera_of_folder(self.path / "pcd")
