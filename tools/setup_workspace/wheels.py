"""Makes the ROS wheels fit for building message packages here."""

from __future__ import annotations

import re
from pathlib import Path

_INCLUDE = re.compile(r'/opt/python/[^/;"]+/include/python3\.\d+')
_NUMPY = re.compile(r'/opt/python/[^/;"]+/lib/python3\.\d+/site-packages/numpy/_core/include')


def repair_cmake_files(prefix: Path, include: Path, numpy_include: Path) -> int:
    """Points the wheels' CMake files, which name the Python of the machine that built them, to this one.

    Returns the number of files that had to be changed.
    """
    changed = 0
    for path in prefix.glob("share/*/cmake/*.cmake"):
        text = path.read_text()
        repaired = _INCLUDE.sub(include.as_posix(), _NUMPY.sub(numpy_include.as_posix(), text))
        if repaired != text:
            path.write_text(repaired)
            changed += 1
    return changed
