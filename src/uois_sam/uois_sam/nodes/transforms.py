"""Where clouds are wanted in another frame than the camera's: tf2 at the image's stamp, if tf2_ros imports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from uois_sam.errors import InputError
from uois_sam.grasping.clouds import InstanceCloud

try:
    import tf2_ros
except ImportError:
    tf2_ros = None

_TIMEOUT = 0.2


@dataclass(frozen=True)
class RigidTransform:
    """p' = rotation p + translation; metres."""

    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]

    def apply(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """(N, 3) float32 of (N, 3) points."""
        return (points @ self.rotation.T + self.translation).astype(np.float32)


def rotation_matrix(x: float, y: float, z: float, w: float) -> NDArray[np.float64]:
    """(3, 3) of a quaternion, which is normalised first.

    Raises:
        InputError: the quaternion is zero.
    """
    q = np.array([x, y, z, w], np.float64)
    norm = float(np.linalg.norm(q))
    if not np.isfinite(norm) or norm < 1e-9:
        raise InputError(f"rotation quaternion is ({x}, {y}, {z}, {w}); wanted one of length 1")
    x, y, z, w = q / norm
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def moved_cloud(cloud: InstanceCloud, transform: RigidTransform) -> InstanceCloud:
    """The cloud in another frame; its bounds are those of the moved points."""
    points = transform.apply(cloud.points)
    return replace(
        cloud,
        points=points,
        centroid=transform.apply(np.asarray(cloud.centroid)[None])[0],
        bounds=np.stack([points.min(0), points.max(0)]),
    )


def moved_points(points: NDArray[np.void], transform: RigidTransform) -> NDArray[np.void]:
    """A structured (N,) array with fields x, y, z in another frame; the other fields stay."""
    out = points.copy()
    moved = transform.apply(np.stack([points["x"], points["y"], points["z"]], 1))
    for axis, name in enumerate("xyz"):
        out[name] = moved[:, axis]
    return out


class TransformLookup:
    """Transforms from a message's frame to one target frame.

    Raises:
        InputError: tf2_ros does not import here.
    """

    def __init__(self, node: Node, target_frame: str) -> None:
        if tf2_ros is None:
            raise InputError(
                f"target_frame is {target_frame!r}, but tf2_ros does not import here; "
                "install it, or leave target_frame empty for clouds in the camera's optical frame"
            )
        self.target_frame = target_frame
        self._buffer: Any = tf2_ros.Buffer()
        self._listener: Any = tf2_ros.TransformListener(self._buffer, node)

    def at(self, header: Header) -> RigidTransform:
        """The transform at the header's stamp; waits a moment for it, never takes the latest in its place.

        Raises:
            InputError: tf does not know it.
        """
        try:
            found = self._buffer.lookup_transform(
                self.target_frame, header.frame_id, Time.from_msg(header.stamp), Duration(seconds=_TIMEOUT)
            )
        except tf2_ros.TransformException as error:
            raise InputError(f"no transform from {header.frame_id!r} to {self.target_frame!r}: {error}") from error
        rotation, translation = found.transform.rotation, found.transform.translation
        return RigidTransform(
            rotation_matrix(rotation.x, rotation.y, rotation.z, rotation.w),
            np.array([translation.x, translation.y, translation.z], np.float64),
        )

    def close(self) -> None:
        """Drop the subscriptions."""
        self._listener.unregister()
