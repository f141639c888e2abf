"""A data set in a folder: colour images, with depth, labels and intrinsics where there are some."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.types import Camera, Frame

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
MILLIMETRE = 0.001
_JPEG_BEGIN, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


class FolderDataset(Sequence[Frame]):
    """Frames of a folder, read when they are asked for, in natural order of their names (2 before 10).

    The folder holds
        color/NAME.png (or .jpg, .bmp, ...): the images;
        depth/NAME.png, optional: uint16, times `depth_scale` metres, 0 where unknown, registered to the image;
        label/NAME.png, optional: uint8 or uint16 ground truth, one channel;
        camera.json, optional: {"fx", "fy", "cx", "cy", "width", "height"} in pixels, and "depth_scale" in metres
            per unit of depth (0.001 where not given); frames/NAME.json with the same keys goes before it;
        dataset.json, optional: {"first_object", "ignore"}, see `LabelRule`.

    Attributes:
        path: the folder.
        names: stems of the images.
        rule: how to read the labels: as given, else as in dataset.json, else `LabelRule()`.

    Raises:
        InputError: the folder, its images or a JSON file is missing or unusable; also when a frame is read.
    """

    def __init__(self, path: str | Path, rule: LabelRule | None = None) -> None:
        self.path = Path(path)
        self._images = _find_images(self.path)
        self.names = [image.stem for image in self._images]
        self._intrinsics = read_intrinsics(self.path / "camera.json")
        self.rule = rule or _read_rule(self.path / "dataset.json")

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, index: int) -> Frame: ...

    @overload
    def __getitem__(self, index: slice) -> list[Frame]: ...

    def __getitem__(self, index: int | slice) -> Frame | list[Frame]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)} in {self.path}")
        return self._read(index % len(self))

    def _read(self, index: int) -> Frame:
        name = self.names[index]
        image = cv2.cvtColor(read_image(self._images[index], cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        frame_json = self.path / "frames" / f"{name}.json"
        camera, scale = read_intrinsics(frame_json) or self._intrinsics or (None, MILLIMETRE)
        size = (image.shape[0], image.shape[1])
        if camera is not None and (camera.height, camera.width) != size:
            raise InputError(
                f"{self._images[index]} is {size[1]} x {size[0]}, but the intrinsics are for "
                f"{camera.width} x {camera.height}; give those of this image in {frame_json} or camera.json"
            )
        depth = _read_plane(self.path / "depth" / f"{name}.png", size, (np.uint16,))
        label = _read_plane(self.path / "label" / f"{name}.png", size, (np.uint8, np.uint16))
        return Frame(
            image=image.astype(np.uint8, copy=False),
            depth=None if depth is None else depth.astype(np.float32) * np.float32(scale),
            camera=camera,
            name=name,
            label=None if label is None else label.astype(np.uint16),
        )


def _find_images(path: Path) -> list[Path]:
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


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sorts names as a person would: numbers by value, before words."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def read_image(path: Path, flags: int) -> NDArray[Any]:
    """Decode an image file.

    Args:
        path: of the file.
        flags: OpenCV's, such as cv2.IMREAD_COLOR.

    Returns:
        (H, W) or (H, W, C) as OpenCV gives it; colour in BGR order.

    Raises:
        InputError: the file is missing, damaged, cut short or no image.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    truncated = data.startswith(_JPEG_BEGIN) and _JPEG_END not in data[len(data) // 2 :]
    if image is None or truncated:
        raise InputError(f"{path} is no readable image (damaged, cut short or of another format); replace it")
    return image


def _read_plane(path: Path, size: tuple[int, int], types: tuple[type, ...]) -> NDArray[Any] | None:
    """One-channel image of the given size, or None where there is no such file."""
    if not path.exists():
        return None
    plane = read_image(path, cv2.IMREAD_UNCHANGED)
    if plane.ndim != 2 or plane.dtype not in types:
        wanted = " or ".join(np.dtype(t).name for t in types)
        raise InputError(f"{path} is {plane.shape} {plane.dtype}; wanted one channel of {wanted}")
    if plane.shape != size:
        raise InputError(
            f"{path} is {plane.shape[1]} x {plane.shape[0]}, its colour image {size[1]} x {size[0]}; register them"
        )
    return plane


def _read_json(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path} as JSON: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds a JSON {type(content).__name__}; wanted an object of named values")
    return content


def read_intrinsics(path: Path) -> tuple[Camera, float] | None:
    """Camera and metres per unit of depth of a camera.json, or None where there is no such file.

    Raises:
        InputError: the file is no JSON, or a value is missing or out of range.
    """
    content = _read_json(path)
    if content is None:
        return None
    fx, fy, cx, cy, width, height = (
        _number(path, content, k) for k in ("fx", "fy", "cx", "cy", "width", "height")
    )
    scale = _number(path, content, "depth_scale") if "depth_scale" in content else MILLIMETRE
    if scale <= 0:
        raise InputError(f"{path}: depth_scale is {scale}; wanted metres per unit of depth, e.g. {MILLIMETRE}")
    try:
        return Camera(fx, fy, cx, cy, int(width), int(height)), scale
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _number(path: Path, content: dict[str, Any], key: str) -> float:
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"{path}: {key} is {json.dumps(value)}; wanted a number")
    return value


def _read_rule(path: Path) -> LabelRule:
    content = _read_json(path) or {}
    first, ignore = content.get("first_object", LabelRule.first_object), content.get("ignore")
    if type(first) is not int or type(ignore) not in (int, type(None)):
        raise InputError(
            f"{path}: first_object is {json.dumps(first)}, ignore {json.dumps(ignore)}; wanted whole numbers"
        )
    try:
        return LabelRule(first, ignore)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
