"""Publishes a node's health on /diagnostics once a second, and listens for publishers it can never hear."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import psutil
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import qos_policy_name_from_kind

from uois_sam.nodes.health import Health, Level

PERIOD = 1.0


class DiagnosticsPublisher:
    """The 1 Hz report of one node."""

    def __init__(self, node: Node, health: Health) -> None:
        self._node = node
        self._health = health
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        node.create_timer(PERIOD, self.publish)

    def publish(self) -> None:
        """Send one DiagnosticArray with one status."""
        report = self._health.report()
        status = DiagnosticStatus(
            level=bytes([report.level]),
            name=f"{self._node.get_fully_qualified_name()}: {self._node.get_name()}",
            message=report.message,
            hardware_id=socket.gethostname(),
            values=[KeyValue(key=k, value=v) for k, v in (report.values | process()).items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)


def process() -> dict[str, str]:
    """The process's id and memory and, where PyTorch uses one, that of the CUDA device."""
    values = {
        "process id": str(os.getpid()),
        "resident memory MB": f"{psutil.Process().memory_info().rss / 1e6:.0f}",
    }
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        values["device memory MB"] = f"{torch.cuda.memory_allocated() / 1e6:.0f}"
        values["device memory reserved MB"] = f"{torch.cuda.memory_reserved() / 1e6:.0f}"
    return values


def subscription_events(node: Node, health: Health, topic: str) -> SubscriptionEventCallbacks:
    """Log and report a publisher whose quality of service does not fit."""

    return SubscriptionEventCallbacks(
        incompatible_qos=lambda event: _warn(
            node,
            health,
            topic,
            f"a publisher of {topic} offers incompatible {_policy(event)}; nothing will come from it",
        )
    )


def publisher_events(node: Node, health: Health, topic: str) -> PublisherEventCallbacks:
    """Log and report a subscriber whose quality of service does not fit."""

    return PublisherEventCallbacks(
        incompatible_qos=lambda event: _warn(
            node,
            health,
            topic,
            f"a subscriber of {topic} requests incompatible {_policy(event)}; nothing will reach it",
        )
    )


def _policy(event: Any) -> str:
    return str(qos_policy_name_from_kind(event.last_policy_kind))


def _warn(node: Node, health: Health, topic: str, text: str) -> None:
    node.get_logger().warning(text)
    health.set_fault(f"qos of {topic}", text, Level.WARN)
