"""Writes a recording from a thread of its own, so that who hears the messages is not held up by the disk."""

from __future__ import annotations

import threading
from queue import Empty, Queue
from types import TracebackType
from typing import TYPE_CHECKING

from uois_sam.errors import UoisSamError
from uois_sam.sources.bag_writer import FLUSH_SECONDS, BagWriter

if TYPE_CHECKING:
    from typing_extensions import Self

ROOM = 256
"""Messages that wait for the disk; whoever brings one more waits too."""

_Message = tuple[str, str, bytes, int]


class BagQueue:
    """Hands messages to a `BagWriter` in the order in which they come; use it in a `with` statement.

    Attributes:
        counts: messages by topic that were taken.
    """

    def __init__(self, writer: BagWriter) -> None:
        """`writer` is closed with this."""
        self.counts: dict[str, int] = {}
        self._writer = writer
        self._queue: Queue[_Message | None] = Queue(ROOM)
        self._error: UoisSamError | None = None
        self._adding = threading.Lock()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="recording", daemon=True)
        self._thread.start()

    def add(self, topic: str, type_name: str, cdr: bytes, stamp: int) -> None:
        """Take a message, as `BagWriter.add` does; from any thread.

        Raises:
            UoisSamError: an earlier one could not be written.
        """
        if self._error is not None:
            raise self._error
        with self._adding:
            self.counts[topic] = self.counts.get(topic, 0) + 1
        self._queue.put((topic, type_name, cdr, stamp))

    def check_type(self, type_name: str) -> None:
        """Refuse messages of a type before they come.

        Raises:
            InputError: its definition is not known.
        """
        with self._writing:
            self._writer.kind(type_name)

    def close(self) -> None:
        """Write what waits, and close the writer.

        Raises:
            UoisSamError: a message could not be written.
        """
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        self._writer.close()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except UoisSamError:
            if error is None:
                raise

    def _write(self) -> None:
        while True:
            try:
                message = self._queue.get(timeout=FLUSH_SECONDS)
            except Empty:
                self._try(None)
                continue
            if message is None:
                return
            self._try(message)

    def _try(self, message: _Message | None) -> None:
        """Write a message or, where there is none, bring all of them to the disk; nothing after an error."""
        if self._error is not None:
            return
        try:
            with self._writing:
                if message is None:
                    self._writer.flush()
                else:
                    self._writer.add(*message)
        except UoisSamError as error:
            self._error = error
