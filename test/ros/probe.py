"""The tests' own side of the middleware: a node that spins in a thread, inboxes that wait, and node processes."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from doubles import BLOBS, SLOW_BLOBS
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Log, SetParametersResult
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from uois_sam_msgs.msg import InstanceArray, InstanceCloudArray
from uois_sam_msgs.srv import CorrectInstance

from uois_sam.nodes.convert import camera_to_msg, depth_to_msg, image_to_msg
from uois_sam.nodes.stamps import stamp_ns, to_time
from uois_sam.nodes.topics import CAMERA_INFO, DEPTH, IMAGE, RESULT_QOS, SENSOR_QOS
from uois_sam.types import Camera

WAIT = 120.0
"""Seconds that a test waits for what must come."""

CAMERA = Camera(150.0, 150.0, 79.5, 59.5, 160, 120)


class Inbox:
    """The messages of one topic, and waiting for one of them."""

    def __init__(self) -> None:
        self.messages: deque[Any] = deque(maxlen=500)
        self._changed = threading.Condition()

    def put(self, message: Any) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self.messages.clear()

    def wait(self, accept: Callable[[Any], bool] = lambda _: True, timeout: float = WAIT) -> Any:
        """The first message that is accepted; None if none comes in time."""

        def found() -> list[Any]:
            return [m for m in self.messages if accept(m)]

        with self._changed:
            return next(iter(self._changed.wait_for(found, timeout) or []), None)


class Probe:
    """Plays the camera, and the one who listens."""

    def __init__(self) -> None:
        self.node = Node("probe")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.info = self.node.create_publisher(CameraInfo, CAMERA_INFO, SENSOR_QOS)
        self.depth = self.node.create_publisher(Image, DEPTH, SENSOR_QOS)
        self.image = self.node.create_publisher(Image, IMAGE, SENSOR_QOS)
        self.diagnostics = self.listen(DiagnosticArray, "/diagnostics", RESULT_QOS)
        latched = QoSProfile(
            depth=1000, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
        )
        self.log = self.listen(Log, "/rosout", latched)
        self.stamp = time.time_ns()
        self._stopping = False
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopping = True
        self.executor.wake()
        self._thread.join(WAIT)
        self.executor.shutdown()
        self.node.destroy_node()

    def _spin(self) -> None:
        while not self._stopping:
            self.executor.spin_once(timeout_sec=0.1)

    def listen(self, kind: type, topic: str, qos: QoSProfile = RESULT_QOS) -> Inbox:
        """Subscribe; everything that comes lands in the inbox."""
        inbox = Inbox()
        self.node.create_subscription(kind, topic, inbox.put, qos)
        return inbox

    def until(self, condition: Callable[[], Any], what: str, timeout: float = WAIT) -> Any:
        """Ask again until the answer is true; for what the middleware has no event for."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            answer = condition()
            if answer:
                return answer
            self._pause()
        raise AssertionError(f"{what}: not within {timeout:g} s")

    def _pause(self) -> None:
        threading.Event().wait(0.02)

    def next_stamp(self) -> int:
        self.stamp += 33_000_000
        return self.stamp

    def send(
        self,
        image: np.ndarray | Image | None,
        depth: np.ndarray | Image | None = None,
        camera: Camera | CameraInfo | None = CAMERA,
        stamp: int | None = None,
    ) -> int:
        """Publish a frame with one stamp, which is returned; what is None is left out."""
        stamp = self.next_stamp() if stamp is None else stamp
        header = Image().header
        header.stamp, header.frame_id = to_time(stamp), "camera_color_optical_frame"
        for publisher, content, convert in (
            (self.info, camera, camera_to_msg),
            (self.depth, depth, depth_to_msg),
            (self.image, image, image_to_msg),
        ):
            if content is not None:
                message = content if isinstance(content, Image | CameraInfo) else convert(content, header)
                message.header = header
                publisher.publish(message)
        return stamp

    def answer(self, inbox: Inbox, send: Callable[[], int], timeout: float = WAIT) -> Any:
        """Send a frame until one of them is answered: best effort may lose any."""
        stamps: set[int] = set()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            stamps.add(send())
            found = inbox.wait(lambda m: stamp_ns(m.header.stamp) in stamps, 3.0)
            if found is not None:
                return found
        raise AssertionError(f"no answer to {len(stamps)} frames within {timeout:g} s")

    def refusal(self, node: str, send: Callable[[], int], timeout: float = WAIT) -> str:
        """Send a frame until the node's log tells of a refusal; the line."""
        self.log.clear()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            send()
            found = self.log.wait(lambda m: m.name == node and m.msg.startswith("frame refused"), 3.0)
            if found is not None:
                return str(found.msg)
        raise AssertionError(f"{node} refused nothing within {timeout:g} s")

    def status(
        self, node: str, accept: Callable[[DiagnosticStatus], bool] = lambda _: True, timeout: float = WAIT
    ) -> DiagnosticStatus:
        """The next report of a node that is accepted."""
        self.diagnostics.clear()
        name = f"{node}: {node.rpartition('/')[2]}"
        found = self.diagnostics.wait(lambda m: m.status[0].name == name and accept(m.status[0]), timeout)
        last = [m.status[0].message for m in self.diagnostics.messages if m.status[0].name == name]
        assert found is not None, f"no such report of {node}; the last were {last[-3:]}"
        return found.status[0]

    def call(self, kind: type, name: str, request: Any, timeout: float = WAIT) -> Any:
        """Call a service and wait for its answer."""
        client = self.node.create_client(kind, name)
        try:
            self.until(client.service_is_ready, f"service {name}", timeout)
            done = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _: done.set())
            assert done.wait(timeout), f"{name} did not answer within {timeout:g} s"
            return future.result()
        finally:
            self.node.destroy_client(client)

    def correct(self, *clicks: tuple[float, float, int], instance: int = 0, stamp: int = 0) -> Any:
        """Clicks (x, y, label) on a held frame's instance, or on a new one."""
        xs, ys, labels = zip(*clicks, strict=True) if clicks else ((), (), ())
        request = CorrectInstance.Request(stamp=to_time(stamp), instance_id=instance)
        request.xs, request.ys, request.labels = list(xs), list(ys), list(labels)
        return self.call(CorrectInstance, "/segmentation/correct", request)

    def state(self, node: str) -> str:
        return str(self.call(GetState, f"{node}/get_state", GetState.Request()).current_state.label)

    def change(self, node: str, transition: str) -> bool:
        request = ChangeState.Request(transition=Transition(label=transition))
        return bool(self.call(ChangeState, f"{node}/change_state", request).success)

    def active(self, node: str) -> None:
        """Wait until a node is active."""
        self.until(lambda: self.state(node) == "active", f"{node} active")

    def set(self, node: str, **values: Any) -> list[SetParametersResult]:
        parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        request = SetParameters.Request(parameters=parameters)
        return list(self.call(SetParameters, f"{node}/set_parameters", request).results)

    def get(self, node: str, *names: str) -> list[Any]:
        answer = self.call(GetParameters, f"{node}/get_parameters", GetParameters.Request(names=list(names)))
        return [rclpy.parameter.parameter_value_to_python(value) for value in answer.values]


