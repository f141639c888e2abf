"""Stamps of messages as nanoseconds: what frames are told apart by."""

from __future__ import annotations

from builtin_interfaces.msg import Time

_SECOND = 1_000_000_000


def stamp_ns(stamp: Time) -> int:
    """Nanoseconds of a builtin_interfaces/Time."""
    return int(stamp.sec) * _SECOND + int(stamp.nanosec)


def to_time(nanoseconds: int) -> Time:
    """The builtin_interfaces/Time of nanoseconds since the epoch."""
    return Time(sec=nanoseconds // _SECOND, nanosec=nanoseconds % _SECOND)
