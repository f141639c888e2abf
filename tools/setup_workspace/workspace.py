"""Builds the colcon workspace: the interfaces, and uois_sam linked to its sources."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from setup_workspace.commands import run
from setup_workspace.environment import sourced_variables
from setup_workspace.progress import Tick
from setup_workspace.stamps import digest, digest_files
from setup_workspace.target import Target

MESSAGES = "uois_sam_msgs"
PACKAGE = "uois_sam"
_PERCENT = re.compile(r"^\[ *(\d+)%\] (.*)")
_ERROR = re.compile(r"^(?:.*\b(?:CMake Error|fatal error|error|Error)\b.*)$", re.MULTILINE)


def messages_key(target: Target) -> str:
    """Changes with every source of the interface package."""
    folder = target.root / "src" / MESSAGES
    return digest_files((path for path in folder.rglob("*") if path.is_file()), folder)


def package_key(target: Target) -> str:
    """Changes with the packaging of uois_sam and the names of the files it installs; their contents are linked."""
    folder = target.root / "src" / PACKAGE
    packaging = digest_files([folder / name for name in ("package.xml", "setup.cfg", "setup.py")], folder)
    data = [folder / name for name in ("launch", "config", "models")]
    names = sorted(path.relative_to(folder).as_posix() for root in data for path in root.rglob("*"))
    return digest([packaging, *names])


def products(target: Target, package: str) -> tuple[Path, ...]:
    """What a build of `package` leaves: the installed package, and the build folder that it is linked to."""
    share = target.prefix(package) / "share" / package
    return target.workspace / "build" / package / "colcon_build.rc", share / "package.xml"


def build_messages(target: Target, environ: Mapping[str, str], tick: Tick) -> None:
    """Builds the interfaces anew, so that nothing of a removed message stays."""
    remove(target.workspace / "build" / MESSAGES)
    places = ("lib/*{}*", "include/{}", "share/{}", "lib/python3*/*-packages/{}*")
    for pattern in (place.format(MESSAGES) for place in places):
        for path in target.prefix(MESSAGES).glob(pattern):
            remove(path)
    build(target, MESSAGES, environ, tick)


def build_package(target: Target, environ: Mapping[str, str], tick: Tick) -> None:
    """Links uois_sam, its executables and its share folder into the prefix anew."""
    prefix = target.prefix(PACKAGE)
    for path in (target.workspace / "build" / PACKAGE, prefix / "share" / PACKAGE, prefix / "lib" / PACKAGE):
        remove(path)
    build(target, PACKAGE, environ, tick)


def build(target: Target, package: str, environ: Mapping[str, str], tick: Tick) -> None:
    """Builds one package with colcon, run by the environment's Python so that executables start with that."""
    command: list[str | Path] = [target.python, "-m", "colcon", "build", "--symlink-install"]
    command += ["--packages-select", package]
    command += ["--event-handlers", "console_direct+", "console_stderr-", "status-"]
    variables = dict(environ)
    if target.ros is None:
        command += ["--merge-install", "--install-base", target.venv]
        variables |= {"AMENT_PREFIX_PATH": str(target.venv), "CMAKE_PREFIX_PATH": str(target.venv)}
        variables["PATH"] = f"{target.venv / 'bin'}:{variables.get('PATH', '')}"
    else:
        variables |= sourced_variables([target.ros / "setup.bash"], environ)
    command += ["--cmake-args", "-DBUILD_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Release"]
    command += [f"-DPython3_EXECUTABLE={target.python}", "--no-warn-unused-cli"]
    log = target.logs / f"{package}.log"
    run(command, environ=variables, log=log, tick=tick, detail=describe, explain=explain, cwd=target.workspace)


def remove(path: Path) -> None:
    """Removes a file, a link or a whole folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def describe(line: str) -> str | None:
    """What a line of the build's output says to a person who waits."""
    progress = _PERCENT.match(line)
    return f"{progress.group(1)} %" if progress else None


def explain(output: str) -> str:
    """Why the build failed, from its output, in one line."""
    if "No space left on device" in output:
        return "no disk space left while building the workspace"
    error = _ERROR.search(output)
    return f"the workspace did not build: {error.group(0).strip() if error else 'no reason given'}"
