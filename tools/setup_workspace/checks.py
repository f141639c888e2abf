"""Looks, before anything is built, whether all that is needed is there."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

from setup_workspace.errors import SetupError
from setup_workspace.pip import free_space
from setup_workspace.target import Target

PYTHONS = ((3, 10), (3, 13))
CMAKE = (3, 16)
DISK_BYTES = 4_000_000_000


def check(target: Target, environ: Mapping[str, str]) -> None:
    """Raises SetupError with one line that names all that is missing."""
    looks: list[Callable[[], str | None]] = [
        lambda: _python(),
        lambda: _venv(),
        lambda: _headers(),
        lambda: _compiler("C", "CC", ("cc", "gcc", "clang"), "gcc", environ),
        lambda: _compiler("C++", "CXX", ("c++", "g++", "clang++"), "g++", environ),
        lambda: _cmake(environ),
        lambda: None if _which("make", environ) else "make (apt install make)",
        lambda: _disk(target),
        lambda: _platform() if target.ros is None else _ros_python(target.ros),
    ]
    missing = [answer for answer in (look() for look in looks) if answer]
    if missing:
        raise SetupError(f"missing: {'; '.join(missing)}")


def _which(name: str, environ: Mapping[str, str]) -> str | None:
    return shutil.which(name, path=environ.get("PATH", ""))


def _python() -> str | None:
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return None
    return f"Python 3.10 to 3.13 (this is {platform.python_version()}; name another with PYTHON=)"


def _venv() -> str | None:
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return None
    return f"the modules venv and ensurepip of {sys.executable} (apt install python3-venv)"


def _headers() -> str | None:
    header = Path(sysconfig.get_paths()["include"]) / "Python.h"
    return None if header.is_file() else f"the headers of {sys.executable}, {header} (apt install python3-dev)"


def _compiler(
    language: str, variable: str, names: tuple[str, ...], package: str, environ: Mapping[str, str]
) -> str | None:
    named = environ.get(variable, "").split()
    if any(_which(name, environ) for name in named[:1] or names):
        return None
    where = f" {variable}={named[0]}" if named else ""
    return f"{language} compiler{where} (apt install {package})"


def _cmake(environ: Mapping[str, str]) -> str | None:
    wanted = ".".join(map(str, CMAKE))
    program = _which("cmake", environ)
    if program is None:
        return f"cmake {wanted} or newer (apt install cmake)"
    output = subprocess.run([program, "--version"], capture_output=True, text=True, env=dict(environ)).stdout
    version = re.search(r"version (\d+)\.(\d+)", output)
    if version and tuple(map(int, version.groups())) >= CMAKE:
        return None
    return f"cmake {wanted} or newer ({program} is {version.group(0)[8:] if version else 'unusable'})"


def _disk(target: Target) -> str | None:
    free = shutil.disk_usage(target.root).free
    return None if free >= DISK_BYTES else f"disk space: {DISK_BYTES / 1e9:.0f} GB, {free_space(target.root)}"


def _platform() -> str | None:
    machine, libc = platform.machine(), platform.libc_ver()
    if sys.platform != "linux" or machine != "x86_64" or libc[0] != "glibc":
        return f"a ROS 2 Jazzy installation (its wheels are for x86-64 Linux, this is {sys.platform} {machine})"
    return None


def _ros_python(ros: Path) -> str | None:
    versions = [path.parts[-3] for path in ros.glob("lib/python3.*/site-packages/rclpy")]
    here = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if here in versions:
        return None
    if not versions:
        return f"rclpy in {ros} (apt install ros-jazzy-ros-base)"
    return f"{versions[0]}, which the ROS of {ros} is built for (this is {here}; name it with PYTHON=)"
