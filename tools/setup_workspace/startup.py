"""Gives every Python of the environment what sourcing the setup files of ROS would give it.

Copied into .venv's site-packages, where a .pth file calls `prepare` whenever Python starts. Variables that the
user has set stay as they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

_DONE = "_UOIS_SAM_STARTUP"
_READ_AT_START = ("LD_LIBRARY_PATH", "PYTHONPATH")  # by the loader and by Python: a change needs a new start
_OF_ONE_ROS = ("RMW_IMPLEMENTATION", "ROS_DISTRO", "ROS_PYTHON_VERSION", "ROS_VERSION")


def changes(
    environ: Mapping[str, str], lists: Mapping[str, Sequence[str]], values: Mapping[str, str]
) -> dict[str, str | None]:
    """The variables of `environ` to set, or with None to remove.

    `lists` are paths to be first in a variable if they are not in it, `values` hold where nothing is set. If the
    AMENT_PREFIX_PATH of `environ` has nothing of ours, another ROS was sourced, whose libraries and modules do not
    go with these: what belongs to it is taken out.
    """
    sourced = _split(environ.get("AMENT_PREFIX_PATH"))
    foreign = [] if set(sourced) & set(lists["AMENT_PREFIX_PATH"]) else sourced
    result: dict[str, str | None] = {}
    for name in dict.fromkeys((*lists, *_READ_AT_START)):
        present = _split(environ.get(name))
        kept = [path for path in present if not any(_is_below(path, prefix) for prefix in foreign)]
        final = [path for path in lists.get(name, ()) if path not in kept] + kept
        if final != present:
            result[name] = os.pathsep.join(final)
    if foreign:
        result.update({name: None for name in _OF_ONE_ROS if name in environ})
    result.update({name: value for name, value in values.items() if result.get(name, environ.get(name)) is None})
    return result


def prepare(lists: Mapping[str, Sequence[str]], values: Mapping[str, str]) -> None:
    """Changes the environment, and starts Python anew, once, if that is needed for a change to take effect."""
    changed = changes(os.environ, lists, values)
    for name, value in changed.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    process = str(os.getpid())  # survives the new start, and is not that of a child
    if not changed.keys() & set(_READ_AT_START) or os.environ.get(_DONE) == process or not sys.executable:
        return
    os.environ[_DONE] = process
    os.execv(sys.executable, sys.orig_argv)


def _split(paths: str | None) -> list[str]:
    return [path for path in (paths or "").split(os.pathsep) if path]


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")
