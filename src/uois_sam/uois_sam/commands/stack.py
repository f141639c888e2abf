"""Node executables as child processes that end with us, whatever happens."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from uois_sam.closeable import Closeable
from uois_sam.commands.outputs import make_folder
from uois_sam.errors import UoisSamError

_SECONDS_TO_END = 10.0
_PR_SET_PDEATHSIG = 1


class Stack(Closeable):
    """Runs nodes in processes of their own; use it in a `with` statement, which ends them.

    Attributes:
        log_dir: what each process says goes to a file there.
    """

    def __init__(self, log_dir: Path) -> None:
        """Nothing is started yet."""
        self.log_dir = make_folder(log_dir)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, parameters: Mapping[str, bool | float | str], files: Sequence[Path] = ()) -> None:
        """Start the executable `name` of the package.

        Args:
            name: such as camera.
            parameters: as `--ros-args -p` takes them; "node:name" sets that of one node of several.
            files: of more parameters, as `--ros-args --params-file` takes them.
        """
        command = [
            sys.executable,
            "-c",
            f"from uois_sam.nodes.{name} import main; main()",
            "--ros-args",
            "--disable-external-lib-logs",
        ]
        for file in files:
            command += ["--params-file", str(file)]
        for key, value in parameters.items():
            command += ["-p", f"{key}:={json.dumps(value)}"]
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C reaches us alone; we end them in order
                preexec_fn=_end_with_parent,
            )

    def pid(self, name: str) -> int:
        """Process id of a node."""
        return self._processes[name].pid

    def running(self, name: str) -> bool:
        """Whether a process has not ended.

        Raises:
            UoisSamError: it ended with an error; with the last line that it said.
        """
        code = self._processes[name].poll()
        if code:
            reason = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise UoisSamError(f"{name} ended with {reason}: {self.last_line(name)} (see {self._log(name)})")
        return code is None

    def last_line(self, name: str) -> str:
        """The last line that a process has said."""
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def close(self) -> None:
        """End all processes, the last one started first: SIGINT, then SIGKILL for those that do not obey."""
        running = [process for process in reversed(self._processes.values()) if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _log(self, name: str) -> Path:
        return self.log_dir / f"{name}.log"


def _end_with_parent() -> None:
    """Runs in the child: Linux sends it SIGTERM when the parent has gone, even by SIGKILL."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
