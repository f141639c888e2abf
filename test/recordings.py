"""Recordings that tests write for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

ROS2 = get_typestore(Stores.ROS2_JAZZY)
ROS1 = get_typestore(Stores.ROS1_NOETIC)
MILLISECOND = 1_000_000
START = 1_700_000_000_000_000_000
EXTRINSICS = "realsense2_camera_msgs/msg/Extrinsics"
ROS2.register(get_types_from_msg("float64[9] rotation\nfloat64[3] translation\n", EXTRINSICS))
ROS1.register(get_types_from_msg("geometry_msgs/TransformStamped[] transforms\n", "tf2_msgs/msg/TFMessage"))
FRAME_ID = "camera_color_optical_frame"


@dataclass(frozen=True)
class Recorded:
    """One message: topic, stamp in ns, and the fields of its type (a dict, with `frame_id`)."""

    topic: str
    kind: str
    stamp: int
    fields: dict[str, Any]


def image(
    topic: str, pixels: np.ndarray, encoding: str, stamp: int = START, frame_id: str = FRAME_ID, **changed: Any
) -> Recorded:
    raw = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
    fields = {
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "encoding": encoding,
        "is_bigendian": 0,
        "step": raw.shape[1],
        "data": raw.ravel(),
        "frame_id": frame_id,
    }
    return Recorded(topic, "Image", stamp, {**fields, **changed})


def compressed(topic: str, data: bytes, image_format: str, stamp: int = START) -> Recorded:
    fields = {"format": image_format, "data": np.frombuffer(data, np.uint8), "frame_id": FRAME_ID}
    return Recorded(topic, "CompressedImage", stamp, fields)


def info(topic: str, width: int, height: int, fx: float = 50.0, frame_id: str = FRAME_ID) -> Recorded:
    k = [fx, 0, (width - 1) / 2, 0, fx, (height - 1) / 2, 0, 0, 1]
    return Recorded(topic, "CameraInfo", START, {"width": width, "height": height, "k": k, "frame_id": frame_id})


def static_transform(
    parent: str, child: str, translation: Sequence[float], quaternion: Sequence[float] = (0, 0, 0, 1)
) -> Recorded:
    fields = {"parent": parent, "child": child, "translation": translation, "quaternion": quaternion}
    return Recorded("/tf_static", "tf2_msgs/msg/TFMessage", START, fields)


def stream_pose(topic: str, translation: Sequence[float], quaternion: Sequence[float] = (0, 0, 0, 1)) -> Recorded:
    fields = {"translation": translation, "quaternion": quaternion}
    return Recorded(topic, "geometry_msgs/msg/Transform", START, fields)


def extrinsics(topic: str, rotation: np.ndarray, translation: Sequence[float]) -> Recorded:
    """Of realsense-ros; the rotation matrix is sent by columns."""
    fields = {"rotation": rotation.T.ravel().astype(np.float64), "translation": np.array(translation, np.float64)}
    return Recorded(topic, EXTRINSICS, START, fields)


def text(topic: str, words: str = "words") -> Recorded:
    return Recorded(topic, "std_msgs/msg/String", START, {"data": words})


def build(store: Any, recorded: Recorded) -> Any:
    """The message in a type store of ROS 1 or ROS 2."""
    t = store.types
    fields = dict(recorded.fields)
    if "translation" in fields and "quaternion" in fields:
        return _transform(t, recorded, store is ROS1)
    if "frame_id" not in fields:
        return t[recorded.kind](**fields)
    stamp = t["builtin_interfaces/msg/Time"](recorded.stamp // 10**9, recorded.stamp % 10**9)
    frame_id = fields.pop("frame_id")
    ros1 = store is ROS1
    header = t["std_msgs/msg/Header"](*([0] if ros1 else []), stamp, frame_id)
    if recorded.kind == "CameraInfo":
        roi = t["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
        k = np.array(fields.pop("k"), np.float64)
        p = np.hstack([k.reshape(3, 3), np.zeros((3, 1))]).ravel()
        names = ("D", "K", "R", "P") if ros1 else ("d", "k", "r", "p")
        values = (np.zeros(5), k, np.eye(3).ravel(), p)
        fields |= dict(zip(names, values, strict=True))
        fields |= {"distortion_model": "plumb_bob", "binning_x": 0, "binning_y": 0, "roi": roi}
    return t[_type(recorded.kind)](header=header, **fields)


def _transform(types: Any, recorded: Recorded, ros1: bool) -> Any:
    fields = recorded.fields
    pose = types["geometry_msgs/msg/Transform"](
        types["geometry_msgs/msg/Vector3"](*map(float, fields["translation"])),
        types["geometry_msgs/msg/Quaternion"](*map(float, fields["quaternion"])),
    )
    if "parent" not in fields:
        return pose
    stamp = types["builtin_interfaces/msg/Time"](0, 0)
    header = types["std_msgs/msg/Header"](*([0] if ros1 else []), stamp, fields["parent"])
    return types[recorded.kind]([types["geometry_msgs/msg/TransformStamped"](header, fields["child"], pose)])


def _type(kind: str) -> str:
    return kind if "/" in kind else f"sensor_msgs/msg/{kind}"


def write_bag(path: Path, messages: Sequence[Recorded]) -> Path:
    """Write a recording: NAME.bag of ROS 1, NAME.db3 or NAME.mcap as a rosbag2 folder NAME."""
    ros1 = path.suffix == ".bag"
    store = ROS1 if ros1 else ROS2
    if ros1:
        writer: Any = Writer1(path)
    else:
        plugin = StoragePlugin.MCAP if path.suffix == ".mcap" else StoragePlugin.SQLITE3
        path = path.with_suffix("")
        writer = Writer2(path, version=9, storage_plugin=plugin)
    serialize = store.serialize_ros1 if ros1 else store.serialize_cdr
    with writer:
        connections: dict[str, Any] = {}
        for m in messages:
            kind = _type(m.kind)
            if m.topic not in connections:
                connections[m.topic] = writer.add_connection(m.topic, kind, typestore=store)
            writer.write(connections[m.topic], m.stamp or START, serialize(build(store, m), kind))
    return path
