"""Photographs with one mask each, as GrabCut and other sets of interactive segmentation come."""

from __future__ import annotations

from pathlib import Path

from uois_sam.datasets.folder import find_images
from uois_sam.datasets.image_files import read_color
from uois_sam.datasets.label_png import read_labels
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.labelled import LabelledDataset
from uois_sam.datasets.published import About
from uois_sam.errors import InputError
from uois_sam.types import Frame

VOID = 128

ABOUT = About(
    "masks",
    "photographs with one mask each, such as GrabCut",
    f"PATH/color/NAME.jpg (or .png, ...), PATH/mask/NAME.png: 0 background, {VOID} counts for nobody, else object",
    "your own images, or a set of interactive segmentation",
)


class MaskFolder(LabelledDataset):
    """Photographs in color/, and in mask/ a PNG of the same name for each.

    Args:
        path: the folder.

    Raises:
        InputError: the folder, an image or a mask is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: Path, split: str = "all") -> None:
        self._images = find_images(path)
        if not (path / "mask").is_dir():
            raise InputError(f"{path} has no folder mask/; put a PNG for each image of color/ there")
        super().__init__(path, [image.stem for image in self._images], LabelRule(1, VOID))

    def _read(self, index: int) -> Frame:
        name = self.names[index]
        image = read_color(self._images[index])
        mask = self.path / "mask" / f"{name}.png"
        return Frame(image=image, name=name, label=read_labels(mask, (image.shape[0], image.shape[1])))
