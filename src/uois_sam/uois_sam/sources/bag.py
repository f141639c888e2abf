"""Recordings: rosbag2 (sqlite3, mcap) and ROS 1 bags, read without ROS through the `rosbags` library."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from uois_sam.errors import InputError, SourceError
from uois_sam.sources.bag_topics import (
    ImageTopic,
    InfoTopic,
    NamedTopics,
    TopicChoice,
    choose_topics,
    holds_depth,
    match_info,
)
from uois_sam.sources.camera_info import camera_from_info
from uois_sam.sources.compressed_codec import decode_compressed_depth, decode_compressed_image
from uois_sam.sources.extrinsics import EXTRINSICS_DEFINITION, EXTRINSICS_TYPE, Extrinsics, holds_pose
from uois_sam.sources.image_codec import COLOUR_ENCODINGS, DEPTH_ENCODINGS, decode_depth, decode_image
from uois_sam.sources.pairing import Pairer, period
from uois_sam.sources.registration import register_depth
from uois_sam.sources.source import OpenSource
from uois_sam.types import Frame

_LOG = logging.getLogger(__name__)

_IMAGE = "sensor_msgs/msg/Image"
_COMPRESSED = "sensor_msgs/msg/CompressedImage"
_INFO = "sensor_msgs/msg/CameraInfo"

_PEEK = 12
_NAMED = 5
_DEFAULT_PERIOD = 33_333_333


BagMessage = tuple[str, str, int, bytes]
"""Topic, type, time of recording in ns, CDR."""


class BagSource(OpenSource):
    """The colour images of a recording, each with the depth of the nearest stamp within half a frame.

    The topics are chosen by type, name and encoding, or named. Depth that is not in colour's pixels is registered
    where the recording holds both camera infos and the pose between the cameras, and left out by name where not;
    so is depth that no colour image has a stamp near (a depth topic that is named may be a whole frame away).
    Where depth is used, colour images without a partner are skipped. Frames carry the header's stamp, or the time
    of recording where that is zero.

    Attributes:
        choice: the topics that are read.
        images, infos: the topics that there are.
        recorded: when the image of the last frame was recorded, ns.

    Raises:
        SourceError: the recording is missing, unreadable or truncated, or has no colour image to decode; or a
            named topic is not there or of no use.
    """

    def __init__(self, path: Path | str, *, loop: bool = False, named: NamedTopics | None = None) -> None:
        self.path = Path(path)
        self.loop = loop
        self._ros2_types = get_typestore(Stores.ROS2_JAZZY)
        self._ros2_types.register(get_types_from_msg(EXTRINSICS_DEFINITION, EXTRINSICS_TYPE))
        self._reader = self._open()
        try:
            self.infos = self._info_topics()
            self.images = self._image_topics()
            extrinsics = self._extrinsics()
            choice = choose_topics(
                self.images,
                self.infos,
                named,
                lambda d, c: extrinsics.between((d.topic, d.frame_id), (c.topic, c.frame_id)),
            )
            self.choice, tolerance, self.rate = self._check_stamps(choice)
        except SourceError as error:
            self.close()
            raise SourceError(f"{self.path}: {error}") from error
        for line in self.choice.left_out:
            _LOG.warning("%s: %s", self.path.name, line)
        self._pairer: Pairer[Any] = Pairer(tolerance)
        self._pairs = self._pass(self._pairer)
        self._given = self.recorded = 0

    def describe(self) -> str:
        """The topics that are read and those left out, in one line."""
        rate = f", {self.rate:.1f} Hz" if self.rate else ""
        return f"bag {self.path.name}{rate}: {self.choice.describe()}"

    @property
    def unpaired(self) -> int:
        """Colour images so far that were skipped, for no depth has a stamp near theirs."""
        return self._pairer.unpaired

    def peek(self, count: int) -> list[Frame]:
        """The first frames that can be used, at most `count`; `next` does not move on.

        Raises:
            SourceError: the recording is damaged, or closed.
        """
        self._connections()
        frames: list[Frame] = []
        for stamp, (_, colour), depth in self._pass(Pairer(self._pairer.tolerance)):
            if len(frames) == count:
                break
            try:
                frames.append(self._frame(stamp, colour, depth[1] if depth else None))
            except InputError:
                continue
        return frames

    def messages_of(self, topic: str) -> Iterator[tuple[int, Any]]:
        """Stamp in ns and message of each message of an image topic, in the order of recording.

        Raises:
            SourceError: the recording is damaged, or closed.
        """
        connections = [c for c in self._connections() if c.topic == topic]
        return ((stamp, message) for _, stamp, _, message in self._messages(connections))

    def raw_messages(self, more: Collection[str] = (), *, camera: bool = True) -> Iterator[BagMessage]:
        """Each message of the topics that are read, in the order of recording.

        Args:
            more: topics beside the static transforms.
            camera: whether colour, depth and their camera infos are among them.

        Raises:
            SourceError: the recording is damaged, or closed.
        """
        read = [self.choice.colour, self.choice.depth] if camera else []
        topics = {t.topic for t in read if t} | {t.info.topic for t in read if t and t.info} | set(more)
        connections = [c for c in self._connections() if c.topic in topics or _is_tf_static(c)]
        try:
            for connection, recorded, raw in self._reader.messages(connections=connections):
                kind = connection.msgtype
                if not self._reader.is2:
                    raw = bytes(self._ros2_types.ros1_to_cdr(raw, kind))
                yield connection.topic, kind, recorded, raw
        except Exception as error:  # a parser of foreign bytes raises whatever it stumbles over
            raise self._damaged(error) from error

    def close(self) -> None:
        """Close the recording."""
        if self._reader.stack is not None:
            self._reader.close()

    def __next__(self) -> Frame:
        if self._reader.stack is None:
            raise SourceError(f"{self.path} was closed")
        try:
            stamp, (recorded, colour), depth = next(self._pairs)
        except StopIteration:
            if not self._given:
                raise SourceError(f"{self.path} has no colour image with depth within half a frame") from None
            if not self.loop:
                raise
            self._pairs = self._pass(self._pairer)
            stamp, (recorded, colour), depth = next(self._pairs)
        self._given += 1
        self.recorded = recorded
        return self._frame(stamp, colour, depth[1] if depth else None)

    def _open(self) -> AnyReader:
        path = self.path
        if path.is_dir() and not (path / "metadata.yaml").exists():
            storages = sorted([*path.glob("*.mcap"), *path.glob("*.db3")])
            if len(storages) != 1:
                raise SourceError(f"{path} has no metadata.yaml and {len(storages)} recordings; name one of them")
            path = storages[0]
        try:
            reader = AnyReader([path], default_typestore=self._ros2_types)
            reader.open()
        except FileNotFoundError as error:
            raise SourceError(f"there is no recording at {self.path}") from error
        except Exception as error:  # a parser of foreign bytes raises whatever it stumbles over
            raise self._damaged(error) from error
        return reader

    def _damaged(self, error: Exception) -> SourceError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return SourceError(f"{self.path} is no readable recording (damaged, truncated or foreign): {reason}")

    def _connections(self) -> list[Any]:
        if self._reader.stack is None:
            raise SourceError(f"{self.path} was closed")
        return self._reader.connections

    def _messages(self, connections: list[Any]) -> Iterator[tuple[Any, int, int, Any]]:
        """Connection, stamp and time of recording in ns, and message, in the order of recording."""
        try:
            for connection, recorded, raw in self._reader.messages(connections=connections):
                message: Any = self._reader.deserialize(raw, connection.msgtype)
                stamp = message.header.stamp
                yield connection, stamp.sec * 1_000_000_000 + stamp.nanosec or recorded, recorded, message
        except Exception as error:  # as above
            raise self._damaged(error) from error

    def _info_topics(self) -> list[InfoTopic]:
        infos = []
        for topic, connections in self._of_type(_INFO):
            for _, _, _, m in islice(self._messages(connections), 1):
                frame_id = _frame_id(m)
                try:
                    camera = camera_from_info(m.width, m.height, m.k if hasattr(m, "k") else m.K, frame_id)
                except InputError as error:
                    _LOG.warning("%s: %s: %s", self.path.name, topic, error)
                else:
                    infos.append(InfoTopic(topic, camera, frame_id))
        return infos

    def _image_topics(self) -> list[ImageTopic]:
        topics = []
        for kind in (_IMAGE, _COMPRESSED):
            for topic, connections in self._of_type(kind):
                for _, _, _, m in islice(self._messages(connections), 1):
                    topics.append(_image_topic(topic, connections, m, self.infos))
        if not topics:
            others = sorted({f"{c.topic} ({c.msgtype})" for c in self._reader.connections if c.msgcount})
            held = ", ".join(others[:_NAMED]) + (", ..." if len(others) > _NAMED else "")
            raise SourceError(
                f"the recording has no image topic at all, {f'only {held}' if held else 'it is empty'}"
            )
        return topics

    def _extrinsics(self) -> Extrinsics:
        """The poses of the recording; those that cannot be read are left out."""
        found = Extrinsics()
        connections = [c for c in self._reader.connections if c.msgcount and holds_pose(c.topic, c.msgtype)]
        for connection in connections:
            try:
                for _, _, raw in self._reader.messages(connections=[connection]):
                    found.add(
                        connection.topic, connection.msgtype, self._reader.deserialize(raw, connection.msgtype)
                    )
            except Exception as error:  # a parser of foreign bytes raises whatever it stumbles over
                _LOG.warning("%s: %s: no pose: %s", self.path.name, connection.topic, " ".join(str(error).split()))
        return found

    def _of_type(self, kind: str) -> list[tuple[str, list[Any]]]:
        """Each topic of a message type with its connections; it has one for each publisher."""
        grouped: dict[str, list[Any]] = {}
        for connection in self._reader.connections:
            if connection.msgtype == kind and connection.msgcount:
                grouped.setdefault(connection.topic, []).append(connection)
        return list(grouped.items())

    def _check_stamps(self, choice: TopicChoice) -> tuple[TopicChoice, int, float | None]:
        """The choice without depth that never has colour's stamps, the tolerance in ns, and the rate in Hz."""
        colours = self._first_stamps(choice.colour)
        step = period(colours)
        rate = 1e9 / step if step else None
        if choice.depth is None:
            return choice, 0, rate
        depths = self._first_stamps(choice.depth)
        frame = step or period(depths) or _DEFAULT_PERIOD
        tolerance = frame if choice.depth_named else frame // 2
        nearest = min(abs(c - d) for c in colours for d in depths)
        if nearest > tolerance:
            frames = "a frame" if choice.depth_named else "half a frame"
            reason = f"its stamps are {nearest / 1e6:.0f} ms or more from colour's, over {frames}"
            if choice.depth_named:
                raise SourceError(f"depth {choice.depth.topic} cannot be used: {reason}")
            line = f"depth {choice.depth.topic} left out: {reason}"
            return TopicChoice(choice.colour, None, (*choice.left_out, line)), 0, rate
        return choice, tolerance, rate

    def _first_stamps(self, topic: ImageTopic) -> list[int]:
        return [stamp for _, stamp, _, _ in islice(self._messages(topic.connections), _PEEK)]

    def _pass(self, pairer: Pairer[Any]) -> Iterator[tuple[int, Any, Any]]:
        colour, depth = self.choice.colour, self.choice.depth
        if depth is None:
            return ((stamp, (at, message), None) for _, stamp, at, message in self._messages(colour.connections))
        messages = self._messages([*colour.connections, *depth.connections])
        return pairer.pairs((c.topic == depth.topic, stamp, (at, m)) for c, stamp, at, m in messages)

    def _frame(self, stamp: int, colour_message: Any, depth_message: Any) -> Frame:
        colour, depth_topic = self.choice.colour, self.choice.depth
        image = _decode(colour_message, colour.compressed, False)
        if image.shape[:2] != (colour.height, colour.width):
            raise InputError(
                f"an image of {colour.topic} is {image.shape[1]} x {image.shape[0]}; "
                f"the recording began with {colour.width} x {colour.height}"
            )
        depth = None
        if depth_topic is not None:
            depth = _decode(depth_message, depth_topic.compressed, True)
            if self.choice.registration is not None:
                depth = register_depth(depth, self.choice.registration)
            if depth.shape != image.shape[:2]:
                raise InputError(
                    f"depth of {depth_topic.topic} is {depth.shape[1]} x {depth.shape[0]}; "
                    f"colour is {colour.width} x {colour.height}"
                )
        camera = colour.info.camera if colour.info else None
        return Frame(image, depth, camera, stamp, f"{stamp / 1e9:.3f}")


