"""Where a person points: the clicks of RViz, Foxglove and rqt_image_view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, PointStamped
from rclpy.lifecycle import LifecycleNode

from uois_sam.errors import InputError
from uois_sam.nodes.topics import RESULT_QOS
from uois_sam.nodes.transforms import TransformLookup, has_tf
from uois_sam.types import Camera

POINT = "/clicked_point"
"""Published by the "publish point" tools of RViz and Foxglove: a point of a cloud."""
PIXEL = "~/overlay_mouse_left"
"""Published by rqt_image_view, beside the image it shows: x, y in pixels of the overlay."""


class ClickInput:
    """Subscribes to both topics.

    Args:
        node: that listens.
        pointed: called with each point.
        clicked: called with x and y of each pixel.
    """

    def __init__(
        self,
        node: LifecycleNode,
        pointed: Callable[[PointStamped], None],
        clicked: Callable[[float, float], None],
    ) -> None:
        self._node = node

        def take_pixel(message: Point) -> None:
            clicked(message.x, message.y)

        self._transforms = TransformLookup(node, "") if has_tf() else None
        self._subscriptions: list[Any] = [
            node.create_subscription(PointStamped, POINT, pointed, RESULT_QOS),
            node.create_subscription(Point, PIXEL, take_pixel, RESULT_QOS),
        ]

    def pixel(self, message: PointStamped, camera: Camera | None, frame_id: str) -> tuple[float, float]:
        """Where a point is seen.

        Args:
            message: a point in any frame.
            camera, frame_id: of the image.

        Raises:
            InputError: intrinsics or the transform to the camera are missing, or it does not see the point.
        """
        if camera is None:
            raise InputError("the frame has no camera_info; a point in space needs the intrinsics of the image")
        point = np.array([message.point.x, message.point.y, message.point.z, 1.0])
        if message.header.frame_id != frame_id:
            if self._transforms is None:
                raise InputError(
                    f"the point is in frame {message.header.frame_id!r}, the image in {frame_id!r}, and tf2_ros "
                    "does not import here; install it, or show the clouds in the camera's optical frame"
                )
            self._transforms.target_frame = frame_id
            point = self._transforms.at(message.header) @ point
        return camera.project(point[:3])

    def close(self) -> None:
        """Drop the subscriptions."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        if self._transforms is not None:
            self._transforms.close()
