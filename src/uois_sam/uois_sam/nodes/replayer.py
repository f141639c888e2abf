"""Publishes recorded frames as a camera does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from uois_sam.nodes.convert import camera_to_msg, depth_to_msg, image_to_msg
from uois_sam.nodes.listener import Listener
from uois_sam.nodes.stamps import to_time
from uois_sam.types import Frame

_FRAME_ID = "camera_color_optical_frame"


class FramePublisher:
    """The camera topics of a recording: colour alone, or depth and intrinsics too, as its first frame has them.

    Attributes:
        names: of the topics, keys of `uois_sam.nodes.listener.TOPICS`.
    """

    def __init__(self, listener: Listener, first: Frame) -> None:
        """Publish through the listener's node."""
        # The image comes last: a subscriber that sees its publisher has seen the others.
        has = {"camera_info": first.camera is not None, "depth": first.depth is not None, "image": True}
        self.names = tuple(name for name, there in has.items() if there)
        self._publishers = {name: listener.publisher(name) for name in self.names}

    @property
    def heard(self) -> bool:
        """Whether anybody subscribes to the image."""
        return int(self._publishers["image"].get_subscription_count()) > 0

    def messages(self, frame: Frame, stamp: int) -> dict[str, bytes]:
        """The serialized messages of a frame by the names of their topics, all with one stamp in ns."""
        camera = frame.camera
        frame_id = camera.frame_id if camera is not None and camera.frame_id else _FRAME_ID
        header = Header(stamp=to_time(stamp), frame_id=frame_id)
        made: dict[str, Any] = {"image": image_to_msg(frame.image, header)}
        if frame.depth is not None:
            made["depth"] = depth_to_msg(frame.depth, header)
        if camera is not None:
            made["camera_info"] = camera_to_msg(camera, header)
        return {name: serialize_message(made[name]) for name in self.names if name in made}

    def publish(self, messages: Mapping[str, bytes]) -> None:
        """Send the messages of a frame."""
        for name, message in messages.items():
            self._publishers[name].publish(message)
