"""Frames on their way through the nodes: subscribed, paired by stamp, decoded once, and handed over in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from uois_sam.errors import InputError
from uois_sam.nodes.convert import camera_from_msg, depth_from_msg, image_from_msg
from uois_sam.nodes.diagnostics import subscription_events
from uois_sam.nodes.health import Health, Level
from uois_sam.nodes.parameters import Row
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.sync import FramePairing
from uois_sam.nodes.topics import CAMERA_INFO, DEPTH, IMAGE, SENSOR_QOS
from uois_sam.types import Frame

INPUT_ROWS = (
    Row(
        "image_transport",
        "raw",
        "subscribe to image topics as they are, or to their /compressed and /compressedDepth",
        choices=("raw", "compressed"),
    ),
    Row("depth_unit", 0.0, "metres per count of depth; 0 takes the encoding's own (16UC1 mm, 32FC1 m)", 0.0, 1.0),
    Row("sync_slop", 0.01, "largest difference of the stamps of image, depth and camera_info, s", 0.001, 1.0),
)
"""Parameters of every node that takes a camera's topics."""


_MANY = 10
"""Images in a row without their depth after which the stamps must be to blame."""


@dataclass(frozen=True)
class StampedFrame:
    """A decoded frame and the header that every answer to it carries."""

    header: Header
    frame: Frame

    @property
    def stamp(self) -> int:
        """Nanoseconds of the header."""
        return stamp_ns(self.header.stamp)


@dataclass(frozen=True)
class RawFrame:
    """Paired messages of one moment, not looked at yet."""

    image: Image | CompressedImage
    depth: Image | CompressedImage | None = None
    info: CameraInfo | None = None

    @property
    def stamp(self) -> int:
        """Nanoseconds of the image's header, which tells the frame from others."""
        return stamp_ns(self.image.header.stamp)

    def decode(self, depth_unit: float = 0.0) -> StampedFrame:
        """The frame as arrays.

        Args:
            depth_unit: metres per count; 0 for the encoding's own.

        Raises:
            InputError: a message cannot be used, or depth or intrinsics are of another size than the image.
        """
        image = image_from_msg(self.image)
        depth = None if self.depth is None else depth_from_msg(self.depth, depth_unit or None)
        camera = None if self.info is None else camera_from_msg(self.info)
        height, width = image.shape[:2]
        if depth is not None and depth.shape != (height, width):
            raise InputError(
                f"depth is {depth.shape[1]} x {depth.shape[0]} for an image of {width} x {height}; "
                "use depth that is aligned to the colour image"
            )
        if camera is not None and (camera.width, camera.height) != (width, height):
            raise InputError(
                f"camera_info is of {camera.width} x {camera.height} for an image of {width} x {height}; "
                "publish the intrinsics of this image"
            )
        frame = Frame(image, depth, camera, stamp=self.stamp)
        return StampedFrame(self.image.header, frame)


class FrameInput:
    """Subscribes to a camera's topics and hands over what belongs together.

    Depth and camera_info are waited for only while somebody publishes them; without, the image comes alone.
    """

    def __init__(
        self,
        node: Node,
        health: Health,
        handler: Callable[[RawFrame], None],
        *,
        depth: bool,
        transport: str,
        slop: float,
        count: bool = True,
    ) -> None:
        """Subscribe.

        Args:
            node: makes the subscriptions.
            health: watches the topics.
            handler: called with each set of messages on the executor's thread; it must return at once.
            depth: whether depth and camera_info are wanted.
            transport: raw or compressed.
            slop: largest difference of stamps, seconds.
            count: whether `health` counts images as frames received, and those without their depth as dropped.
        """
        self._node = node
        self._health = health
        self._handler = handler
        self._count = count
        self._waiting = False
        self._unpaired = 0
        self._slop = slop
        self._pairing = FramePairing(self._paired, self._jumped_back, slop)
        compressed = transport == "compressed"
        kind = CompressedImage if compressed else Image
        # The image comes last: a publisher that sees its subscription has seen the others.
        wanted = [
            ("camera_info", CameraInfo, CAMERA_INFO, ""),
            ("depth", kind, DEPTH, "/compressedDepth" if compressed else ""),
        ]
        image = ("image", kind, IMAGE, "/compressed" if compressed else "")
        self._subscriptions = {
            name: self._subscribe(name, message_type, topic, suffix)
            for name, message_type, topic, suffix in [*(wanted if depth else ()), image]
        }

    def close(self) -> None:
        """Drop the subscriptions."""
        self._health.unwatch()
        for subscription in self._subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._subscriptions = {}

    def _subscribe(self, name: str, message_type: type, topic: str, suffix: str) -> Any:
        resolved = self._node.resolve_topic_name(topic) + suffix
        self._health.watch(name, resolved)

        def take(message: Any) -> None:
            self._take(name, message)

        return self._node.create_subscription(
            message_type,
            resolved,
            take,
            SENSOR_QOS,
            event_callbacks=subscription_events(self._node, self._health, resolved),
        )

    def _take(self, name: str, message: Any) -> None:
        self._health.arrived(name)
        if name == "image":
            self._count_image()
        self._pairing.use(self._published())
        self._pairing.add(name, message)

    def _count_image(self) -> None:
        if self._count:
            self._health.count("received")
        if self._waiting:
            if self._count:
                self._health.count("dropped")
            self._unpaired += 1
            if self._unpaired == _MANY:
                self._health.set_fault(
                    "pairing",
                    f"no {' and '.join(n for n in self._pairing.streams if n != 'image')} within {self._slop:g} s "
                    f"of the stamps of the last {_MANY} images (sync_slop)",
                    Level.WARN,
                )
        self._waiting = True

    def _published(self) -> list[str]:
        """The image, and those of the others that somebody publishes."""
        return [
            name
            for name, subscription in self._subscriptions.items()
            if name == "image" or self._node.count_publishers(subscription.topic_name) > 0
        ]

    def _paired(self, messages: dict[str, Any]) -> None:
        self._waiting = False
        if self._unpaired:
            self._unpaired = 0
            self._health.clear_fault("pairing")
        self._handler(RawFrame(messages["image"], messages.get("depth"), messages.get("camera_info")))

    def _jumped_back(self, stream: str, seconds: float) -> None:
        self._health.count("stamp_resets")
        self._node.get_logger().warning(f"stamps of {stream} went back by {seconds:.3f} s; pairing begins anew")
