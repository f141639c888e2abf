"""Installs packages with pip, and says in one line why it could not."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from setup_workspace.commands import run
from setup_workspace.progress import Tick

_DOWNLOADING = re.compile(r"(?:Downloading|Using cached) (\S+?)-\d\S* \(([^)]*)\)")
_CONNECTION = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|Max retries exceeded"
    r"|Failed to establish a new connection|Temporary failure in name resolution|Name or service not known"
    r"|Connection refused|Connection reset by peer|Network is unreachable|Read timed out|Remote end closed"
)
_NOT_FOUND = re.compile(r"No matching distribution found for (\S+)")
_CONFLICT = re.compile(r"(ResolutionImpossible|conflicting dependencies)")
_ERROR = re.compile(r"^(?:ERROR|error): (.*)", re.MULTILINE)


def install(python: Path, arguments: Sequence[str], *, environ: Mapping[str, str], log: Path, tick: Tick) -> None:
    """Runs `pip install` for requirements or any other arguments of pip's.

    Raises SetupError in words if it fails: no network, no such package, no space.
    """
    options = ("--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off", "--no-compile")
    command: list[str | Path] = [python, "-m", "pip", "install", *options, *arguments]
    run(command, environ=environ, log=log, tick=tick, detail=describe, explain=explain)


def describe(line: str) -> str | None:
    """What a line of pip's output says to a person who waits."""
    download = _DOWNLOADING.match(line)
    if download:
        name, size = download.groups()
        return f"fetching {name} ({size})"
    if line.startswith("Collecting "):
        return f"looking up {line.split()[1]}"
    if line.startswith("Installing collected packages"):
        return f"installing {line.count(',') + 1} packages"
    return None


def explain(output: str) -> str:
    """Why pip failed, from its output, in one line."""
    not_found = _NOT_FOUND.search(output)
    if "No space left on device" in output:
        return f"no disk space left while installing packages; {free_space(Path(sys.prefix))}"
    if _CONNECTION.search(output):
        what = f" for {not_found.group(1)}" if not_found else ""
        return f"no network: the package index cannot be reached{what}; check the connection and pip's settings"
    if not_found and "(from versions: none)" in output:
        return f"package not found: {not_found.group(1)} (the package index has none of it, or cannot be reached)"
    if not_found:
        return f"package not found: {not_found.group(1)} (not in the index for this Python and platform)"
    if _CONFLICT.search(output):
        return "the versions in requirements.txt contradict each other"
    errors = _ERROR.findall(output)
    return f"pip failed: {errors[-1] if errors else 'no reason given'}"


def free_space(path: Path) -> str:
    """Free space where `path` lies, in words."""
    return f"{shutil.disk_usage(path).free / 1e9:.1f} GB free at {path}"
