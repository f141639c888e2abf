"""Puts the messages of one frame together by stamp; works on serialized messages, without the middleware."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

_CDR_STAMP = struct.Struct("<iI")
_SECOND = 1_000_000_000


@dataclass
class Answer:
    """One frame and what was answered to it.

    Attributes:
        stamp: of all its messages, ns.
        messages: serialized, by topic key.
        arrived: when each came, ns since the epoch.
    """

    stamp: int
    messages: dict[str, bytes] = field(default_factory=dict)
    arrived: dict[str, int] = field(default_factory=dict)

    def latency_ms(self, name: str) -> float | None:
        """From the frame's stamp to the arrival of one of its messages."""
        return (self.arrived[name] - self.stamp) / 1e6 if name in self.arrived else None


class AnswerCollector:
    """Hands over each answered frame once, in the order of stamps.

    Attributes:
        sent: images that came.
        unanswered: images that were passed over for newer ones.
        unmatched: answers whose stamp no image had.
    """

    def __init__(self, wanted: frozenset[str], answered: Callable[[Answer], None]) -> None:
        """Begin.

        Args:
            wanted: topic keys that make an answer complete, "image" and "instances" among them. A frame that lacks
                some when a later one is complete is handed over without them.
            answered: takes each answered frame.
        """
        self._wanted = wanted
        self._answered = answered
        self._pending: dict[int, Answer] = {}
        self._last = -1
        self.sent = self.unanswered = self.unmatched = 0

    def add(self, name: str, message: bytes, arrival: int) -> None:
        """Take a message of a topic whose messages begin with a std_msgs/Header."""
        stamp = header_stamp(message)
        if stamp <= self._last:
            return
        answer = self._pending.setdefault(stamp, Answer(stamp))
        answer.messages[name] = message
        answer.arrived[name] = arrival
        if name == "image":
            self.sent += 1
        if self._wanted <= answer.messages.keys():
            self._hand_over(stamp)

    def flush(self) -> None:
        """Nothing more will come."""
        if self._pending:
            self._hand_over(max(self._pending))

    def _hand_over(self, newest: int) -> None:
        for stamp in sorted(s for s in self._pending if s <= newest):
            answer = self._pending.pop(stamp)
            if "image" not in answer.messages:
                self.unmatched += "instances" in answer.messages
            elif "instances" not in answer.messages:
                self.unanswered += 1
            else:
                self._answered(answer)
        self._last = newest


def header_stamp(cdr: bytes) -> int:
    """Nanoseconds of the header that a little-endian serialized message begins with."""
    seconds, nanoseconds = _CDR_STAMP.unpack_from(cdr, 4)
    return int(seconds) * _SECOND + int(nanoseconds)
