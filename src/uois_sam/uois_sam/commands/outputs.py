"""Files that commands write, and what they say of the versions that made them."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam import __version__
from uois_sam.errors import InputError

_JPEG_QUALITY = 90


def make_folder(path: Path) -> Path:
    """The folder, made where it is missing.

    Raises:
        InputError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path}: {error.strerror}; give another one") from None
    return path


def check_writable(path: Path | None) -> None:
    """Refuse, before the work rather than after it, a file that cannot be written; its folder is made.

    Args:
        path: of the file; None where none is asked for.

    Raises:
        InputError: it is a folder, or its folder cannot be made or written to.
    """
    if path is None:
        return
    make_folder(path.parent)
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; give a file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"cannot write {path}: no permission; give another file")


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON document; its folder is made where it is missing.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, json.dumps(value, indent=1) + "\n")


def write_results(path: Path | None, document: dict[str, Any]) -> None:
    """Write what was measured, with the versions that it depends on, and say where; nothing without a path.

    Raises:
        InputError: the file cannot be written.
    """
    if path is not None:
        write_json(path, {**document, "versions": versions()})
        print(f"written to {path}")


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8; its folder is made where it is missing.

    Raises:
        InputError: the file cannot be written.
    """
    make_folder(path.parent)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; give another file") from None


def write_rgb(path: Path, image: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) uint8 RGB as a JPEG or PNG, by the name's suffix."""
    _write(path, image[..., ::-1])


def write_labels(path: Path, labels: NDArray[np.uint16]) -> None:
    """Write (H, W) uint16 as a PNG of one channel."""
    _write(path, labels)


def encode_image(suffix: str, image: NDArray[np.generic]) -> bytes:
    """Bytes of a JPEG or PNG file.

    Args:
        suffix: ".jpg" or ".png".
        image: (H, W) or (H, W, 3) in BGR order, as OpenCV has it.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if suffix == ".jpg" else []
    return cv2.imencode(suffix, np.ascontiguousarray(image), options)[1].tobytes()


def _write(path: Path, image: NDArray[np.generic]) -> None:
    try:
        path.write_bytes(encode_image(path.suffix, image))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; give another folder") from None


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = {
        "uois_sam": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
    for name in ("torch", "transformers"):
        if name in sys.modules:  # a command that did without does not depend on it
            found[name] = str(sys.modules[name].__version__)
    return found
