"""The recordings that lie below a folder."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from uois_sam.errors import InputError

FILES = (".mcap", ".db3", ".bag")
"""Suffixes of files that are a recording by themselves: rosbag2's two storages, and ROS 1."""

_METADATA = "metadata.yaml"


def is_recording(path: Path) -> bool:
    """Whether a path is one recording: a file, or a rosbag2 folder, which holds a metadata.yaml."""
    return path.is_file() or (path / _METADATA).is_file()


def find_bags(folder: Path, out: Path) -> dict[str, Path]:
    """The recordings below a folder by what their outputs are called, in the order of these names.

    A folder with a metadata.yaml is one rosbag2 recording, whatever else lies in it. Elsewhere, each .mcap, .db3
    and .bag file is one. Hidden files and folders, linked folders, and `out` with all that lies in it are none.

    The names are paths from the folder, without the suffix of a file; with it where two would be called alike.

    Args:
        folder: where to look, at any depth.
        out: where outputs go; it may lie below the folder.

    Raises:
        InputError: the folder is missing, holds no recording, or is `out`.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    if out.resolve() == folder.resolve():
        raise InputError(f"the outputs would lie among the recordings of {folder}; give another --out")
    found: list[Path] = []
    for root, folders, files in os.walk(folder):
        here = Path(root)
        if here.resolve() == out.resolve():
            folders.clear()
        elif _METADATA in files:
            found.append(here)
            folders.clear()
        else:
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [here / name for name in files if Path(name).suffix in FILES and not name.startswith(".")]
    if not found:
        raise InputError(
            f"{folder} holds no recording: no folder with a metadata.yaml, no .mcap, .db3 or .bag file"
        )
    shared = Counter(_short_name(folder, path) for path in found)
    named = {}
    for path in found:
        short = _short_name(folder, path)
        named[short if shared[short] == 1 else path.relative_to(folder).as_posix()] = path
    return dict(sorted(named.items()))


def _short_name(folder: Path, path: Path) -> str:
    relative = path.relative_to(folder)
    return (relative.with_suffix("") if path.is_file() else relative).as_posix()
