"""Which topics of a recording are the colour image, the depth registered to it, and their camera info."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uois_sam.errors import SourceError
from uois_sam.types import Camera

_NEVER = {"label", "labels", "mask", "masks", "confidence", "disparity"}
_LAST = {"depth", "overlay", "visualization", "infra", "infra1", "infra2", "ir", "fisheye1", "fisheye2", "debug"}
_COLOUR = {"color", "colour", "rgb"}
_REGISTERED = {"aligned", "registered"}


@dataclass(frozen=True)
class InfoTopic:
    """A CameraInfo topic: its first message that could be used."""

    topic: str
    camera: Camera
    frame_id: str


@dataclass(frozen=True)
class ImageTopic:
    """An Image or CompressedImage topic, as its first message shows it.

    Attributes:
        topic: its name.
        connections: the reader's handles of it.
        compressed: whether it holds CompressedImage messages.
        encoding: of Image, or the encoding part of a CompressedImage's format.
        is_depth: whether it holds depth.
        width, height: px.
        frame_id: of the header.
        count: number of messages.
        info: the CameraInfo topic that belongs to it, or None.
        problem: why its images cannot be decoded; empty where they can.
    """

    topic: str
    connections: list[Any]
    compressed: bool
    encoding: str
    is_depth: bool
    width: int
    height: int
    frame_id: str
    count: int
    info: InfoTopic | None = None
    problem: str = ""


@dataclass(frozen=True)
class TopicChoice:
    """The chosen topics, and one line for each topic of depth that was left out."""

    colour: ImageTopic
    depth: ImageTopic | None
    left_out: tuple[str, ...] = ()

    def describe(self) -> str:
        """One line that names the topics."""
        c = self.colour
        parts = [f"colour {c.topic} ({c.encoding} {c.width} x {c.height}, {c.count} messages)"]
        parts.append(f"depth {self.depth.topic} ({self.depth.encoding})" if self.depth else "no depth")
        parts.append(f"intrinsics {c.info.topic}" if c.info else "no intrinsics")
        return "; ".join([", ".join(parts), *self.left_out])


def words(topic: str) -> set[str]:
    """The words of a topic's name."""
    return set(re.split(r"[^a-z0-9]+", topic.lower())) - {""}


def holds_depth(topic: str, encoding: str, image_format: str = "") -> bool:
    """Whether a topic of this name and encoding holds depth."""
    if "compressedDepth" in image_format or encoding == "32FC1":
        return True
    if encoding == "mono16":
        return "depth" in words(topic)
    return encoding == "16UC1"


def choose_topics(images: Sequence[ImageTopic]) -> TopicChoice:
    """The best colour topic by name, encoding and number of messages, and the best depth that is registered to it.

    Raises:
        SourceError: no topic holds a colour or grey image that can be decoded.
    """
    usable = [t for t in images if not words(t.topic) & _NEVER]
    colours = [t for t in usable if not t.is_depth and not t.problem]
    if not colours:
        given = ", ".join(f"{t.topic} ({t.problem or t.encoding})" for t in images) or "no image topic at all"
        raise SourceError(f"no topic holds a colour image that can be decoded; the recording has {given}")
    colour = max(colours, key=_colour_rank)
    left_out = []
    for depth in sorted((t for t in usable if t.is_depth), key=_depth_rank, reverse=True):
        reason = depth.problem or why_not_registered(colour, depth)
        if not reason:
            return TopicChoice(colour, depth)
        left_out.append(f"depth {depth.topic} left out: {reason}")
    return TopicChoice(colour, None, tuple(left_out))


def why_not_registered(colour: ImageTopic, depth: ImageTopic) -> str | None:
    """The reason why a depth image's pixels are not the colour image's, None where there is none."""
    if (colour.width, colour.height) != (depth.width, depth.height):
        return (
            f"not registered to colour, it is {depth.width} x {depth.height} px, "
            f"not {colour.width} x {colour.height}"
        )
    named_registered = bool(words(depth.topic) & _REGISTERED)
    if colour.frame_id and depth.frame_id and colour.frame_id != depth.frame_id and not named_registered:
        return f"not registered to colour, its frame is {depth.frame_id}, not {colour.frame_id}"
    if colour.info is not None and depth.info is not None:
        k, own = colour.info.camera.matrix, depth.info.camera.matrix
        if not np.allclose(k, own, rtol=1e-3):
            given = f"fx {own[0, 0]:.1f}, cx {own[0, 2]:.1f}, not {k[0, 0]:.1f}, {k[0, 2]:.1f}"
            return f"not registered to colour, its camera info has {given}"
    return None


def match_info(topic: str, width: int, height: int, frame_id: str, infos: Sequence[InfoTopic]) -> InfoTopic | None:
    """The CameraInfo that shares most of an image topic's path and fits its size and frame.

    A single CameraInfo serves an image of a wholly other name; among several, at least the first name must agree.
    """
    fitting = [
        i
        for i in infos
        if (i.camera.width, i.camera.height) == (width, height)
        and (not i.frame_id or not frame_id or i.frame_id == frame_id)
    ]
    if not fitting:
        return None
    best = max(fitting, key=lambda i: (_shared_path(topic, i.topic), -len(i.topic)))
    return best if len(infos) == 1 or _shared_path(topic, best.topic) else None


def _shared_path(a: str, b: str) -> int:
    shared = 0
    for x, y in zip(a.strip("/").split("/"), b.strip("/").split("/"), strict=False):
        if x != y:
            break
        shared += 1
    return shared


def _colour_rank(t: ImageTopic) -> tuple[bool, bool, bool, bool, int, str]:
    named = words(t.topic)
    called_colour = bool(named & _COLOUR)
    grey = t.encoding.startswith(("mono", "8UC1", "16UC1"))
    return called_colour or not named & _LAST, not grey, called_colour, not t.compressed, t.count, t.topic


def _depth_rank(t: ImageTopic) -> tuple[bool, bool, bool, int, str]:
    named = words(t.topic)
    return bool(named & _REGISTERED), "depth" in named, not t.compressed, t.count, t.topic
