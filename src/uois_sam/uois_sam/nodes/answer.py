"""The messages of an answered frame as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from uois_sam.errors import InputError
from uois_sam.grasping.cloud_layout import DATATYPES
from uois_sam.nodes.convert import camera_from_msg, depth_from_msg, image_from_msg, instances_from_msg
from uois_sam.nodes.listener import decode
from uois_sam.nodes.part_messages import parts_from_msg
from uois_sam.types import Frame, Instances, Parts

_KINDS = {number: f"<{kind}" for kind, number in DATATYPES.items()}


@dataclass(frozen=True)
class DecodedAnswer:
    """A frame, its instances and clouds.

    Attributes:
        frame: image, and depth and intrinsics where they came.
        instances: as answered.
        scene: structured (N,) points with x, y, z, rgb, label, or None.
        clouds: uois_sam_msgs/InstanceCloudArray, or None.
        parts: of the instances, or None.
    """

    frame: Frame
    instances: Instances
    scene: NDArray[np.void] | None
    clouds: Any
    parts: Parts | None


def decode_answer(messages: Mapping[str, bytes]) -> DecodedAnswer:
    """Decode the serialized messages of one frame, by the keys of `uois_sam.nodes.listener.TOPICS`.

    Raises:
        InputError: a message is broken.
    """
    found = {name: decode(name, messages[name]) for name in messages}
    frame = Frame(
        image_from_msg(found["image"]),
        depth_from_msg(found["depth"]) if "depth" in found else None,
        camera_from_msg(found["camera_info"]) if "camera_info" in found else None,
    )
    scene = structured_points(found["scene_cloud"]) if "scene_cloud" in found else None
    parts = parts_from_msg(found["parts"], *frame.image.shape[:2]) if "parts" in found else None
    return DecodedAnswer(frame, instances_from_msg(found["instances"]), scene, found.get("instance_clouds"), parts)


def structured_points(message: PointCloud2) -> NDArray[np.void]:
    """(N,) structured array with the fields of a cloud.

    Raises:
        InputError: fields and data do not fit.
    """
    layout = np.dtype(
        {
            "names": [field.name for field in message.fields],
            "formats": [_KINDS[field.datatype] for field in message.fields],
            "offsets": [field.offset for field in message.fields],
            "itemsize": message.point_step,
        }
    )
    if len(message.data) != message.width * message.height * message.point_step or message.is_bigendian:
        raise InputError(
            f"cloud of {message.width} points has {len(message.data)} bytes; wanted little-endian points"
        )
    points: NDArray[np.void] = np.frombuffer(message.data, layout)
    return points


def xyz(points: NDArray[np.void]) -> NDArray[np.float32]:
    """(N, 3) float32 of structured points."""
    return np.stack([points[axis] for axis in "xyz"], axis=1).astype(np.float32, copy=False)


def rgb(points: NDArray[np.void]) -> NDArray[np.uint8]:
    """(N, 3) uint8 RGB of the packed colours of structured points."""
    packed = np.ascontiguousarray(points["rgb"]).view(np.uint32)
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)
