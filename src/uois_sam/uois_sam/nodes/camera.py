"""The camera node: any frame source as the topics of a camera driver."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rclpy.lifecycle import LifecyclePublisher
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from uois_sam.errors import InputError, SourceError
from uois_sam.nodes.convert import camera_to_msg, depth_to_msg, image_to_msg
from uois_sam.nodes.diagnostics import publisher_events
from uois_sam.nodes.executable import run
from uois_sam.nodes.frames import StampedFrame
from uois_sam.nodes.health import Level
from uois_sam.nodes.lifecycle import ManagedNode
from uois_sam.nodes.parameters import Row
from uois_sam.nodes.stamps import to_time
from uois_sam.nodes.topics import CAMERA_INFO, DEPTH, IMAGE, SENSOR_QOS
from uois_sam.sources.source import FrameSource, open_source
from uois_sam.types import Frame

ROWS = (
    Row("source", "bundled", "bundled, synthetic, folder:PATH, video:PATH, bag:PATH, device:N, or a path"),
    Row("rate", 0.0, "frames per second; 0 takes the source's own, or 10 without one", 0.0, 1000.0, live=True),
    Row("loop", True, "begin again at the end of the source"),
    Row("exit_at_end", False, "end the process at the end of the source"),
    Row("wait_for_subscribers", 0, "hold the first frame back until so many subscribe to the image", 0, 100),
    Row("use_source_stamps", False, "stamp with the source's own times instead of now"),
    Row("frame_id", "camera_color_optical_frame", "optical frame of image and depth"),
)

_DEFAULT_RATE = 10.0
_RETRY = 1.0
_POLL = 0.05
_TRIES = 100
_SETTLE = 0.5
"""Seconds until a subscriber that we see has seen us too; best effort would lose the first frame."""


class CameraNode(ManagedNode):
    """Publishes image, depth and camera_info under the names of realsense-ros, all with one stamp.

    There are publishers for what the source's first frame has: colour alone, or depth and intrinsics too.

    Attributes:
        listeners: called in this process with each frame, on the camera's thread.
        ready: whether somebody waits for frames; asked while `wait_for_subscribers` holds the first one back.
    """

    def __init__(
        self, at_end: Callable[[], None], *, open_frames: Callable[..., FrameSource] = open_source, **kwargs: Any
    ) -> None:
        """Make the node.

        Args:
            at_end: ends the process; called when the source has ended and `exit_at_end` is set.
            open_frames: opens the source that the parameter names.
        """
        self._open = open_frames
        self._source: FrameSource | None = None
        self._thread: threading.Thread | None = None
        self._ahead: Frame | None = None
        self._stopping = threading.Event()
        self._outputs: dict[str, LifecyclePublisher] = {}
        self.listeners: list[Callable[[StampedFrame], None]] = []
        self.ready = self._has_subscribers
        self._at_end = at_end
        super().__init__("camera", ROWS, **kwargs)

    def setup(self) -> None:
        self._source = self._open(self.parameters["source"], loop=self.parameters["loop"])
        self.get_logger().info(self._source.describe())
        first = self._look_ahead(self._source)
        # Who listens waits for the depth and intrinsics of each image where there is a publisher of them.
        # The image comes last: a subscriber that sees its publisher has seen the others.
        topics: dict[str, tuple[type, str]] = {}
        if first.camera is not None:
            topics["camera_info"] = (CameraInfo, CAMERA_INFO)
        if first.depth is not None:
            topics["depth"] = (Image, DEPTH)
        topics["image"] = (Image, IMAGE)
        self._outputs = {
            name: self.create_lifecycle_publisher(
                kind, topic, SENSOR_QOS, event_callbacks=publisher_events(self, self.health, topic)
            )
            for name, (kind, topic) in topics.items()
        }

    def teardown(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = self._ahead = None
        for output in self._outputs.values():
            self.destroy_lifecycle_publisher(output)
        self._outputs = {}

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=10.0)

    def _has_subscribers(self) -> bool:
        count: int = self._outputs["image"].get_subscription_count()
        return count >= self.parameters["wait_for_subscribers"]

    def _run(self) -> None:
        try:
            self._play()
        except Exception as error:
            self.get_logger().error("".join(traceback.format_exception(error)))
            self.health.set_fault("source", f"stopped by {type(error).__name__}: {error}")

    def _play(self) -> None:
        """Publish frame after frame at the wanted rate until stopped."""
        if self.parameters["wait_for_subscribers"]:
            while not self.ready():
                if self._stopping.wait(_POLL):
                    return
            if self._stopping.wait(_SETTLE):
                return
        due = time.monotonic()
        while not self._stopping.is_set():
            frame = self._next()
            if frame is None:
                return
            now = time.monotonic()
            if self._stopping.wait(max(0.0, due - now)):
                return
            due = max(due, now - self._period()) + self._period()
            self._publish(frame)

    def _look_ahead(self, source: FrameSource) -> Frame:
        """The first usable frame, which tells what the source has; recordings give it again."""
        for _ in range(_TRIES):
            try:
                frame = next(source)
            except InputError as error:
                self.refuse(error)
            except StopIteration:
                break
            else:
                self._ahead = None if hasattr(source, "reopen") else frame  # a device has a newer one by then
                return frame
        raise SourceError(f"source {self.parameters['source']!r} has no frame that can be used")

    def _next(self) -> Frame | None:
        """The next usable frame; None at the end or when stopped."""
        if self._ahead is not None:
            frame, self._ahead = self._ahead, None
            self.health.count("received")
            return frame
        source = self._source
        while source is not None and not self._stopping.is_set():
            try:
                frame = next(source)
            except InputError as error:
                self.refuse(error)
            except SourceError as error:
                if not self._recover(source, error):
                    return None
            except StopIteration:
                self._end(f"source {self.parameters['source']!r} has ended")
                return None
            else:
                self.health.count("received")
                return frame
        return None

    def _recover(self, source: FrameSource, error: SourceError) -> bool:
        """Wait for a lost device to return; False if the source is none, or the node is stopped meanwhile."""
        reopen = getattr(source, "reopen", None)
        if reopen is None:
            self._end(str(error))
            return False
        self.get_logger().error(f"{error}; trying again every second")
        while True:
            self.health.set_fault("source", str(error))
            if self._stopping.wait(_RETRY):
                return False
            try:
                reopen()
            except SourceError as again:
                error = again
            else:
                self.health.clear_fault("source")
                self.get_logger().info(f"source is back: {source.describe()}")
                return True

    def _end(self, reason: str) -> None:
        self.get_logger().info(reason)
        self.health.set_fault("source", reason, Level.WARN)
        if self.parameters["exit_at_end"]:
            self._stopping.wait(self._period())  # the last frame stays on for its time
            self._at_end()

    def _period(self) -> float:
        own = self._source.rate if self._source is not None else None
        return 1.0 / (self.parameters["rate"] or own or _DEFAULT_RATE)

    def _publish(self, frame: Frame) -> None:
        header = Header(frame_id=self.parameters["frame_id"])
        camera = None if frame.camera is None else replace(frame.camera, frame_id=header.frame_id)
        contents: dict[str, tuple[Any, Callable[[Any, Header], Any]]] = {
            "image": (frame.image, image_to_msg),
            "depth": (frame.depth, depth_to_msg),
            "camera_info": (camera, camera_to_msg),
        }
        messages = {
            name: convert(content, header)
            for name, (content, convert) in contents.items()
            if content is not None and self._wanted(name)
        }
        if self.parameters["use_source_stamps"] and frame.stamp is not None:
            header.stamp = to_time(frame.stamp)
        else:
            header.stamp = self.get_clock().now().to_msg()
        for listener in self.listeners:
            listener(StampedFrame(header, replace(frame, camera=camera)))
        for name, message in messages.items():
            self._outputs[name].publish(message)
        self.health.count("answered")

    def _wanted(self, name: str) -> bool:
        output = self._outputs.get(name)
        return output is not None and output.get_subscription_count() > 0


def main(arguments: list[str] | None = None) -> None:
    """The `camera` executable."""
    sys.exit(run(lambda end: [CameraNode(end)], arguments))