def values(status: DiagnosticStatus) -> dict[str, str]:
    """The table of a report."""
    return {v.key: v.value for v in status.values}


def instances_of(probe: Probe, namespace: str = "") -> Inbox:
    return probe.listen(InstanceArray, f"{namespace}segmentation/instances")


def clouds_of(probe: Probe, namespace: str = "") -> Inbox:
    return probe.listen(InstanceCloudArray, f"{namespace}grasp_bridge/instance_clouds")


class NodeProcess:
    """An executable of the package in a process of its own, with the test doubles of `run_node.py`."""

    def __init__(self, executable: str, *arguments: str, **parameters: Any) -> None:
        command = [sys.executable, str(Path(__file__).with_name("run_node.py")), executable, "--ros-args"]
        if parameters.get("model") in (BLOBS, SLOW_BLOBS):
            parameters = {"adaptation": "none", **parameters}  # it has no decoder that could learn
        for name, value in parameters.items():
            command += ["-p", f"{name}:={str(value).lower() if isinstance(value, bool) else value}"]
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self.lines: list[str] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip())
                self._changed.notify_all()

    def line(self, pattern: str, timeout: float = WAIT) -> str:
        """Wait for a line of output."""

        def found() -> list[str]:
            return [line for line in self.lines if re.search(pattern, line)]

        with self._changed:
            assert self._changed.wait_for(found, timeout), f"no {pattern!r} in\n" + "\n".join(self.lines)
            return found()[0]

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait(self, timeout: float = WAIT) -> int:
        return self.process.wait(timeout)

    def kill(self) -> None:
        """End it as a crash does."""
        with freeing_shared_memory(self.process.pid):
            self.process.kill()
            self.process.wait(WAIT)

    def stop(self) -> int:
        """End it as Ctrl-C does; the exit code."""
        if self.alive:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@contextmanager
def freeing_shared_memory(pid: int) -> Iterator[None]:
    """Free afterwards what a process leaves in shared memory when it is killed in the block: 64 MiB each time."""
    names = set(
        re.findall(r"/dev/shm/(fastrtps_[0-9a-f]{16})$", Path(f"/proc/{pid}/maps").read_text(), re.MULTILINE)
    )
    yield
    for name in names:
        lock = Path("/dev/shm", f"{name}_el")
        with suppress(OSError), lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its owner lives
            lock.unlink()
            lock.with_name(name).unlink()
