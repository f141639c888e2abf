"""Frames that go out to running nodes, and the answers that come back, put together by stamp."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from uois_sam.errors import InputError
from uois_sam.replay.run import FrameRecord

Pace = float | Literal["recorded", "answers"]
"""Frames per second; or as the stamps say; or each as soon as the one before is answered."""

TRIES = 3
"""How often a frame goes out that stays without answer, where each answer is waited for."""

_FIRST_PATIENCE = 20.0
_LEAST_PATIENCE = 5.0
_SLOWER = 4  # than the slowest so far
_FIRST_GAP = 0.1
_HIGHEST_RATE = 1000.0


def read_pace(text: str) -> Pace:
    """The pace that a user means.

    Raises:
        InputError: it is none.
    """
    if text in ("recorded", "answers"):
        return text  # type: ignore[return-value]
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= _HIGHEST_RATE:
        raise InputError(
            f"rate {text!r} is not known; give frames per second (to {_HIGHEST_RATE:g}), recorded or answers"
        )
    return rate


class Timetable:
    """When each frame is due at a rate, or by the distances of the stamps.

    A frame that is late does not make those after it late, but for more than one distance nothing is caught up.
    """

    def __init__(self, rate: float | None) -> None:
        """`rate`: frames per second; None goes by the stamps."""
        self._rate = rate
        self._gap = _FIRST_GAP if rate is None else 1 / rate
        self._stamp: int | None = None
        self._due = 0.0

    def due(self, stamp: int, before: float) -> float:
        """When a frame is due, in seconds.

        Args:
            stamp: ns; where it does not lie after the last, the distance before that is taken again.
            before: when the frame before really went out; the time now for the first one.
        """
        if self._stamp is None:
            self._due = before
        else:
            if self._rate is None and stamp > self._stamp:
                self._gap = (stamp - self._stamp) / 1e9
            self._due = max(self._due, before - self._gap) + self._gap
        self._stamp = stamp
        return self._due


@dataclass
class _Sent:
    """A frame on its way; times in seconds."""

    stamp: int
    at: float
    refusals: Mapping[str, int]
    came: dict[str, float] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)
    ids: Sequence[int] = ()
    scores: Sequence[float] = ()
    parts: int | None = None


class OnlineLog:
    """Keeps which frames went out and what came back; may be used from any thread.

    Times are seconds on one clock that only rises.

    Attributes:
        sent: frames that went out.
        answered: those that have their instances.
        unmatched: answers with the stamp of no frame.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        """`wanted`: names of the results that make an answer complete, "instances" among them."""
        self._wanted = frozenset(wanted)
        self._frames: dict[int, _Sent] = {}
        self._refusals: Mapping[str, int] = {}
        self._latest: _Sent | None = None  # given
        self._newest: _Sent | None = None  # answered
        self._longest: float | None = None
        self._last = self._waiting_since = 0.0
        self._changed = threading.Condition()
        self.sent = self.answered = self.unmatched = 0

    def free_stamp(self, stamp: int) -> int:
        """The stamp, or the next one that no frame has: two frames with one stamp cannot be told apart."""
        while stamp in self._frames:
            stamp += 1
        return stamp

    def given(self, stamp: int, at: float) -> None:
        """A frame goes out; one that did so before goes out again."""
        with self._changed:
            if stamp not in self._frames:
                if self._latest is None:
                    self._waiting_since = at
                self._latest = self._frames[stamp] = _Sent(stamp, at, dict(self._refusals))
                self._last = max(self._last, at)
                self.sent += 1

    def heard(self, name: str, stamp: int, at: float) -> bool:
        """A result came; False if it is not the first of its name for a frame that went out."""
        with self._changed:
            frame = self._frames.get(stamp)
            if frame is None:
                self.unmatched += name == "instances"
                return False
            if name in frame.came:
                return False
            frame.came[name] = at
            self._last = max(self._last, at)
            if name == "instances":
                self._newest = frame
                self._waiting_since = at
                self.answered += 1
            if self._wanted <= frame.came.keys():
                self._longest = max(self._longest or 0.0, at - frame.at)
            self._changed.notify_all()
            return True

    def found(self, stamp: int, ids: Sequence[int], scores: Sequence[float]) -> None:
        """The instances of a frame that was answered."""
        frame = self._frames[stamp]
        frame.ids, frame.scores = ids, scores

    def found_parts(self, stamp: int, count: int) -> None:
        """How many parts a frame's things have."""
        self._frames[stamp].parts = count

    def timed(self, stages: Mapping[str, float]) -> None:
        """Seconds of stages that a node has just reported: those of the frame that was answered last."""
        with self._changed:
            if self._newest is not None:
                self._newest.stages = {**stages, **self._newest.stages}

    def refused(self, counts: Mapping[str, int]) -> None:
        """How many frames each node has refused so far."""
        with self._changed:
            self._refusals = dict(counts)
            self._changed.notify_all()

    @property
    def patience(self) -> float:
        """Seconds after which a frame may have been lost."""
        if self._longest is None:
            return _FIRST_PATIENCE
        return max(_LEAST_PATIENCE, _SLOWER * self._longest)

    def wait_settled(self, stamp: int, timeout: float, stopping: threading.Event) -> bool:
        """Whether a frame's answer is complete, or was refused, within a time; True at once when stopping."""

        def over() -> bool:
            return stopping.is_set() or self._settled(self._frames[stamp])

        with self._changed:
            return self._changed.wait_for(over, timeout)

    def wake(self) -> None:
        """Let those who wait look again."""
        with self._changed:
            self._changed.notify_all()

    def quiet(self, now: float) -> bool:
        """Whether nothing more is to come: the newest frame is settled, or all has been silent for too long."""
        with self._changed:
            latest = self._latest
            return latest is None or self._settled(latest) or now - self._last > TRIES * self.patience

    def silence(self, now: float) -> float:
        """Seconds since the last answer, or since the first frame where there is none; 0 before that."""
        return 0.0 if self._latest is None else now - self._waiting_since

    @property
    def last_given(self) -> float | None:
        """When the newest frame went out."""
        return None if self._latest is None else self._latest.at

    def records(self) -> tuple[list[FrameRecord], float]:
        """All frames in the order in which they went out, and the seconds from the first to the last answer."""
        with self._changed:
            sent = sorted(self._frames.values(), key=lambda frame: frame.at)
            if not sent:
                return [], 0.0
            begin = sent[0].at
            records = [_record(frame, begin) for frame in sent]
        return records, max((record.answered or 0.0 for record in records), default=0.0)

    def _settled(self, frame: _Sent) -> bool:
        if self._wanted <= frame.came.keys():
            return True
        more = {node for node, count in self._refusals.items() if count > frame.refusals.get(node, 0)}
        return "segmentation" in more or ("instances" in frame.came and bool(more))


def _record(frame: _Sent, begin: float) -> FrameRecord:
    answered = frame.came.get("instances")
    return FrameRecord(
        frame.stamp,
        frame.at - begin,
        None if answered is None else answered - begin,
        frame.stages,
        frame.ids,
        frame.scores,
        frame.parts,
    )
