"""The health_check executable: whether nodes are active and report no error; for containers and watchdogs.

ros2 run uois_sam health_check segmentation grasp_bridge --within 20

Exits with 0 if all are well and with 1 otherwise, after one line for each node.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import remove_ros_args

from uois_sam.nodes.topics import RESULT_QOS

_AGAIN = 1.0
"""Seconds after which a node that did not answer is asked once more."""


class Check:
    """What one node says: its lifecycle state when asked, and its report on /diagnostics."""

    def __init__(self, node: Node, name: str) -> None:
        """Begin to ask and listen.

        Args:
            node: asks.
            name: of the node that is asked; relative to the namespace of `node`, or absolute.
        """
        self.name = name if name.startswith("/") else f"{node.get_namespace().rstrip('/')}/{name}"
        self.state = ""
        self.report: DiagnosticStatus | None = None
        self._client = node.create_client(GetState, f"{self.name}/get_state")
        self._asked = -_AGAIN
        node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, RESULT_QOS)

    @property
    def complete(self) -> bool:
        """Whether both have come."""
        return bool(self.state) and self.report is not None

    @property
    def well(self) -> bool:
        """Whether the node is active and reports no error."""
        return self.state == "active" and self.report is not None and self.report.level < DiagnosticStatus.ERROR

    def ask(self) -> None:
        """Ask for the state once the node has reported: while it loads it could not answer."""
        due = self.report is not None and not self.state and time.monotonic() - self._asked >= _AGAIN
        if due and self._client.service_is_ready():
            self._asked = time.monotonic()
            self._client.call_async(GetState.Request()).add_done_callback(
                lambda future: setattr(self, "state", future.result().current_state.label)
            )

    def line(self) -> str:
        """What came, for a person."""
        if self.report is None:
            return f"{self.name}: does not report"
        return f"{self.name}: {self.state or 'does not answer'}; {self.report.message}"

    def _hear(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.partition(":")[0] == self.name:
                self.report = status


def main(arguments: Sequence[str] | None = None) -> None:
    """The `health_check` executable."""
    words = list(sys.argv if arguments is None else ["health_check", *arguments])
    parser = argparse.ArgumentParser(
        prog="health_check", description="Whether nodes are active and report no error."
    )
    parser.add_argument(
        "nodes", nargs="+", metavar="NODE", help="name, such as segmentation or /left/segmentation"
    )
    parser.add_argument(
        "--within", type=float, default=10.0, metavar="SECONDS", help="to wait for them (default 10)"
    )
    options = parser.parse_args(remove_ros_args(words)[1:])

    rclpy.init(args=words)
    node = Node(f"health_check_{os.getpid()}")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    checks = [Check(node, name) for name in options.nodes]
    end = time.monotonic() + options.within
    while time.monotonic() < end and not all(check.complete for check in checks):
        for check in checks:
            check.ask()
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown()
    for check in checks:
        print(check.line())
    sys.exit(0 if all(check.well for check in checks) else 1)
