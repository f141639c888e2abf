"""Point clouds as PLY files, which MeshLab, CloudCompare and Open3D read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError

_VERTEX = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)])


def write_ply(path: Path | str, points: NDArray[np.float32], colours: NDArray[np.uint8]) -> None:
    """Write a coloured cloud as binary little-endian PLY 1.0; its folder must exist.

    Args:
        path: of the file; an older one is replaced.
        points: (N, 3) float32, metres.
        colours: (N, 3) uint8 RGB.

    Raises:
        InputError: the shapes do not fit, or the file cannot be written.
    """
    if points.ndim != 2 or points.shape[1] != 3 or colours.shape != points.shape or colours.dtype != np.uint8:
        raise InputError(
            f"points are {points.shape}, colours {colours.shape} {colours.dtype}; wanted (N, 3) and (N, 3) uint8"
        )
    vertices = np.empty(len(points), _VERTEX)
    vertices["xyz"] = points
    vertices["rgb"] = colours
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(points)}",
        *(f"property float {name}" for name in "xyz"),
        *(f"property uchar {name}" for name in ("red", "green", "blue")),
        "end_header\n",
    ]
    try:
        Path(path).write_bytes("\n".join(header).encode("ascii") + vertices.tobytes())
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
