"""Memory and CPU of processes while a replay runs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import psutil

from uois_sam.replay.run import LoadSample

if TYPE_CHECKING:
    from typing_extensions import Self

INTERVAL = 0.5
_MB = 1e6
_SHORTEST = 0.1  # seconds; the system counts CPU time in hundredths


class LoadSampler:
    """Looks at some processes every `INTERVAL` seconds from a thread of its own; use it in a `with` statement.

    A process that has ended counts nothing. The first sample is that of the beginning, the last that of the end.

    Attributes:
        samples: so far, in order of time.
    """

    def __init__(self, pids: Sequence[int] = (), interval: float = INTERVAL) -> None:
        """`pids`: whose memory and CPU are added up; this process's where there are none."""
        self.samples: list[LoadSample] = []
        self._interval = interval
        self._processes = []
        for pid in pids or [os.getpid()]:
            try:
                self._processes.append(psutil.Process(pid))
            except psutil.Error:  # it has ended before it was looked at
                continue
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._begin = self._last = time.perf_counter()
        self._used = self._cpu_seconds()
        self.samples.append(LoadSample(0.0, self._memory(), 0.0))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        if time.perf_counter() - self._last > _SHORTEST or len(self.samples) == 1:
            self._sample()

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._begin

    def _watch(self) -> None:
        while not self._done.wait(self._interval):
            self._sample()

    def _sample(self) -> None:
        now, used = time.perf_counter(), self._cpu_seconds()
        cpu = 100 * max(0.0, used - self._used) / max(now - self._last, 1e-6)
        self.samples.append(LoadSample(now - self._begin, self._memory(), cpu))
        self._last, self._used = now, used

    def _memory(self) -> float:
        total = 0.0
        for process in self._processes:
            try:
                total += process.memory_info().rss / _MB
            except psutil.Error:
                continue
        return total

    def _cpu_seconds(self) -> float:
        total = 0.0
        for process in self._processes:
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system
        return total
