"""What a node reports about itself: counts, stage times, silent topics, ongoing faults. No middleware here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

SILENCE = 5.0
"""Seconds without a message after which a topic counts as silent."""


class Level(IntEnum):
    """The levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Report:
    """One line and a table, ready for a DiagnosticStatus."""

    level: Level
    message: str
    values: dict[str, str]


@dataclass
class _Watch:
    topic: str
    since: float


@dataclass
class Health:
    """Counts of one node, filled from any thread.

    A frame that came in ends in exactly one of: answered; dropped (a newer one came first, or its depth never
    did); refused (it cannot be used, with the reason); or it is still being worked on.

    Attributes:
        clock: seconds that only rise.
    """

    clock: Callable[[], float] = time.monotonic
    received: int = 0
    answered: int = 0
    dropped: int = 0
    refused: int = 0
    stamp_resets: int = 0
    last_refusal: str = ""
    _stages: dict[str, float] = field(default_factory=dict)
    _faults: dict[str, tuple[Level, str]] = field(default_factory=dict)
    _watches: dict[str, _Watch] = field(default_factory=dict)
    _last: tuple[float, int, int] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        """Add one to received, answered, dropped or stamp_resets."""
        with self._lock:
            setattr(self, what, getattr(self, what) + 1)

    def refuse(self, reason: str) -> bool:
        """Count a refused frame; True if the reason differs from that of the refusal before."""
        with self._lock:
            self.refused += 1
            fresh = reason != self.last_refusal
            self.last_refusal = reason
            return fresh

    def time_stages(self, milliseconds: Mapping[str, float]) -> None:
        """Remember how long the stages of the last frame took."""
        with self._lock:
            self._stages.update(milliseconds)

    def set_fault(self, key: str, message: str, level: Level = Level.ERROR) -> None:
        """Report a condition until `clear_fault` is called with the same key."""
        with self._lock:
            self._faults[key] = (level, message)

    def clear_fault(self, key: str) -> None:
        """The condition is over; nothing happens if there was none."""
        with self._lock:
            self._faults.pop(key, None)

    def watch(self, what: str, topic: str) -> None:
        """Expect messages on a topic from now on; `what` is what a person calls them, e.g. "image"."""
        with self._lock:
            self._watches[what] = _Watch(topic, self.clock())

    def arrived(self, what: str) -> None:
        """A message came on a watched topic."""
        with self._lock:
            if what in self._watches:
                self._watches[what].since = self.clock()

    def unwatch(self) -> None:
        """Expect nothing any more."""
        with self._lock:
            self._watches.clear()

    def report(self) -> Report:
        """Where the node stands, and how many frames a second it answered since the last call."""
        with self._lock:
            now = self.clock()
            complaints = list(self._faults.values())
            for what, watch in self._watches.items():
                if now - watch.since >= SILENCE:
                    text = f"No {what} on {watch.topic} for {now - watch.since:.0f} s"
                    complaints.append((Level.WARN, text))
            before, answered, refused = self._last or (now, self.answered, 0)
            self._last = (now, self.answered, self.refused)
            if self.refused > refused:
                complaints.append((Level.WARN, f"{self.refused - refused} refused: {self.last_refusal}"))
            rate = (self.answered - answered) / (now - before) if now > before else 0.0
            values = {
                "frames received": str(self.received),
                "frames answered": str(self.answered),
                "frames dropped": str(self.dropped),
                "frames refused": str(self.refused),
                "last refusal": self.last_refusal,
                "stamps went backwards": str(self.stamp_resets),
                "answered per second": f"{rate:.2f}",
            }
            values |= {f"{name} ms": f"{ms:.1f}" for name, ms in self._stages.items()}
        level = max((level for level, _ in complaints), default=Level.OK)
        message = "; ".join(text for _, text in complaints) or f"{rate:.1f} frames/s answered"
        return Report(level, message, values)
