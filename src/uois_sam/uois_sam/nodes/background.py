"""Jobs one after the other on a thread that lives only while there are some. No middleware here."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

R = TypeVar("R")


class BackgroundJobs:
    """Runs functions in their order, beside the thread that owns the model.

    The thread ends with the last job: each thread that PyTorch was called from keeps OpenMP threads of its own as
    long as it lives, and with more of these than cores the model's thread gets slower for good.

    Args:
        name: of the thread.
        limit: jobs that may wait.
    """

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._stopping = False

    def submit(self, job: Callable[[], R]) -> Future[R]:
        """Run a function after those before it; the future is cancelled where too many wait, or after `stop`."""
        future: Future[R] = Future()
        with self._lock:
            if self._stopping or len(self._jobs) >= self._limit:
                future.cancel()
                return future
            self._jobs.append((job, future))
            if self._running is None:
                self._running = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._running.start()
        return future

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the job in hand, and drop what waits."""
        with self._lock:
            self._stopping = True
            waiting, self._jobs = self._jobs, deque()
            running = self._running
        for _, future in waiting:
            future.cancel()
        if running is not None:
            running.join(timeout)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._running = None
                    return
                job, future = self._jobs.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except Exception as error:
                future.set_exception(error)
