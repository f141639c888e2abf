"""What happens in a synthetic sequence, and when."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from uois_sam.errors import InputError

Rng = np.random.Generator
SECONDS = {"push": 1.2, "carry": 2.7, "remove": 1.0, "add": 1.0, "turn": 1.8}
"""How long an event of each kind takes."""
_AT_ONCE = 3  # objects that move on purpose at one time
_ATTEMPTS = 2000
_MARGIN = 1  # frames at both ends in which nothing happens


@dataclass(frozen=True)
class EventCounts:
    """How often each thing happens in a sequence; see `SequenceEvent` for what they are.

    Raises:
        InputError: a number is negative.
    """

    push: int = 2
    carry: int = 2
    remove: int = 1
    add: int = 1
    turn: int = 1

    def __post_init__(self) -> None:
        for kind, count in asdict(self).items():
            if count < 0:
                raise InputError(f"number of events {kind!r} is {count}; give 0 or more")

    @classmethod
    def parse(cls, text: str) -> EventCounts:
        """Counts from "push=2,carry=1"; what is not named does not happen, and "" is a table at rest.

        Raises:
            InputError: the text is not of that form.
        """
        counts = dict.fromkeys(SECONDS, 0)
        for item in filter(None, text.split(",")):
            kind, _, number = item.partition("=")
            if kind not in counts or not number.isdecimal():
                raise InputError(f"event {item!r} is none; give KIND=NUMBER of {', '.join(counts)}")
            counts[kind] = int(number)
        return cls(**counts)


@dataclass(frozen=True)
class Slot:
    """A time for an event: frames `first` to `last`, both included."""

    kind: str
    first: int
    last: int

    def meets(self, other: Slot) -> bool:
        """Whether the two share a frame."""
        return self.first <= other.last and other.first <= self.last

    def middle(self) -> Slot:
        """The third in which a carried object is before the other one, or the camera looks away."""
        third = (self.last - self.first) // 3
        return Slot(self.kind, self.first + third, self.last - third)


def draw_slots(rng: Rng, counts: EventCounts, frames: int, frame_rate: float) -> list[Slot]:
    """Times for all events, in order of their first frame.

    At most three objects move on purpose at one time, one of them before another one, and the camera does not look
    away from that.

    Raises:
        InputError: there is no room for the events in that many frames.
    """
    kinds = [kind for kind, count in asdict(counts).items() for _ in range(count)]
    lengths = [max(3, round(SECONDS[kind] * frame_rate)) for kind in kinds]
    last_starts = [frames - _MARGIN - length for length in lengths]
    if not last_starts or min(last_starts) >= _MARGIN:
        for _ in range(_ATTEMPTS):
            starts = [int(rng.integers(_MARGIN, last + 1)) for last in last_starts]
            slots = [Slot(k, s, s + n - 1) for k, s, n in zip(kinds, starts, lengths, strict=True)]
            if _compatible(slots):
                return sorted(slots, key=lambda slot: slot.first)
    wanted = ", ".join(f"{kind}={count}" for kind, count in asdict(counts).items() if count)
    raise InputError(
        f"{frames} frames at {frame_rate:g} a second are too few for the events {wanted}; give more frames or "
        "fewer events"
    )


def _compatible(slots: list[Slot]) -> bool:
    moves = [slot for slot in slots if slot.kind != "turn"]
    if any(sum(slot.meets(Slot("", k.first, k.first)) for slot in moves) > _AT_ONCE for k in moves):
        return False
    turns = [slot for slot in slots if slot.kind == "turn"]
    carries = [slot.middle() for slot in moves if slot.kind == "carry"]
    away = [*turns, *carries]  # one of these at a time
    return not any(a.meets(b) for k, a in enumerate(away) for b in away[k + 1 :])
