"""A part of a data set, for a quick look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from uois_sam.datasets.lazy_sequence import LazySequence
from uois_sam.errors import InputError

F = TypeVar("F")


class EvenlySpaced(LazySequence[F]):
    """Up to `count` frames, evenly spaced from the first to the last, read when they are asked for.

    Attributes:
        indices: of the frames in the whole set, rising.

    Raises:
        InputError: `count` is below 1.
    """

    def __init__(self, frames: Sequence[F], count: int) -> None:
        if count < 1:
            raise InputError(f"{count} frames of {len(frames)}; wanted 1 or more")
        self._frames = frames
        kept = min(count, len(frames))
        self.indices = [round(k * (len(frames) - 1) / max(kept - 1, 1)) for k in range(kept)]

    def __len__(self) -> int:
        return len(self.indices)

    def _read(self, index: int) -> F:
        return self._frames[self.indices[index]]


class Stretch(LazySequence[F]):
    """The frames from `first` to before `last`, read when they are asked for.

    Raises:
        InputError: the set does not have them, or `last` is not beyond `first`.
    """

    def __init__(self, frames: Sequence[F], first: int, last: int) -> None:
        if not 0 <= first < last <= len(frames):
            raise InputError(f"frames {first} to {last} of {len(frames)}; wanted some that are there")
        self._frames, self._first, self._last = frames, first, last

    def __len__(self) -> int:
        return self._last - self._first

    def _read(self, index: int) -> F:
        return self._frames[self._first + index]
