"""How an executable runs its nodes, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from uois_sam.memory import keep_freed_memory
from uois_sam.nodes.lifecycle import ManagedNode
from uois_sam.spinning import spin_briefly

_open_sockets: list[socket.socket] = []
"""Kept open as long as the process lives."""


class Ending:
    """Lets any thread end the executor's spinning."""

    def __init__(self, executor: SingleThreadedExecutor) -> None:
        self._executor = executor
        self.asked = threading.Event()

    def __call__(self) -> None:
        """Ask for the end."""
        self.asked.set()
        self._executor.create_task(lambda: None)  # so that the executor looks up


def run(make_nodes: Callable[[Callable[[], None]], Sequence[Node]], arguments: list[str] | None = None) -> int:
    """Spin nodes until a signal or one of them asks for the end; then close them while they can still speak.

    Args:
        make_nodes: called once the middleware is up, with a function that ends the process.
        arguments: of the command line; sys.argv where None.

    Returns:
        The exit code: 0, or 2 after one line for a parameter that was refused.
    """
    keep_freed_memory()
    spin_briefly()
    # The middleware's own signal handlers would take the context away under the worker threads.
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor()
    end = Ending(executor)
    _end_on_signals(end)
    nodes: Sequence[Node] = ()
    try:
        nodes = make_nodes(end)
        for node in nodes:
            executor.add_node(node)
        while not end.asked.is_set():
            executor.spin_once()
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        print(f"uois_sam: {error}", file=sys.stderr)
        return 2
    except ExternalShutdownException:
        pass
    finally:
        for node in nodes:
            if isinstance(node, ManagedNode):
                node.close()
        executor.shutdown()
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _end_on_signals(end: Callable[[], None]) -> None:
    """End at the first SIGINT or SIGTERM, at once at the second.

    The executor's thread waits outside Python, so that a handler would run late; a thread of its own reads what
    the interpreter's C handler writes at once, whichever thread the signal hits.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _nothing)

    def watch() -> None:
        receiver.recv(1)
        end()
        receiver.recv(1)
        os._exit(130)

    threading.Thread(target=watch, daemon=True).start()
    _open_sockets.extend((receiver, sender))


def _nothing(*_: object) -> None:
    """A handler must be set for the wake-up to be written."""
