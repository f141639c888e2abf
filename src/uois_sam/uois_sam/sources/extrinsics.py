"""The pose between two cameras of a recording: from static transforms, or from what RealSense cameras record."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.grasping.transform import rigid_transform

EXTRINSICS_TYPE = "realsense2_camera_msgs/msg/Extrinsics"
EXTRINSICS_DEFINITION = "float64[9] rotation\nfloat64[3] translation\n"
"""Of realsense-ros, for recordings that do not hold it; the rotation is column-major."""

_TF_TYPES = ("tf2_msgs/msg/TFMessage", "tf/msg/tfMessage")
_STREAM_TF = re.compile(r"^(?P<stream>.+)/tf/(?P<group>\d+)$")  # of a librealsense recording


def holds_pose(topic: str, kind: str) -> bool:
    """Whether a topic of this name and message type holds a pose that `Extrinsics.add` takes."""
    if kind in _TF_TYPES:
        return topic.rstrip("/").endswith("tf_static")
    if kind == "geometry_msgs/msg/Transform":
        return _STREAM_TF.match(topic) is not None
    return kind.endswith("/msg/Extrinsics") and topic.endswith("depth_to_color")


class Extrinsics:
    """The poses of a recording."""

    def __init__(self) -> None:
        self._frames: dict[str, dict[str, NDArray[np.float64]]] = {}
        self._streams: dict[tuple[str, str], NDArray[np.float64]] = {}
        self._depth_to_colour: dict[str, NDArray[np.float64]] = {}

    def add(self, topic: str, kind: str, message: Any) -> None:
        """Take a message of a topic that `holds_pose`.

        Raises:
            InputError: a pose is not rigid.
        """
        if kind in _TF_TYPES:
            for transform in message.transforms:
                self._add_frame(
                    _plain(transform.header.frame_id), _plain(transform.child_frame_id), _pose(transform.transform)
                )
        elif kind == "geometry_msgs/msg/Transform":
            match = _STREAM_TF.match(topic)
            if match is not None:
                self._streams[match["stream"], match["group"]] = _pose(message)
        else:
            pose = np.eye(4)
            pose[:3, :3] = np.asarray(message.rotation, np.float64).reshape(3, 3).T
            pose[:3, 3] = message.translation
            self._depth_to_colour[topic] = pose

    def between(self, depth: tuple[str, str], colour: tuple[str, str]) -> tuple[NDArray[np.float64], str] | None:
        """The pose that takes points of the depth camera to the colour camera.

        Args:
            depth, colour: topic and frame of each image.

        Returns:
            (4, 4) float64, metres, and where it comes from; None where the recording does not say.
        """
        for topic, pose in self._depth_to_colour.items():
            camera = topic.rsplit("/", 2)[0] + "/"  # /camera/camera/ of .../extrinsics/depth_to_color
            if depth[0].startswith(camera) and colour[0].startswith(camera):
                return pose, topic
        for (stream, group), depth_pose in self._streams.items():
            if not depth[0].startswith(f"{stream}/"):
                continue
            for (other, other_group), colour_pose in self._streams.items():
                if colour[0].startswith(f"{other}/") and other_group == group:
                    return colour_pose @ np.linalg.inv(depth_pose), f"{other}/tf/{group}"
        found = self._path(depth[1], colour[1]) if depth[1] and colour[1] else None
        return None if found is None else (found, "tf_static")

    def _add_frame(self, parent: str, child: str, pose: NDArray[np.float64]) -> None:
        self._frames.setdefault(child, {})[parent] = pose
        self._frames.setdefault(parent, {})[child] = np.linalg.inv(pose)

    def _path(self, start: str, goal: str) -> NDArray[np.float64] | None:
        """The pose that takes points of one frame to another, through the tree of static transforms.

        None for one frame: two cameras that name the same one say nothing of where they are.
        """
        if start == goal:
            return None
        reached = {start: np.eye(4)}
        waiting = deque([start])
        while waiting:
            frame = waiting.popleft()
            for other, step in self._frames.get(frame, {}).items():
                if other not in reached:
                    reached[other] = step @ reached[frame]
                    waiting.append(other)
        return reached.get(goal)


def _pose(transform: Any) -> NDArray[np.float64]:
    t, q = transform.translation, transform.rotation
    return rigid_transform((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))


def _plain(frame: str) -> str:
    return str(frame).lstrip("/")
