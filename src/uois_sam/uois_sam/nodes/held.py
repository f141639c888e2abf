"""The newest few results, found by their frame's stamp. No middleware here."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from uois_sam.errors import InputError

T = TypeVar("T")


class HeldFrames(Generic[T]):
    """Keeps the items that were added last; used from any thread."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._items: OrderedDict[int, T] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, stamp: int, item: T) -> None:
        """Hold an item as the newest; `stamp` in nanoseconds."""
        with self._lock:
            self._items.pop(stamp, None)
            self._items[stamp] = item
            while len(self._items) > self._keep:
                self._items.popitem(last=False)

    def replace(self, stamp: int, item: T) -> None:
        """Put another item in the place of a held one."""
        with self._lock:
            if stamp in self._items:
                self._items[stamp] = item

    def find(self, stamp: int) -> T:
        """The item of exactly this stamp in nanoseconds; 0 gives the newest.

        Raises:
            InputError: it is not held.
        """
        with self._lock:
            if not self._items:
                raise InputError("no frame has been answered yet; wait for the first")
            if stamp == 0:
                return next(reversed(self._items.values()))
            if stamp not in self._items:
                raise InputError(
                    f"the frame of stamp {stamp / 1e9:.9f} is not held; the newest {len(self._items)} are, "
                    "raise keep_frames for more"
                )
            return self._items[stamp]
