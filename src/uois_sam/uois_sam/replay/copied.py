"""Messages of a bag that go on to the output as they are, in step with its frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from uois_sam.errors import SourceError
from uois_sam.sources.bag import BagMessage


class CopiedMessages:
    """Holds messages back until their frame has come; damage ends them, for who reads the frames says so too."""

    def __init__(self, messages: Iterator[BagMessage], frame_recorded: Callable[[], int]) -> None:
        """Read the first.

        Args:
            messages: in the order of recording.
            frame_recorded: when the frame that is being worked on was recorded, ns.
        """
        self._messages = messages
        self._frame_recorded = frame_recorded
        self._next = self._read()

    def due(self) -> Iterator[BagMessage]:
        """Those that were recorded up to the frame and were not given before."""
        now = self._frame_recorded()
        while self._next is not None and self._next[2] <= now:
            yield self._next
            self._next = self._read()

    def rest(self) -> Iterator[BagMessage]:
        """All that were not given before."""
        while self._next is not None:
            yield self._next
            self._next = self._read()

    def _read(self) -> BagMessage | None:
        try:
            return next(self._messages, None)
        except SourceError:
            return None
