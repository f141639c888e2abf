"""A folder of frames as a recording, and a recording as a folder of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError, SourceError
from uois_sam.sources.bag import BagSource
from uois_sam.sources.bag_topics import choose_labels
from uois_sam.sources.folder import SequenceSource
from uois_sam.sources.folder_writer import FolderWriter
from uois_sam.sources.frame_bag import FrameBagWriter, check_recording
from uois_sam.sources.image_codec import decode_labels
from uois_sam.sources.source import BAG_SUFFIXES, FrameSource, open_source
from uois_sam.types import Frame

FIRST_STAMP = 1_700_000_000_000_000_000
"""Nanoseconds, of the first frame of what has no stamps."""
_RATE = 10.0


@dataclass(frozen=True)
class Converted:
    """What was written. source: in one line; labelled: how many of the frames have labels."""

    path: Path
    source: str
    frames: int
    labelled: int
    depth: bool
    camera: bool


def convert(
    source: str, out: Path, *, rate: float | None = None, progress: Callable[[int, int | None], None] | None = None
) -> Converted:
    """Write the frames of a source to an .mcap file, or to a folder where `out` does not end in .mcap.

    Colour, stamps and labels are kept as they are, depth to a millimetre. Of a recording come the topics that
    `BagSource` chooses, and the labels of a topic that is called truth.

    Args:
        source: as `open_source` takes it.
        rate: frames a second of frames without stamps; the video's own where not given, else 10.
        progress: called with (frames done, frames in all or None).

    Raises:
        InputError: a frame cannot be used, or `out` holds frames already.
        SourceError: the source has no end, is not there or cannot be read; or `out` cannot be written.
    """
    if source == "synthetic" or source.startswith("device:"):
        raise SourceError(f"{source} has no end; give a folder, a recording, a video or an image")
    if rate is not None and not (np.isfinite(rate) and rate > 0):
        raise InputError(f"rate is {rate}; give frames a second")
    if out.suffix in BAG_SUFFIXES:
        check_recording(out)
    with open_source(source) as opened:
        frames = _labelled(opened) if isinstance(opened, BagSource) else iter(opened)
        first = next(frames, None)
        if first is None:
            raise SourceError(f"{source} holds no frame")
        _refuse_itself(opened, out)
        labelled = 0
        writer = FrameBagWriter(out) if out.suffix == ".mcap" else FolderWriter(out, out.resolve().name)
        with writer:
            for frame in _stamped(chain([first], frames), rate or opened.rate or _RATE):
                writer.add(frame)
                labelled += frame.label is not None
                if progress is not None:
                    progress(writer.count, _count(opened))
    has_depth, has_camera = first.depth is not None, first.camera is not None
    return Converted(out, opened.describe(), writer.count, labelled, has_depth, has_camera)


def _count(source: FrameSource) -> int | None:
    """Frames in all, where the source knows."""
    if isinstance(source, BagSource):
        return source.choice.colour.count
    return len(source) if isinstance(source, SequenceSource) else None


def _refuse_itself(source: FrameSource, out: Path) -> None:
    if isinstance(source, BagSource) and out.exists() and out.resolve() == source.path.resolve():
        raise InputError(f"{out} is what is read; give another place to write to")


def _stamped(frames: Iterator[Frame], rate: float) -> Iterator[Frame]:
    """The frames with stamps of a constant rate, where the first one has none."""
    stamped = True
    for k, frame in enumerate(frames):
        stamped = frame.stamp is not None if k == 0 else stamped
        yield frame if stamped else replace(frame, stamp=FIRST_STAMP + round(k * 1e9 / rate))


def _labelled(bag: BagSource) -> Iterator[Frame]:
    """The frames of a recording with the true labels of the same stamp."""
    topic = choose_labels(bag.images, bag.choice.colour, None)
    if topic is None:
        yield from bag
        return
    labels = bag.messages_of(topic)
    waiting: dict[int, NDArray[np.uint16]] = {}
    for frame in bag:
        stamp = frame.stamp or 0
        while stamp not in waiting and (not waiting or max(waiting) < stamp):
            following = next(labels, None)
            if following is None:
                break
            waiting[following[0]] = _decode(following[1])
        yield replace(frame, label=waiting.get(stamp))
        waiting = {s: label for s, label in waiting.items() if s > stamp}


def _decode(message: Any) -> NDArray[np.uint16]:
    m = message
    return decode_labels(m.encoding, m.width, m.height, m.step, m.is_bigendian, np.ascontiguousarray(m.data).data)
