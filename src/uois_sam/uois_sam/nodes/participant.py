"""A node of a command: it takes part in a domain for as long as a `with` statement lasts."""

from __future__ import annotations

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from uois_sam.closeable import Closeable


class Participant(Closeable):
    """Initialises the middleware of this process, and shuts it down again; use it in a `with` statement.

    Attributes:
        node: that takes part.
    """

    def __init__(self, domain: int, name: str) -> None:
        """Join a ROS domain with a node of this name."""
        rclpy.init(args=[], domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self.node = Node(name, enable_rosout=False, start_parameter_services=False)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)

    def spin_once(self, timeout: float) -> None:
        """Handle what has come, at most one message; wait up to `timeout` seconds for it."""
        self._executor.spin_once(timeout_sec=timeout)

    def close(self) -> None:
        """Leave the domain."""
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()
