"""Clouds as PLY files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.grasping.ply import write_ply


def read_ply(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points and colours of a PLY file, by its own header."""
    header, _, body = path.read_bytes().partition(b"end_header\n")
    lines = header.decode("ascii").split("\n")
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    count = next(int(line.split()[2]) for line in lines if line.startswith("element vertex"))
    types = {"float": "<f4", "uchar": "u1"}
    properties = [line.split()[1:] for line in lines if line.startswith("property")]
    table = np.frombuffer(body, [(name, types[kind]) for kind, name in properties])
    assert len(table) == count
    points = np.stack([table[n] for n in ("x", "y", "z")], 1)
    return points, np.stack([table[n] for n in ("red", "green", "blue")], 1)


@given(st.integers(0, 30), st.integers(0, 2**31))
def test_what_was_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 3)).astype(np.float32)
    colours = rng.integers(0, 256, (count, 3), np.uint8)
    path = tmp_path_factory.getbasetemp() / "cloud.ply"
    write_ply(path, points, colours)
    read_points, read_colours = read_ply(path)
    assert np.array_equal(read_points, points)
    assert np.array_equal(read_colours, colours)


def test_wrong_clouds_and_paths_are_refused(tmp_path: Path) -> None:
    points, colours = np.zeros((4, 3), np.float32), np.zeros((4, 3), np.uint8)
    for p, c in ((points, colours[:3]), (points[:, :2], colours[:, :2]), (points, colours.astype(np.float32))):
        with pytest.raises(InputError, match="wanted \\(N, 3\\)"):
            write_ply(tmp_path / "x.ply", p, c)
    with pytest.raises(InputError, match="cannot write"):
        write_ply(tmp_path / "none" / "x.ply", points, colours)