def _image_topic(topic: str, connections: list[Any], message: Any, infos: list[InfoTopic]) -> ImageTopic:
    compressed = connections[0].msgtype == _COMPRESSED
    image_format = message.format if compressed else ""
    encoding = image_format.partition(";")[0].strip() if compressed else message.encoding
    is_depth = holds_depth(topic, encoding, image_format)
    problem, width, height = "", 0, 0
    if compressed:
        try:
            height, width = _decode(message, compressed, is_depth).shape[:2]
        except InputError as error:
            problem = str(error)
    else:
        height, width = message.height, message.width
        if message.encoding not in (DEPTH_ENCODINGS if is_depth else COLOUR_ENCODINGS):
            problem = f"encoding {message.encoding!r} is not supported"
    frame_id = _frame_id(message)
    return ImageTopic(
        topic=topic,
        connections=connections,
        compressed=compressed,
        encoding=encoding,
        is_depth=is_depth,
        width=width,
        height=height,
        frame_id=frame_id,
        count=sum(c.msgcount for c in connections),
        info=match_info(topic, width, height, frame_id, infos),
        problem=problem,
    )


def _decode(message: Any, compressed: bool, is_depth: bool) -> NDArray[Any]:
    if compressed:
        decode = decode_compressed_depth if is_depth else decode_compressed_image
        return decode(message.format, message.data.data)
    m = message
    decode_raw = decode_depth if is_depth else decode_image
    return decode_raw(m.encoding, m.width, m.height, m.step, m.is_bigendian, np.ascontiguousarray(m.data).data)


def _is_tf_static(connection: Any) -> bool:
    return connection.msgtype == "tf2_msgs/msg/TFMessage" and bool(
        holds_pose(connection.topic, connection.msgtype)
    )


def _frame_id(message: Any) -> str:
    return str(message.header.frame_id).lstrip("/")
