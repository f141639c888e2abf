"""An .mcap file that is a whole recording after every commit, whatever happens to who writes it."""

from __future__ import annotations

import os
import struct
from pathlib import Path

_MAGIC = b"\x89MCAP0\r\n"
_DATA_END = struct.pack("<BQI", 0x0F, 4, 0)
_FOOTER = struct.pack("<BQQQI", 0x02, 20, 0, 0, 0)
TAIL = _DATA_END + _FOOTER + _MAGIC
"""End of a recording without a summary: readers scan it (MCAP specification, "Data End" and "Footer")."""


class GrowingMcap:
    """Takes the bytes of an .mcap writer; `commit` makes all that came part of the file, and ends it with `TAIL`.

    The next commit writes over that tail. A commit that fails, on a full disk for one, leaves the file as it was
    after the one before: that takes no room which the file did not have. Only a process that is killed in the very
    middle of a commit's write leaves a file that is cut off.

    Attributes:
        finished: whether it was closed with an end of the writer's own.
    """

    def __init__(self, path: Path) -> None:
        """Go on with a file that has its beginning and no end yet."""
        self._file = os.open(path, os.O_WRONLY)
        self._end = os.fstat(self._file).st_size
        self._pending = bytearray()
        self.finished = False

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take bytes that go to the file with the next commit."""
        self._pending += data
        return len(data)

    def tell(self) -> int:
        """Where the next bytes will stand."""
        return self._end + len(self._pending)

    def commit(self) -> None:
        """Write what came since the last time.

        Raises:
            OSError: it cannot be written; it is forgotten, and the file is as it was before.
        """
        size = len(self._pending)
        self._pending += TAIL
        self._put()
        self._end += size

    def drop(self) -> None:
        """Forget what came since the last commit."""
        self._pending.clear()

    def close(self) -> None:
        """Write what came since the last commit, which has an end of its own; may be called twice.

        Raises:
            OSError: as `commit`.
        """
        if self._file < 0:
            return
        try:
            if self._pending:
                self._put()
                self.finished = True
        finally:
            os.close(self._file)
            self._file = -1

    def _put(self) -> None:
        try:
            self._write(self._pending)
        except OSError:
            self._write(TAIL)
            os.ftruncate(self._file, self._end + len(TAIL))
            raise
        finally:
            self._pending = bytearray()

    def _write(self, data: bytes | bytearray) -> None:
        view, at = memoryview(data), self._end
        while view:
            written = os.pwrite(self._file, view, at)
            view, at = view[written:], at + written
