"""A data set in a folder: colour images, with depth, labels and intrinsics where there are some."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from uois_sam.datasets import json_files
from uois_sam.datasets.image_files import MILLIMETRE, natural_key, read_color, read_depth, read_plane
from uois_sam.datasets.json_files import read_object
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.labelled import LabelledDataset
from uois_sam.datasets.sequence_file import read_sequence
from uois_sam.errors import InputError
from uois_sam.types import Camera, Frame

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")


class FolderDataset(LabelledDataset):
    """Frames of a folder, read when they are asked for, in natural order of their names (2 before 10).

    The folder holds
        color/NAME.png (or .jpg, .bmp, ...): the images;
        depth/NAME.png, optional: uint16, times `depth_scale` metres, 0 where unknown, registered to the image;
        label/NAME.png, optional: uint8 or uint16 ground truth, one channel;
        camera.json, optional: {"fx", "fy", "cx", "cy", "width", "height"} in pixels, and "depth_scale" in metres
            per unit of depth (0.001 where not given); frames/NAME.json with the same keys goes before it;
        dataset.json, optional: {"first_object", "ignore"}, see `LabelRule`;
        sequence.json, optional: the frames are one sequence, and this is when each was taken; see `SequenceInfo`.

    Attributes:
        path: the folder.
        names: stems of the images.
        rule: how to read the labels: as given, else as in dataset.json, else `LabelRule()`.
        sequence: what sequence.json holds; None where there is none.

    Raises:
        InputError: the folder, its images or a JSON file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: str | Path, rule: LabelRule | None = None) -> None:
        path = Path(path)
        self._images = find_images(path)
        self._intrinsics = read_intrinsics(path / "camera.json")
        self.sequence = read_sequence(path)
        names = [image.stem for image in self._images]
        super().__init__(path, names, rule or _read_rule(path / "dataset.json"))

    def _read(self, index: int) -> Frame:
        name = self.names[index]
        image = read_color(self._images[index])
        frame_json = self.path / "frames" / f"{name}.json"
        camera, scale = read_intrinsics(frame_json) or self._intrinsics or (None, MILLIMETRE)
        size = (image.shape[0], image.shape[1])
        if camera is not None and (camera.height, camera.width) != size:
            raise InputError(
                f"{self._images[index]} is {size[1]} x {size[0]}, but the intrinsics are for "
                f"{camera.width} x {camera.height}; give those of this image in {frame_json} or camera.json"
            )
        depth = self.path / "depth" / f"{name}.png"
        label = self.path / "label" / f"{name}.png"
        return Frame(
            image=image,
            depth=read_depth(depth, size, scale) if depth.exists() else None,
            camera=camera,
            stamp=self.sequence.stamps.get(name) if self.sequence else None,
            name=name,
            label=read_plane(label, size, (np.uint8, np.uint16)).astype(np.uint16) if label.exists() else None,
        )


def find_images(path: Path) -> list[Path]:
    """Images of the folder color/ in a folder, in natural order.

    Raises:
        InputError: there are none, or two of one name.
    """
    color = path / "color"
    if not path.is_dir():
        raise InputError(f"{path} is no folder; give one that holds color/, and optionally depth/ and label/")
    if not color.is_dir():
        raise InputError(f"{path} has no folder color/; put the images there")
    images = [p for p in color.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")]
    if not images:
        raise InputError(f"{color} holds no image; wanted files that end in {', '.join(IMAGE_SUFFIXES)}")
    images.sort(key=lambda p: (natural_key(p.stem), p.name))
    for one, other in pairwise(images):
        if one.stem == other.stem:
            raise InputError(f"{color} holds both {one.name} and {other.name}; keep one image of each name")
    return images


def read_intrinsics(path: Path) -> tuple[Camera, float] | None:
    """Camera and metres per unit of depth of a camera.json, or None where there is no such file.

    Raises:
        InputError: the file is no JSON, or a value is missing or out of range.
    """
    if not path.exists():
        return None
    content = read_object(path)
    found = json_files.camera(path, content)
    scale = json_files.number(path, content, "depth_scale") if "depth_scale" in content else MILLIMETRE
    if scale <= 0:
        raise InputError(f"{path}: depth_scale is {scale}; wanted metres per unit of depth, e.g. {MILLIMETRE}")
    return found, scale


def _read_rule(path: Path) -> LabelRule:
    content = read_object(path) if path.exists() else {}
    first, ignore = content.get("first_object", LabelRule.first_object), content.get("ignore")
    if type(first) is not int or type(ignore) not in (int, type(None)):
        raise InputError(
            f"{path}: first_object is {json.dumps(first)}, ignore {json.dumps(ignore)}; wanted whole numbers"
        )
    try:
        return LabelRule(first, ignore)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
