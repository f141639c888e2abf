"""Gives the frames of a recording out at a pace, from a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from uois_sam.errors import InputError, SourceError
from uois_sam.replay.online import TRIES, OnlineLog, Pace, Timetable

if TYPE_CHECKING:
    from typing_extensions import Self

    from uois_sam.sources.source import FrameSource
    from uois_sam.types import Frame


class Outlet(Protocol):
    """Where frames go out."""

    def messages(self, frame: Frame, stamp: int) -> Mapping[str, bytes]:
        """A frame as messages by name."""
        ...

    def publish(self, messages: Mapping[str, bytes]) -> None:
        """Send them."""
        ...


class FramePlayer:
    """Plays a source once; use it in a `with` statement, whose end stops it.

    With the pace "answers" a frame that stays without answer goes out again, for a best-effort topic may lose it.

    Attributes:
        refused: why, for each frame that could not be used.
        ended: why the source ended before its end; empty where it did not.
        finished: set when there is nothing more to play.
    """

    def __init__(self, source: FrameSource, first: Frame, pace: Pace, log: OnlineLog, outlet: Outlet) -> None:
        """Nothing goes out before the `with` statement begins.

        Args:
            source: to play on from.
            first: its first frame, which was taken already.
            pace: of the frames.
            log: is told of each frame before it goes out.
            outlet: takes the frames, on the player's thread.
        """
        self._source = source
        self._first: Frame | None = first
        self._answers = pace == "answers"
        self._timetable = Timetable(pace if isinstance(pace, float) else None)
        self._log = log
        self._outlet = outlet
        self.refused: list[str] = []
        self.ended = ""
        self.finished = threading.Event()
        self._stopping = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._log.wake()
        self._thread.join()

    def check(self) -> None:
        """Raise what went wrong on the player's thread."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._play()
        except Exception as error:
            self._error = error
        finally:
            self.finished.set()

    def _play(self) -> None:
        while (frame := self._next()) is not None:
            stamp = self._log.free_stamp(time.time_ns() if frame.stamp is None else frame.stamp)
            messages = self._outlet.messages(frame, stamp)
            if not self._answers:
                before = self._log.last_given
                due = self._timetable.due(stamp, time.perf_counter() if before is None else before)
                if self._stopping.wait(max(0.0, due - time.perf_counter())):
                    return
            self._send(stamp, messages)
            if self._stopping.is_set():
                return

    def _send(self, stamp: int, messages: Mapping[str, bytes]) -> None:
        for _ in range(TRIES if self._answers else 1):
            self._log.given(stamp, time.perf_counter())
            self._outlet.publish(messages)
            if not self._answers or self._log.wait_settled(stamp, self._log.patience, self._stopping):
                return

    def _next(self) -> Frame | None:
        """The next usable frame; None at the end or when stopped."""
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        while not self._stopping.is_set():
            try:
                return next(self._source)
            except InputError as error:
                self.refused.append(str(error))
            except SourceError as error:
                self.ended = str(error)
                return None
            except StopIteration:
                return None
        return None
