"""Which topics of a recording are the colour image, the depth registered to it, and their camera info."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import SourceError
from uois_sam.sources.registration import Registration
from uois_sam.types import Camera

FindPose = Callable[["ImageTopic", "ImageTopic"], "tuple[NDArray[np.float64], str] | None"]
"""The (4, 4) pose from a depth topic's camera to a colour topic's, and where it comes from; None if not known."""

_NEVER = {"label", "labels", "mask", "masks", "confidence", "disparity"}
_TRUTH = {"truth", "groundtruth"}
LABEL_ENCODINGS = ("16UC1", "mono16", "8UC1", "mono8")
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
    """The chosen topics.

    Attributes:
        colour: the images.
        depth: depth that is registered to them, or that `registration` registers; or None.
        left_out: one line for each topic of depth that was left out.
        registration: how depth gets into the colour image; None where it is there already.
        depth_named: whether the user named the depth topic.
    """

    colour: ImageTopic
    depth: ImageTopic | None
    left_out: tuple[str, ...] = ()
    registration: Registration | None = None
    depth_named: bool = False

    def describe(self) -> str:
        """One line that names the topics."""
        c = self.colour
        parts = [f"colour {c.topic} ({c.encoding} {c.width} x {c.height}, {c.count} messages)"]
        parts.append(f"depth {self.depth.topic} ({self.depth.encoding})" if self.depth else "no depth")
        if self.registration is not None:
            parts[-1] += f" registered to colour by both camera infos and {self.registration.origin}"
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


@dataclass(frozen=True)
class NamedTopics:
    """Topics that a user names in place of those that would be found; None finds them."""

    color: str | None = None
    depth: str | None = None
    info: str | None = None


def choose_topics(
    images: Sequence[ImageTopic],
    infos: Sequence[InfoTopic] = (),
    named: NamedTopics | None = None,
    find_pose: FindPose = lambda depth, colour: None,
) -> TopicChoice:
    """The colour topic, and the depth that is registered to it or can be.

    What is not named is chosen by name, encoding and number of messages. Depth that is registered to colour goes
    before depth that has to be registered, which wants both camera infos and the pose between the cameras.

    Args:
        images, infos: of the recording.
        named: topics that the user names.
        find_pose: looks the pose up.

    Raises:
        SourceError: no topic holds a colour or grey image that can be decoded, or a named topic is not there or of
            no use.
    """
    named = named or NamedTopics()
    colour = _choose_colour(images, named.color)
    if named.info is not None:
        colour = replace(colour, info=_named_info(colour, infos, named.info))
    if named.depth is not None:
        depth = _named(images, named.depth, "depth")
        reason, registration = _register(colour, depth, find_pose)
        if reason:
            raise SourceError(f"depth {depth.topic} cannot be used: {reason}")
        return TopicChoice(colour, depth, registration=registration, depth_named=True)
    left_out, registrable = [], []
    usable = [t for t in images if t.is_depth and t.topic != colour.topic and not words(t.topic) & _NEVER]
    for depth in sorted(usable, key=_depth_rank, reverse=True):
        reason, registration = _register(colour, depth, find_pose)
        if not reason and registration is None:
            return TopicChoice(colour, depth)
        if registration is not None:
            registrable.append((depth, registration))
        else:
            left_out.append(f"depth {depth.topic} left out: {reason}")
    if registrable:
        depth, registration = registrable[0]
        return TopicChoice(colour, depth, tuple(left_out), registration)
    return TopicChoice(colour, None, tuple(left_out))


def choose_labels(images: Sequence[ImageTopic], colour: ImageTopic, named: str | None) -> str | None:
    """The topic of the true labels: the named one, else one that is called truth; None where there is none.

    Label images that are not called truth are not taken: they may be what a stack answered.

    Raises:
        SourceError: the named topic is not there, or its images are not labels of the colour image's size.
    """
    if named is not None:
        topic = _named(images, named, "image")
        reason = _why_no_labels(topic, colour)
        if reason:
            raise SourceError(f"labels {named} cannot be used: {reason}")
        return named
    called = [t for t in images if words(t.topic) & _TRUTH and not _why_no_labels(t, colour)]
    best = max(called, key=lambda t: (bool(words(t.topic) & _NEVER), t.count, t.topic), default=None)
    return None if best is None else best.topic


def _why_no_labels(topic: ImageTopic, colour: ImageTopic) -> str:
    if topic.compressed or topic.encoding not in LABEL_ENCODINGS:
        return f"its images are {topic.encoding!r}; wanted {', '.join(LABEL_ENCODINGS)}"
    if (topic.width, topic.height) != (colour.width, colour.height):
        return f"they are {topic.width} x {topic.height} px, colour is {colour.width} x {colour.height}"
    return ""


def _choose_colour(images: Sequence[ImageTopic], named: str | None) -> ImageTopic:
    if named is not None:
        colour = _named(images, named, "image")
        if colour.problem or colour.is_depth:
            reason = colour.problem or f"it holds depth ({colour.encoding})"
            raise SourceError(f"{named} cannot be used as the colour image: {reason}")
        return colour
    colours = [t for t in images if not words(t.topic) & _NEVER and not t.is_depth and not t.problem]
    if not colours:
        given = ", ".join(f"{t.topic} ({t.problem or t.encoding})" for t in images)
        raise SourceError(f"no topic holds a colour image that can be decoded; the recording has {given}")
    return max(colours, key=_colour_rank)


def _named(images: Sequence[ImageTopic], name: str, what: str) -> ImageTopic:
    found = next((t for t in images if t.topic == name), None)
    if found is None or (what == "depth" and not found.is_depth):
        fitting = [f"{t.topic} ({t.encoding})" for t in images if what != "depth" or t.is_depth]
        raise SourceError(f"no {what} topic {name}; the recording has {', '.join(fitting) or 'none'}")
    return found


def _named_info(colour: ImageTopic, infos: Sequence[InfoTopic], name: str) -> InfoTopic:
    found = next((i for i in infos if i.topic == name), None)
    if found is None:
        given = ", ".join(i.topic for i in infos) or "none that can be used"
        raise SourceError(f"no camera info topic {name}; the recording has {given}")
    camera = found.camera
    if (camera.width, camera.height) != (colour.width, colour.height):
        raise SourceError(
            f"camera info {name} is for {camera.width} x {camera.height} px, "
            f"{colour.topic} is {colour.width} x {colour.height}"
        )
    return found


def _register(colour: ImageTopic, depth: ImageTopic, find_pose: FindPose) -> tuple[str, Registration | None]:
    """Why depth cannot be used, empty where it can; and how it is registered, None where it is already."""
    if depth.problem:
        return depth.problem, None
    reason = why_not_registered(colour, depth)
    if reason is None:
        return "", None
    if colour.info is None or depth.info is None:
        lacking = " and ".join(t.topic for t in (colour, depth) if t.info is None)
        return f"{reason}; to register it, camera info of {lacking} is missing", None
    pose = find_pose(depth, colour)
    if pose is None:
        return f"{reason}; to register it, the pose between the cameras is missing (tf_static or extrinsics)", None
    return "", Registration(depth.info.camera, colour.info.camera, *pose)


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
