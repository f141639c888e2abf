"""What the frames of one recording must have in common."""

from __future__ import annotations

from uois_sam.errors import InputError
from uois_sam.types import Camera, Frame


class StreamCheck:
    """Checks that each frame goes on with what the ones before began."""

    def __init__(self) -> None:
        self._kind: tuple[tuple[int, ...], Camera | None, bool] | None = None
        self._stamp = -1

    def next(self, frame: Frame) -> int:
        """The stamp of the next frame, nanoseconds.

        Raises:
            InputError: it has none or not a later one than the frame before, or another image size or camera, or
                depth where the first has none, or none where that has some.
        """
        size, has_depth = frame.image.shape[:2], frame.depth is not None
        kind = self._kind or (size, frame.camera, has_depth)
        name = f"frame {frame.name!r}"
        if frame.stamp is None or frame.stamp < 0:
            raise InputError(f"{name} has the stamp {frame.stamp}; wanted nanoseconds since the epoch")
        if frame.stamp <= self._stamp:
            raise InputError(
                f"{name} has the stamp {frame.stamp}, the one before {self._stamp}; wanted a later one"
            )
        if size != kind[0]:
            first_size = f"{kind[0][1]} x {kind[0][0]}"
            raise InputError(
                f"{name} is {size[1]} x {size[0]}, the first {first_size}; a recording keeps one size"
            )
        if frame.camera != kind[1]:
            raise InputError(f"{name} has other intrinsics than the first; a recording is made with one camera")
        if has_depth != kind[2]:
            first = "has some" if kind[2] else "has none"
            raise InputError(
                f"{name} has {'depth' if has_depth else 'no depth'}, the first {first}; give all or none"
            )
        self._kind, self._stamp = kind, frame.stamp
        return frame.stamp
