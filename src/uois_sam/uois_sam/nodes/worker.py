"""A thread that owns the model: of the frames the newest, of the requests each in its turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_EMPTY: Any = object()


class FrameWorker(Generic[T]):
    """Runs `process` on frames and the functions of requests, one after the other, on a thread of its own.

    There is room for one waiting frame: a newer one takes its place. Requests wait in a queue and go first.
    Whatever `process` raises goes to `failed`, and the thread lives on.
    """

    def __init__(
        self,
        name: str,
        process: Callable[[T], None],
        failed: Callable[[Exception], None],
        dropped: Callable[[], None],
    ) -> None:
        """Make the worker; nothing runs before `start`.

        Args:
            name: of the thread.
            process: called with each frame.
            failed: called with what `process` raised.
            dropped: called for each frame that a newer one replaced.
        """
        self._process = process
        self._failed = failed
        self._dropped = dropped
        self._condition = threading.Condition()
        self._frame: T = _EMPTY
        self._requests: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._busy = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def offer(self, frame: T) -> None:
        """Hand over a frame; it is dropped if a newer one comes before the worker is free."""
        with self._condition:
            if self._stopping:
                return
            replaced = self._frame is not _EMPTY
            self._frame = frame
            self._condition.notify_all()
        if replaced:
            self._dropped()

    def submit(self, request: Callable[[], R]) -> Future[R]:
        """Run a function on the worker's thread; the future is cancelled if the worker stops first."""
        future: Future[R] = Future()
        with self._condition:
            if self._stopping:
                future.cancel()
            else:
                self._requests.append((request, future))
                self._condition.notify_all()
        return future

    def wait_idle(self, timeout: float) -> bool:
        """Whether all that was handed over was worked off within `timeout` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._idle() or self._stopping, timeout)

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the work in hand, drop what waits, and end the thread."""
        with self._condition:
            self._stopping = True
            self._frame = _EMPTY
            waiting = [future for _, future in self._requests]
            self._requests.clear()
            self._condition.notify_all()
        for future in waiting:
            future.cancel()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _idle(self) -> bool:
        return not self._busy and not self._requests and self._frame is _EMPTY

    def _run(self) -> None:
        while True:
            with self._condition:
                self._busy = False
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._stopping or self._requests or self._frame is not _EMPTY)
                if self._stopping:
                    return
                self._busy = True
                job = self._requests.popleft() if self._requests else None
                if job is None:
                    frame, self._frame = self._frame, _EMPTY
            if job is not None:
                self._answer(*job)
            else:
                self._try(frame)
                del frame

    def _try(self, frame: T) -> None:
        try:
            self._process(frame)
        except Exception as error:
            self._failed(error)

    @staticmethod
    def _answer(request: Callable[[], R], future: Future[R]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(request())
        except Exception as error:
            future.set_exception(error)
