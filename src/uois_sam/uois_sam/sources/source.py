"""The protocol of a frame source, and `open_source`, which finds the right one for what a user gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from uois_sam.closeable import Closeable
from uois_sam.datasets.folder import IMAGE_SUFFIXES
from uois_sam.errors import SourceError
from uois_sam.types import Frame

if TYPE_CHECKING:
    from typing_extensions import Self

VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v")
BAG_SUFFIXES = (".mcap", ".db3", ".bag")

KINDS = ("bundled", "synthetic", "folder:PATH", "video:PATH", "bag:PATH", "device:0")


@runtime_checkable
class FrameSource(Protocol):
    """An iterator of frames that holds a file or a device open: use it in a `with` statement.

    `next(source)` raises `InputError` for a frame that cannot be used (the next call goes on with the frame after
    it), `SourceError` when the source itself has failed, `StopIteration` at its end.

    Attributes:
        rate: frames per second of the recording or device; None where it has no clock.
    """

    rate: float | None

    def describe(self) -> str:
        """One line: what is read, its size and rate, and what was left out and why."""
        ...

    def close(self) -> None:
        """Release the file or device; may be called twice."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def __next__(self) -> Frame: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class OpenSource(Closeable):
    """The part that all sources share: iteration over itself, and closing at the end of a `with` statement."""

    def __iter__(self) -> Self:
        return self


def open_source(spec: str, *, loop: bool = False) -> FrameSource:
    """Open what a user names as the camera.

    Args:
        spec: `bundled` (the recorded table that comes with the package), `synthetic` (rendered live),
            `folder:PATH` (color/, depth/, label/, camera.json), `video:PATH` (colour only), `bag:PATH` (rosbag2
            folder, .mcap, .db3, or a ROS 1 .bag), `device:N` (a V4L2 camera by index or path), or a plain path to
            an image, a folder, a video or a bag, recognised by what it is.
        loop: begin again at the end; stamps then go backwards. Devices and `synthetic` have no end.

    Raises:
        SourceError: there is no such source, or it is empty, unreadable, truncated or has no images.
    """
    kind, separator, rest = spec.partition(":")
    if spec == "bundled":
        from uois_sam.sources.folder import open_bundled

        return open_bundled(loop=loop)
    if spec == "synthetic":
        from uois_sam.sources.synthetic import open_synthetic

        return open_synthetic()
    if kind == "device" and separator:
        from uois_sam.sources.device import DeviceSource

        return DeviceSource(rest)
    if kind in ("folder", "video", "bag") and separator:
        path = _path(rest)
    else:
        path = _path(spec)
        kind = _recognise(path)
    if kind == "image":
        from uois_sam.sources.folder import open_image

        return open_image(path, loop=loop)
    if kind == "folder":
        from uois_sam.sources.folder import open_folder

        return open_folder(path, loop=loop)
    if kind == "video":
        from uois_sam.sources.video import VideoSource

        return VideoSource(path, loop=loop)
    from uois_sam.sources.bag import BagSource

    return BagSource(path, loop=loop)


def _recognise(path: Path) -> str:
    """The kind of source that lies at a path."""
    suffix = path.suffix.lower()
    if path.is_dir():
        is_bag = (path / "metadata.yaml").exists() or any(path.glob("*.mcap")) or any(path.glob("*.db3"))
        return "bag" if is_bag else "folder"
    for kind, suffixes in (("image", IMAGE_SUFFIXES), ("video", VIDEO_SUFFIXES), ("bag", BAG_SUFFIXES)):
        if suffix in suffixes:
            return kind
    raise SourceError(f"{path} is neither an image, a video nor a bag by its name; say video:PATH or bag:PATH")


def _path(text: str) -> Path:
    """The path that a user means, if something is there."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # "~name" of nobody
        path = Path(text)
    if not text or not path.exists():
        raise SourceError(f"there is nothing at {text!r}; give one of {', '.join(KINDS)}, or a path")
    return path
