"""Where clouds are wanted in another frame than the camera's: tf2 at the image's stamp, if tf2_ros imports."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from uois_sam.errors import InputError
from uois_sam.grasping.transform import rigid_transform

try:
    import tf2_ros
except ImportError:
    tf2_ros = None

_TIMEOUT = 0.2


def has_tf() -> bool:
    """Whether tf2_ros imports here."""
    return tf2_ros is not None


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

    def at(self, header: Header) -> NDArray[np.float64]:
        """The (4, 4) transform at the header's stamp; waits a moment for it, never takes the latest in its place.

        Raises:
            InputError: tf does not know it.
        """
        try:
            found = self._buffer.lookup_transform(
                self.target_frame, header.frame_id, Time.from_msg(header.stamp), Duration(seconds=_TIMEOUT)
            )
        except tf2_ros.TransformException as error:
            raise InputError(f"no transform from {header.frame_id!r} to {self.target_frame!r}: {error}") from error
        q, t = found.transform.rotation, found.transform.translation
        return rigid_transform((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))

    def close(self) -> None:
        """Drop the subscriptions."""
        self._listener.unregister()
