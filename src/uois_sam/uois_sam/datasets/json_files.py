"""JSON files of data sets, with the checks that every reader of one wants."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from uois_sam.datasets.image_files import read_bytes
from uois_sam.errors import InputError
from uois_sam.types import Camera


def read_object(path: Path) -> dict[str, Any]:
    """The object of named values in a JSON file.

    Raises:
        InputError: the file cannot be read, is no JSON, or holds something else.
    """
    try:
        content = json.loads(read_bytes(path))
    except ValueError as error:
        raise InputError(f"cannot read {path} as JSON: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds a JSON {type(content).__name__}; wanted an object of named values")
    return content


def number(path: Path, content: dict[str, Any], key: str) -> float:
    """A finite number of an object that was read from `path`.

    Raises:
        InputError: it is missing or none.
    """
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"{path}: {key} is {json.dumps(value)}; wanted a number")
    return value


def camera(path: Path, content: dict[str, Any]) -> Camera:
    """The intrinsics fx, fy, cx, cy, width, height of an object that was read from `path`.

    Raises:
        InputError: one is missing or out of range.
    """
    fx, fy, cx, cy, width, height = (number(path, content, k) for k in ("fx", "fy", "cx", "cy", "width", "height"))
    try:
        return Camera(fx, fy, cx, cy, int(width), int(height))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
