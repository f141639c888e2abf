"""Says which step is running, for how long, and what it is at."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TextIO

QUIET_SECONDS = 15.0

Tick = Callable[[str], None]
"""Takes a few words on what a step is at, as often as they come."""


def spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Progress:
    """A line per step: kept up to date on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self.title = ""
        self.started = self.told = 0.0

    def begin(self, title: str) -> None:
        self.title = title
        self.started = self.told = time.monotonic()
        self._write(title if self.live else f"{title}\n")

    def tick(self, detail: str) -> None:
        now = time.monotonic()
        elapsed = spoken(now - self.started)
        if self.live:
            line = f"{self.title}: {elapsed}, {detail}"
            self._write(f"\r\033[K{line[: shutil.get_terminal_size().columns - 1]}")
        elif now - self.told >= QUIET_SECONDS:
            self.told = now
            self._write(f"      {elapsed}: {detail}\n")

    def end(self) -> None:
        elapsed = spoken(time.monotonic() - self.started)
        self._write(f"\r\033[K{self.title}: {elapsed}\n" if self.live else f"      done in {elapsed}\n")
        self.title = ""

    def skip(self, title: str) -> None:
        self._write(f"{title}: as it was\n")

    def abandon(self) -> None:
        """Leaves a line that is not ended, so that what is written next begins on its own."""
        if self.live and self.title:
            self._write("\n")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
