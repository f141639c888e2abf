"""Pairs two streams of stamped messages by nearest stamp."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import median
from typing import Generic, TypeVar

T = TypeVar("T")

_COLOURS_WAITING = 8
_DEPTHS_KEPT = 32


class Pairer(Generic[T]):
    """Gives each colour message the depth message of the nearest stamp, if that lies within a tolerance.

    Attributes:
        unpaired: colour messages so far that found no depth.
    """

    def __init__(self, tolerance: int) -> None:
        """`tolerance`: largest difference of the stamps, ns."""
        self.tolerance = tolerance
        self.unpaired = 0

    def pairs(self, messages: Iterable[tuple[bool, int, T]]) -> Iterator[tuple[int, T, T]]:
        """Pair a merged stream, in about the order of its stamps.

        Args:
            messages: whether it is depth, stamp in ns, message.

        Yields:
            The colour's stamp, the colour message, the depth message.
        """
        colours: deque[tuple[int, T]] = deque()
        depths: deque[tuple[int, T]] = deque(maxlen=_DEPTHS_KEPT)
        for is_depth, stamp, message in messages:
            (depths if is_depth else colours).append((stamp, message))
            while colours and (len(colours) > _COLOURS_WAITING or (depths and depths[-1][0] >= colours[0][0])):
                yield from self._pair(colours.popleft(), depths)
        while colours:
            yield from self._pair(colours.popleft(), depths)

    def _pair(self, colour: tuple[int, T], depths: deque[tuple[int, T]]) -> Iterator[tuple[int, T, T]]:
        stamp, message = colour
        nearest = min(depths, key=lambda d: abs(d[0] - stamp), default=None)
        if nearest is None or abs(nearest[0] - stamp) > self.tolerance:
            self.unpaired += 1
        else:
            yield stamp, message, nearest[1]


def period(stamps: list[int]) -> int | None:
    """Median distance of successive stamps in ns; None for fewer than two different ones."""
    steps = [b - a for a, b in pairwise(stamps) if b > a]
    return int(median(steps)) if steps else None
