"""Pairs the messages of several topics by stamp: message_filters where it imports, else a small stand-in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from uois_sam.nodes.stamps import stamp_ns

try:
    from message_filters import ApproximateTimeSynchronizer, SimpleFilter
except ImportError:

    class SimpleFilter:  # type: ignore[no-redef]
        """A source of messages, with the interface of `message_filters.SimpleFilter`."""

        def __init__(self) -> None:
            self._callbacks: list[Callable[..., None]] = []

        def registerCallback(self, callback: Callable[..., None]) -> None:  # noqa: N802
            """Call `callback` with each message."""
            self._callbacks.append(callback)

        def signalMessage(self, *messages: Any) -> None:  # noqa: N802
            """Hand a message to all callbacks."""
            for callback in self._callbacks:
                callback(*messages)

    class ApproximateTimeSynchronizer(SimpleFilter):  # type: ignore[no-redef]
        """Matches by nearest stamp, with the interface of `message_filters.ApproximateTimeSynchronizer`."""

        def __init__(self, fs: Sequence[SimpleFilter], queue_size: int, slop: float) -> None:
            """`fs`: one filter per stream; `queue_size`: messages kept of each; `slop`: seconds."""
            super().__init__()
            self._queues: list[dict[int, Any]] = [{} for _ in fs]
            self._queue_size = queue_size
            self._slop = round(slop * 1e9)
            for index, stream in enumerate(fs):
                stream.registerCallback(lambda message, index=index: self._add(index, message))

        def _add(self, index: int, message: Any) -> None:
            stamp = stamp_ns(message.header.stamp)
            queue = self._queues[index]
            queue[stamp] = message
            while len(queue) > self._queue_size:
                del queue[min(queue)]
            if not all(self._queues):
                return
            nearest = [min(other, key=lambda s: abs(s - stamp)) for other in self._queues]
            nearest[index] = stamp
            if max(nearest) - min(nearest) > self._slop:
                return
            matched = [other[s] for other, s in zip(self._queues, nearest, strict=True)]
            for other, newest in zip(self._queues, nearest, strict=True):
                for old in [s for s in other if s <= newest]:
                    del other[old]
            self.signalMessage(*matched)


class FramePairing:
    """Makes sets of one message per stream, all within `slop` of each other, newest last.

    Streams may be added or left out while running. When the stamps of a stream go backwards (a recording that
    starts again, a clock that was set), what waits is forgotten and pairing begins anew.
    """

    def __init__(
        self,
        paired: Callable[[dict[str, Any]], None],
        jumped_back: Callable[[str, float], None],
        slop: float,
        queue_size: int = 10,
    ) -> None:
        """Make a pairing without streams.

        Args:
            paired: called with each set, by the name of the stream.
            jumped_back: called with the name of a stream and the seconds that its stamps went back.
            slop: largest difference of the stamps of a set, seconds.
            queue_size: messages kept of each stream.
        """
        self._paired = paired
        self._jumped_back = jumped_back
        self._slop = slop
        self._queue_size = queue_size
        self.streams: tuple[str, ...] = ()
        self._filters: dict[str, Any] = {}
        self._last: dict[str, int] = {}

    def use(self, streams: Sequence[str]) -> None:
        """Pair these streams from now on; nothing is forgotten if they are the same as before."""
        if tuple(streams) != self.streams:
            self.streams = tuple(streams)
            self._restart()

    def add(self, stream: str, message: Any) -> None:
        """Take one message with a header; one of a stream that is not in use is ignored."""
        if stream not in self._filters:
            return
        stamp = stamp_ns(message.header.stamp)
        if stamp < self._last.get(stream, stamp):
            self._jumped_back(stream, (self._last[stream] - stamp) / 1e9)
            self._restart()
        self._last[stream] = stamp
        self._filters[stream].signalMessage(message)

    def _restart(self) -> None:
        self._last = {}
        self._filters = {name: SimpleFilter() for name in self.streams}
        filters = list(self._filters.values())
        if len(filters) == 1:
            filters[0].registerCallback(self._signal)
        elif filters:
            ApproximateTimeSynchronizer(filters, self._queue_size, self._slop).registerCallback(self._signal)

    def _signal(self, *messages: Any) -> None:
        self._paired(dict(zip(self.streams, messages, strict=True)))
