"""Frames of a camera's topics together with the instances, and the parts, that other nodes found in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from uois_sam_msgs.msg import InstanceArray, PartArray

from uois_sam.nodes.diagnostics import subscription_events
from uois_sam.nodes.frames import FrameInput, RawFrame
from uois_sam.nodes.health import Health
from uois_sam.nodes.matching import StampMatcher
from uois_sam.nodes.parameters import ParameterTable
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.topics import INSTANCES, PARTS, RESULT_QOS


class InstanceInput:
    """Subscribes to a camera and to `segmentation/instances`, and hands over what has one stamp."""

    def __init__(
        self,
        node: Node,
        health: Health,
        matched: Callable[[tuple[RawFrame, InstanceArray]], None],
        parameters: ParameterTable,
        depth: bool,
    ) -> None:
        """Subscribe.

        Args:
            node: that subscribes.
            health: is told what arrives and what is dropped.
            matched: called with each frame and its instances, again for corrected ones.
            parameters: with the rows of `uois_sam.nodes.frames.INPUT_ROWS`.
            depth: wait for depth, where somebody publishes it.
        """
        self._node = node
        matcher: StampMatcher[RawFrame, InstanceArray] = StampMatcher(
            lambda frame, message: matched((frame, message)), lambda: health.count("dropped")
        )
        self._frames = FrameInput(
            node,
            health,
            lambda raw: matcher.add_frame(raw.stamp, raw),
            depth=depth,
            transport=parameters["image_transport"],
            slop=parameters["sync_slop"],
            count=False,
        )

        def take(message: InstanceArray) -> None:
            health.arrived("instances")
            health.count("received")
            matcher.add_answer(stamp_ns(message.header.stamp), message)

        self._instances = _subscribe(node, health, "instances", InstanceArray, INSTANCES, take)

    def close(self) -> None:
        """Unsubscribe."""
        self._frames.close()
        self._node.destroy_subscription(self._instances)


class PartInput:
    """Subscribes to `part_segmentation/parts`, and hands them over with what is known of their frame."""

    def __init__(self, node: Node, health: Health, matched: Callable[[Any, PartArray], None]) -> None:
        """Subscribe; `matched` is called with what `add` took and its parts."""
        self._node = node
        self._matcher: StampMatcher[Any, PartArray] = StampMatcher(matched, lambda: health.count("dropped"))

        def take(message: PartArray) -> None:
            health.arrived("parts")
            self._matcher.add_answer(stamp_ns(message.header.stamp), message)

        self._parts = _subscribe(node, health, "parts", PartArray, PARTS, take)

    def add(self, stamp: int, item: Any) -> None:
        """Take what waits for parts; `stamp` in nanoseconds."""
        self._matcher.add_frame(stamp, item)

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._parts)


def _subscribe(node: Node, health: Health, name: str, kind: type, topic: str, take: Callable[[Any], None]) -> Any:
    resolved = node.resolve_topic_name(topic)
    health.watch(name, resolved)
    events = subscription_events(node, health, resolved)
    return node.create_subscription(kind, resolved, take, RESULT_QOS, event_callbacks=events)
