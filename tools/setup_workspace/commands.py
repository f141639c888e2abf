"""Runs the programs that do the work: their output goes to a log, what they are at to the progress line."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from setup_workspace.errors import InterruptedStepError, SetupError
from setup_workspace.progress import Tick

TICK_SECONDS = 1.0

# Variables of another Python or ROS environment that would leak into this one.
FOREIGN = (
    "AMENT_PREFIX_PATH",
    "CMAKE_PREFIX_PATH",
    "COLCON_PREFIX_PATH",
    "PIP_PREFIX",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without what belongs to another Python or ROS environment."""
    return {name: value for name, value in environ.items() if name not in FOREIGN} | {"PYTHONUNBUFFERED": "1"}


def run(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    log: Path,
    tick: Tick,
    detail: Callable[[str], str | None],
    explain: Callable[[str], str],
    cwd: Path | None = None,
) -> None:
    """Runs `command` to its end; `detail` picks from a line of its output what is worth showing.

    Raises SetupError with what `explain` makes of the output if the command fails, InterruptedStepError if it was
    killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    shown = "starting"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            close_fds=False,  # the lock stays held until the last of our programs has ended
        )
        assert process.stdout is not None
        pending = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if selector.select(TICK_SECONDS):
                    block = os.read(process.stdout.fileno(), 65536)
                    if not block:
                        break
                    file.write(block)
                    file.flush()
                    *lines, pending = (pending + block).split(b"\n")
                    for line in lines:
                        shown = detail(line.decode(errors="replace").strip()) or shown
                tick(shown)
        code = process.wait()
    if code < 0:
        raise InterruptedStepError(f"{Path(command[0]).name} was killed by signal {-code}; run make setup again")
    if code > 0:
        raise SetupError(f"{explain(log.read_text(errors='replace'))} (whole output: {log})")
