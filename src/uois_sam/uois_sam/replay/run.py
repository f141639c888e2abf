"""What one replay of one bag measured, in whichever way it was replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["offline", "online"]


@dataclass(frozen=True)
class FrameRecord:
    """One frame that went in.

    Attributes:
        stamp: of the colour image, nanoseconds, as the bag has it.
        given: when the frame was given to the pipeline or published, seconds since the replay began.
        answered: when its instances were there, on the same clock; None where the frame was dropped.
        stages: seconds of each stage by name, in order; empty where the frame was dropped or nobody measured.
        ids: of its instances, in the order of the label image.
        scores: one for each of `ids`.
        parts: how many were found; None where nobody looked for them.
    """

    stamp: int
    given: float
    answered: float | None
    stages: Mapping[str, float] = field(default_factory=dict)
    ids: Sequence[int] = ()
    scores: Sequence[float] = ()
    parts: int | None = None

    @property
    def latency(self) -> float | None:
        """Seconds from given to answered; None where the frame was dropped."""
        return None if self.answered is None else self.answered - self.given


@dataclass(frozen=True)
class LoadSample:
    """What the processes of the stack took at one moment.

    Attributes:
        at: seconds since the replay began.
        memory: resident MB of all of them together.
        cpu: percent of one core.
    """

    at: float
    memory: float
    cpu: float


@dataclass(frozen=True)
class ReplayRun:
    """A whole replay. Label images are not here but in the output bag.

    Attributes:
        bag: name of the input, without its folder.
        topics: the line that says which topics were read.
        mode: the way of the replay.
        model: what the segmenter calls itself.
        seconds: wall clock from the first frame given to the last answered.
        frames: all that went in, in order of stamps.
        load: in order of time.
        refused: why, for each frame of the bag that could not be used and never went in.
        ended: why it ended before the bag's end: a damaged bag, a dead stack, a full disk; empty if it did not.
    """

    bag: str
    topics: str
    mode: Mode
    model: str
    seconds: float
    frames: Sequence[FrameRecord]
    load: Sequence[LoadSample] = ()
    refused: Sequence[str] = ()
    ended: str = ""

    @property
    def rate(self) -> float:
        """Answered frames per second; 0 where nothing was answered."""
        return self.answered / self.seconds if self.seconds > 0 else 0.0

    @property
    def answered(self) -> int:
        """How many frames got an answer."""
        return sum(frame.answered is not None for frame in self.frames)

    @property
    def dropped(self) -> int:
        """How many got none."""
        return len(self.frames) - self.answered
