"""Hears topics of a domain as they appear, whatever their types, as serialized messages."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from uois_sam.errors import InputError
from uois_sam.nodes.listener import QUEUE, TOPICS
from uois_sam.nodes.participant import Participant

_NAMES = tuple(topic.name for topic in TOPICS.values())

Handler = Callable[[str, str, bytes, int], None]


class TopicRecorder(Participant):
    """Subscribes to the topics of the stack, in any namespace, or to those that are named.

    Attributes:
        topics: types by the names of the topics that are heard.
        left_out: why, by the names of those that cannot be.
    """

    def __init__(
        self, domain: int, names: Sequence[str], check_type: Callable[[str], object], handler: Handler
    ) -> None:
        """Join; nothing is heard before `look`.

        Args:
            domain: ROS domain.
            names: full names of topics; none for all of the stack.
            check_type: raises `InputError` for a message type that cannot be used.
            handler: called in `spin_once` with the topic, its type, the serialized message (CDR), and the time of
                its arrival in nanoseconds since the epoch.
        """
        super().__init__(domain, "recorder")
        self._wanted = frozenset(names)
        self._check_type = check_type
        self._handler = handler
        self.topics: dict[str, str] = {}
        self.left_out: dict[str, str] = {}

    def look(self) -> list[str]:
        """Subscribe to wanted topics that have appeared since the last look; their names."""
        fresh = []
        for topic, types in self.node.get_topic_names_and_types():
            known = topic in self.topics or topic in self.left_out
            if known or not self._is_wanted(topic) or not self.node.count_publishers(topic):
                continue
            try:
                self._subscribe(topic, types[0])
            except InputError as error:
                self.left_out[topic] = str(error)
            else:
                self.topics[topic] = types[0]
            fresh.append(topic)
        return fresh

    def _is_wanted(self, topic: str) -> bool:
        return topic in self._wanted if self._wanted else topic.endswith(_NAMES)

    def _subscribe(self, topic: str, type_name: str) -> None:
        kind = message_class(type_name)
        self._check_type(type_name)
        offered = [info.qos_profile for info in self.node.get_publishers_info_by_topic(topic)]
        best_effort = any(qos.reliability == ReliabilityPolicy.BEST_EFFORT for qos in offered)
        latched = bool(offered) and all(qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)
        qos = QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=QUEUE,
            reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )

        def take(cdr: bytes) -> None:
            self._handler(topic, type_name, cdr, time.time_ns())

        self.node.create_subscription(kind, topic, take, qos, raw=True)


def message_class(type_name: str) -> type:
    """The class of a message type such as sensor_msgs/msg/Image.

    Raises:
        InputError: its package is not here.
    """
    package, _, name = type_name.partition("/msg/")
    try:
        found: type = getattr(importlib.import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError):
        raise InputError(f"no type {type_name} is here; build and source the package {package}") from None
    return found
