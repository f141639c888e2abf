"""The command in a process of its own, beside the nodes of a test."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT = 300.0


@contextmanager
def command(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A command line; it is gone in the end."""
    words = [sys.executable, "-u", "-m", "uois_sam.cli", *map(str, arguments)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    with command(*arguments) as process:
        out, errors = process.communicate(timeout=WAIT)
        return process.returncode, out, errors


def await_line(process: subprocess.Popen[str], beginning: str) -> None:
    """Read on to a line of standard output."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(beginning):
            return
    raise AssertionError(f"no line {beginning!r} in {lines}")


def interrupt(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Press Ctrl-C: exit code, what else it said, standard error."""
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=WAIT)
    return process.returncode, out, errors


def replay_that_ended(out: Path, errors: str, reason: str, sent: int) -> dict[str, Any]:
    """The report of a replay that ended early for a reason, before all that should be sent was."""
    assert errors.startswith("uois-sam: the replay ended early, after ")
    assert reason in errors
    assert errors.count("\n") == 1
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    assert 0 < report["answered"] <= report["frames_in"] < sent
    return report


def until(condition: Callable[[], bool], what: str) -> None:
    """Ask again until the answer is true; for what another process does to files."""
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {WAIT:g} s"
        threading.Event().wait(0.05)
