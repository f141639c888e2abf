"""Listens to all topics of the stack as serialized messages, for the demo, recordings and measurements."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from uois_sam_msgs.msg import InstanceArray, InstanceCloudArray, PartArray, PartCloudArray

from uois_sam.nodes.participant import Participant
from uois_sam.nodes.topics import CAMERA_INFO, DEPTH, IMAGE, INSTANCES, PARTS, RESULT_QOS, SENSOR_QOS

QUEUE = 20
"""Messages of a topic that wait while one is being looked at."""


@dataclass(frozen=True)
class Topic:
    """One topic of the stack.

    Attributes:
        name: with its leading slash.
        kind: message class.
        sensor: whether it is published best effort.
    """

    name: str
    kind: type
    sensor: bool = False

    @property
    def type_name(self) -> str:
        """Such as sensor_msgs/msg/Image."""
        return f"{self.kind.__module__.split('.')[0]}/msg/{self.kind.__name__}"


TOPICS = {
    "image": Topic(f"/{IMAGE}", Image, sensor=True),
    "depth": Topic(f"/{DEPTH}", Image, sensor=True),
    "camera_info": Topic(f"/{CAMERA_INFO}", CameraInfo, sensor=True),
    "instances": Topic(f"/{INSTANCES}", InstanceArray),
    "label_image": Topic("/segmentation/label_image", Image),
    "overlay": Topic("/segmentation/overlay", Image),
    "instance_clouds": Topic("/grasp_bridge/instance_clouds", InstanceCloudArray),
    "scene_cloud": Topic("/grasp_bridge/scene_cloud", PointCloud2),
    "parts": Topic(f"/{PARTS}", PartArray),
    "part_label_image": Topic("/part_segmentation/label_image", Image),
    "part_clouds": Topic("/grasp_bridge/part_clouds", PartCloudArray),
    "diagnostics": Topic("/diagnostics", DiagnosticArray),
}
"""Everything that camera and perception publish, by short names."""

Handler = Callable[[str, bytes, int], None]


class Listener(Participant):
    """A node that hands over each message of some topics as it came."""

    def __init__(self, domain: int, names: Iterable[str], handler: Handler) -> None:
        """Subscribe.

        Args:
            domain: ROS domain.
            names: keys of `TOPICS`.
            handler: called in `spin_once` with the key, the serialized message (CDR), and the time of its arrival
                in nanoseconds since the epoch.
        """
        super().__init__(domain, "listener")
        self._handler = handler
        self._clients: dict[str, Any] = {}
        for name in names:
            self._subscribe(name)

    def _subscribe(self, name: str) -> None:
        topic = TOPICS[name]
        qos = QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=QUEUE,
            reliability=ReliabilityPolicy.BEST_EFFORT if topic.sensor else ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.VOLATILE,
        )

        def take(cdr: bytes) -> None:
            self._handler(name, cdr, time.time_ns())

        self.node.create_subscription(topic.kind, topic.name, take, qos, raw=True)

    def hear_decoded(self, name: str, handler: Callable[[Any, int], None]) -> None:
        """Subscribe to one more topic as any node would; the handler takes the message and its arrival in ns."""
        topic = TOPICS[name]
        qos = SENSOR_QOS if topic.sensor else RESULT_QOS
        self.node.create_subscription(topic.kind, topic.name, lambda m: handler(m, time.time_ns()), qos)

    def others_hear(self, name: str) -> bool:
        """Whether a subscription of another node to the topic is known."""
        topic = TOPICS[name].name
        own = sum(s.topic_name == topic for s in self.node.subscriptions)
        return self.node.count_subscribers(topic) > own

    def others_publish(self, name: str) -> int:
        """How many publishers of other nodes the topic is known to have."""
        topic = TOPICS[name].name
        return int(self.node.count_publishers(topic)) - sum(p.topic_name == topic for p in self.node.publishers)

    def publisher(self, name: str) -> Publisher:
        """A publisher of the topic with the quality of service that it has in the stack."""
        topic = TOPICS[name]
        return self.node.create_publisher(topic.kind, topic.name, SENSOR_QOS if topic.sensor else RESULT_QOS)

    def get_parameter(self, node: str, name: str, timeout: float) -> Any:
        """The value of a node's parameter; None if the node does not answer in time, or has none of that name."""
        client = self.node.create_client(GetParameters, f"/{node}/get_parameters")
        end = time.monotonic() + timeout
        while not client.service_is_ready() and time.monotonic() < end:
            self.spin_once(0.05)
        future = client.call_async(GetParameters.Request(names=[name]))
        while not future.done() and time.monotonic() < end:
            self.spin_once(0.05)
        answer = future.result() if future.done() else None
        self.node.destroy_client(client)
        return parameter_value_to_python(answer.values[0]) if answer is not None and answer.values else None

    def set_parameter(self, node: str, name: str, value: float) -> bool:
        """Ask a node to change a parameter; False if its service is not known yet."""
        if node not in self._clients:
            self._clients[node] = self.node.create_client(SetParameters, f"/{node}/set_parameters")
        if not self._clients[node].service_is_ready():
            return False
        parameter = Parameter(name, value=value).to_parameter_msg()
        self._clients[node].call_async(SetParameters.Request(parameters=[parameter]))
        return True


def decode(name: str, cdr: bytes) -> Any:
    """The message of a topic by its key in `TOPICS`."""
    return deserialize_message(cdr, TOPICS[name].kind)
