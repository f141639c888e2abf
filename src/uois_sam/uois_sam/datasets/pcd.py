"""The camera behind an organised point cloud (.pcd), for sets that publish clouds instead of intrinsics."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.image_files import natural_key, read_bytes
from uois_sam.errors import InputError
from uois_sam.types import Camera

_KINDS = {"F": "f", "U": "u", "I": "i"}
_HEADER_LINES = 64
_FEWEST = 100
_STEP = 7  # a pixel in 7 x 7 pins four numbers down


@cache
def camera_of_folder(folder: Path) -> Camera | None:
    """The camera of the first cloud in a folder, None where there is no cloud; remembered.

    Raises:
        InputError: see `fit_camera`.
    """
    clouds = sorted(folder.glob("*.pcd"), key=lambda p: natural_key(p.name))
    return fit_camera(clouds[0]) if clouds else None


def fit_camera(path: Path) -> Camera:
    """Intrinsics for which u = fx X / Z + cx and v = fy Y / Z + cy, by least squares over the cloud's points.

    Args:
        path: of a PCD file, ascii or binary, HEIGHT x WIDTH points with x, y, z in the optical frame.

    Raises:
        InputError: the file is missing, damaged, of another form, or has too few points.
    """
    x, y, z = read_organised(path)
    height, width = z.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    step = _STEP if height * width > 100 * _FEWEST else 1
    x, y, z, rows, columns = (a[::step, ::step] for a in (x, y, z, rows, columns))
    valid = np.isfinite(x) & np.isfinite(y) & np.isfinite(z) & (z > 0)
    count = int(np.count_nonzero(valid))
    if count < _FEWEST:
        raise InputError(f"{path} has {count} of {valid.size} points measured; intrinsics want {_FEWEST} or more")
    fx, cx = _line(x[valid] / z[valid], columns[valid])
    fy, cy = _line(y[valid] / z[valid], rows[valid])
    try:
        return Camera(fx, fy, cx, cy, width, height)
    except InputError as error:
        raise InputError(f"{path} is no cloud of a pinhole camera: {error}") from error


def read_organised(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """x, y, z of an organised cloud, (H, W) float64 each.

    Raises:
        InputError: the file is missing, damaged, or not of the form that `fit_camera` wants.
    """
    data = read_bytes(path)
    header: dict[str, list[str]] = {}
    at = 0
    for _ in range(_HEADER_LINES):
        end = data.find(b"\n", at)
        if end < 0 or "DATA" in header:
            break
        words = data[at:end].decode("ascii", "replace").split()
        if words and not words[0].startswith("#"):
            header[words[0].upper()] = words[1:]
        at = end + 1
    try:
        form = header["DATA"][0]
        width, height = int(header["WIDTH"][0]), int(header["HEIGHT"][0])
        if width < 1 or height < 1:
            raise ValueError(f"it has {width} x {height} points")
        columns = zip(header["FIELDS"], header["TYPE"], header["SIZE"], header["COUNT"], strict=True)
        record = np.dtype([(name, f"<{_KINDS[kind]}{size}", (int(n),)) for name, kind, size, n in columns])
        if form == "binary":
            points = np.frombuffer(data, record, width * height, at)
            xyz = [points[axis][:, 0] for axis in "xyz"]
        elif form == "ascii":
            table = np.array(data[at:].split(), np.float64).reshape(width * height, -1)
            xyz = [table[:, header["FIELDS"].index(axis)] for axis in "xyz"]
        else:
            raise InputError(f"{path} is a PCD file of the form {form}; wanted ascii or binary")
        x, y, z = (axis.astype(np.float64).reshape(height, width) for axis in xyz)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise InputError(f"{path} is no readable organised PCD file: {str(error).splitlines()[0]}") from error
    return x, y, z


def _line(slope: NDArray[np.float64], pixel: NDArray[np.float64]) -> tuple[float, float]:
    """Focal length and principal point of one axis."""
    focal, centre = np.linalg.lstsq(np.column_stack([slope, np.ones_like(slope)]), pixel, rcond=None)[0]
    return float(focal), float(centre)
