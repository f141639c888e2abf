"""What is missing is said in one line, before anything is built."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections import namedtuple
from pathlib import Path

import pytest
from setup_workspace import __main__ as setup_main
from setup_workspace import checks
from setup_workspace.errors import SetupError
from setup_workspace.target import Target

TOOLS = {
    "cc": "exit 0",
    "c++": "exit 0",
    "make": "exit 0",
    "cmake": "echo 'cmake version 3.25.1'",
}


def write_program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that answer as wanted, to be the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in TOOLS.items():
        write_program(folder / name, body)
    return folder


@pytest.fixture
def complete(tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Target, dict[str, str]]:
    """A machine that has all that is needed, whatever the real one lacks."""
    headers = tmp_path / "include"
    headers.mkdir()
    (headers / "Python.h").touch()
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(headers)})
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
    free_disk(monkeypatch, 50e9)
    return Target(tmp_path, None), {"PATH": str(programs)}


def free_disk(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    usage = namedtuple("usage", ("total", "used", "free"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(int(1e12), int(1e12 - free), int(free)))


def complaint(target: Target, environ: dict[str, str]) -> str:
    with pytest.raises(SetupError) as caught:
        checks.check(target, environ)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_nothing_is_missing_on_a_complete_machine(complete: tuple[Target, dict[str, str]]) -> None:
    checks.check(*complete)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("cc", "C compiler (apt install gcc)"),
        ("c++", "C++ compiler (apt install g++)"),
        ("make", "make (apt install make)"),
        ("cmake", "cmake 3.16 or newer (apt install cmake)"),
    ],
)
def test_missing_program(complete: tuple[Target, dict[str, str]], programs: Path, program: str, said: str) -> None:
    (programs / program).unlink()
    assert complaint(*complete) == f"missing: {said}"


def test_all_that_is_missing_is_said_at_once(complete: tuple[Target, dict[str, str]], programs: Path) -> None:
    for name in TOOLS:
        (programs / name).unlink()
    message = complaint(*complete)
    assert all(word in message for word in ("gcc", "g++", "make", "cmake"))


@pytest.mark.parametrize("answer", ["cmake version 3.10.2", "cmake: cannot open shared object"])
def test_unfit_cmake(complete: tuple[Target, dict[str, str]], programs: Path, answer: str) -> None:
    write_program(programs / "cmake", f"echo '{answer}'")
    assert complaint(*complete).startswith("missing: cmake 3.16 or newer (")


def test_compiler_named_by_cc_but_absent(complete: tuple[Target, dict[str, str]]) -> None:
    target, environ = complete
    assert complaint(target, environ | {"CC": "icc -O2"}) == "missing: C compiler CC=icc (apt install gcc)"


def test_no_disk_space(complete: tuple[Target, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    free_disk(monkeypatch, 0.3e9)
    assert complaint(*complete) == f"missing: disk space: 4 GB, 0.3 GB free at {complete[0].root}"


def test_no_venv_module(complete: tuple[Target, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    assert "apt install python3-venv" in complaint(*complete)


def test_no_python_headers(
    complete: tuple[Target, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(tmp_path / "nowhere")})
    assert "apt install python3-dev" in complaint(*complete)


def test_unfit_python(complete: tuple[Target, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    assert complaint(*complete).startswith("missing: Python 3.10 to 3.13 (this is ")


def test_no_wheels_for_this_machine(
    complete: tuple[Target, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "a ROS 2 Jazzy installation" in complaint(*complete)


@pytest.mark.parametrize(
    ("python", "said"), [("python3.8", "python3.8, which the ROS of"), (None, "apt install ros-jazzy-ros-base")]
)
def test_ros_built_for_another_python_or_without_rclpy(
    complete: tuple[Target, dict[str, str]], tmp_path: Path, python: str | None, said: str
) -> None:
    ros = tmp_path / "jazzy"
    if python:
        (ros / "lib" / python / "site-packages" / "rclpy").mkdir(parents=True)
    assert said in complaint(Target(tmp_path, ros), complete[1])


def test_ros_built_for_this_python(complete: tuple[Target, dict[str, str]], tmp_path: Path) -> None:
    here = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (tmp_path / "jazzy" / "lib" / here / "site-packages" / "rclpy").mkdir(parents=True)
    checks.check(Target(tmp_path, tmp_path / "jazzy"), complete[1])


def test_set_up_ends_with_one_line_and_builds_nothing(
    small_root: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert setup_main.main(small_root, {"PATH": str(empty), "ROS_PREFIX": ""}) == 1
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("make setup: missing: ")
    assert not (small_root / ".venv").exists()


@pytest.mark.parametrize("old", ["exit 1", "exit 127"])
def test_no_usable_python(repository: Path, tmp_path: Path, old: str) -> None:
    for name in ("python3", "python3.12"):
        write_program(tmp_path / name, old)
    (tmp_path / "dirname").symlink_to(shutil.which("dirname") or "")
    environ = {"PATH": str(tmp_path), "PYTHON": "python3 python3.12"}
    result = subprocess.run([repository / "tools" / "setup"], env=environ, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "no usable Python: wanted 3.10 to 3.13, tried python3 python3.12" in result.stderr


def test_python_named_by_hand_is_taken(repository: Path, tmp_path: Path) -> None:
    write_program(tmp_path / "mine", 'case "$1" in -c) exit 0;; esac\necho "$@" "$PYTHONPATH"')
    environ = os.environ | {"PYTHON": str(tmp_path / "mine")}
    result = subprocess.run([repository / "tools" / "setup"], env=environ, capture_output=True, text=True)
    assert result.stdout.split() == ["-m", "setup_workspace", str(repository / "tools")]
