"""How the process treats memory that is freed."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_NEVER = -1
_LARGEST_ALLOWED = 32 * 1024 * 1024


def keep_freed_memory() -> None:
    """Keep freed memory for the next frame instead of handing it back to the system.

    Every frame makes and drops tensors of the same sizes. Those of some megabytes glibc takes from the system each
    time, which clears every page of them first: a quarter of the image encoder's time. The process then stays as
    large as its largest frame made it. Does nothing where the C library is another.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_ALLOWED)
        mallopt(_TRIM_THRESHOLD, _NEVER)
