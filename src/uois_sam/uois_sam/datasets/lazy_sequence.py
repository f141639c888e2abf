"""Frames, or labelled images of any kind, that are read when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

F = TypeVar("F", covariant=True)


class LazySequence(Sequence[F]):
    """A sequence of frames; a subclass gives `__len__` and reads one frame."""

    @abstractmethod
    def _read(self, index: int) -> F:
        """The frame of a place, 0 <= index < len; InputError where a file of it is unusable."""

    @overload
    def __getitem__(self, index: int) -> F: ...

    @overload
    def __getitem__(self, index: slice) -> list[F]: ...

    def __getitem__(self, index: int | slice) -> F | list[F]:
        places = range(len(self))
        if isinstance(index, slice):
            return [self._read(k) for k in places[index]]
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")
        return self._read(places[index])
