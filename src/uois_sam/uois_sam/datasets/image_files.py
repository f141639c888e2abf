"""Image files of data sets, decoded and checked: colour, depth, planes of numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError

MILLIMETRE = 0.001
_JPEG_BEGIN, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sorts names as a person would: numbers by value, before words."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def read_bytes(path: Path) -> bytes:
    """Content of a file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def decode_image(data: bytes, path: Path, flags: int) -> NDArray[Any]:
    """The image that the bytes of the file `path` encode; see `read_image`."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    truncated = data.startswith(_JPEG_BEGIN) and _JPEG_END not in data[len(data) // 2 :]
    if image is None or truncated:
        raise InputError(f"{path} is no readable image (damaged, cut short or of another format); replace it")
    return image


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
    return decode_image(read_bytes(path), path, flags)


def read_color(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of an image file; a fourth channel is left out.

    Raises:
        InputError: see `read_image`.
    """
    return cv2.cvtColor(read_image(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def read_plane(path: Path, size: tuple[int, int], types: tuple[type, ...]) -> NDArray[Any]:
    """An image of one channel.

    Args:
        path: of the file.
        size: H, W of the colour image that it belongs to.
        types: element types that are allowed, e.g. np.uint16.

    Returns:
        (H, W) of one of the types.

    Raises:
        InputError: it has more channels, another type or another size; see also `read_image`.
    """
    plane = read_image(path, cv2.IMREAD_UNCHANGED)
    if plane.ndim != 2 or plane.dtype not in types:
        wanted = " or ".join(np.dtype(t).name for t in types)
        raise InputError(f"{path} is {plane.shape} {plane.dtype}; wanted one channel of {wanted}")
    check_size(path, plane, size)
    return plane


def check_size(path: Path, plane: NDArray[Any], size: tuple[int, int]) -> None:
    """Refuse a plane whose size is not that of its colour image (H, W).

    Raises:
        InputError: it is not.
    """
    if plane.shape != size:
        raise InputError(
            f"{path} is {plane.shape[1]} x {plane.shape[0]}, its colour image {size[1]} x {size[0]}; register them"
        )


def read_depth(path: Path, size: tuple[int, int], metres_per_unit: float = MILLIMETRE) -> NDArray[np.float32]:
    """(H, W) float32, metres, 0 where unknown, of a 16-bit image; see `read_plane`."""
    return read_plane(path, size, (np.uint16,)).astype(np.float32) * np.float32(metres_per_unit)
