"""The grasp bridge node: instance masks and depth in, metric clouds out."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from uois_sam_msgs.msg import InstanceArray, InstanceCloudArray
from uois_sam_msgs.srv import GetInstanceCloud

from uois_sam.errors import InputError, TooFewPointsError, UoisSamError
from uois_sam.grasping.clouds import InstanceCloud, instance_cloud, scene_cloud
from uois_sam.grasping.settings import CLOUD_RANGES, CloudSettings
from uois_sam.grasping.transform import transform_instance, transform_scene
from uois_sam.nodes.convert import cloud_to_msg, instance_cloud_to_msg, instances_from_msg
from uois_sam.nodes.diagnostics import publisher_events, subscription_events
from uois_sam.nodes.executable import run
from uois_sam.nodes.frames import INPUT_ROWS, FrameInput, RawFrame, StampedFrame
from uois_sam.nodes.held import HeldFrames
from uois_sam.nodes.lifecycle import ManagedNode
from uois_sam.nodes.matching import StampMatcher
from uois_sam.nodes.parameters import Row, settings_rows
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.topics import INSTANCES, RESULT_QOS
from uois_sam.nodes.transforms import TransformLookup
from uois_sam.nodes.worker import FrameWorker
from uois_sam.types import Camera, Instances

ROWS = (
    Row("target_frame", "", "tf frame of the clouds, looked up at the image's stamp; empty for the optical frame"),
    Row("keep_frames", 5, "newest frames that ~/get_instance_cloud can still answer", 1, 100),
    *INPUT_ROWS,
    *settings_rows(CloudSettings, CLOUD_RANGES, without=("num_point", "voxel", "margin_px")),
)

Pair = tuple[RawFrame | StampedFrame, InstanceArray | Instances]


@dataclass(frozen=True)
class AnsweredFrame:
    """A frame that clouds can be cut from; arrays as in `uois_sam.types.Frame`."""

    header: Header
    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    camera: Camera
    instances: Instances

    @classmethod
    def join(cls, stamped: StampedFrame, instances: Instances) -> AnsweredFrame:
        """Put a frame and its instances together.

        Raises:
            InputError: depth or intrinsics are missing, or the label image is of another size.
        """
        frame = stamped.frame
        if frame.depth is None:
            raise InputError("there is no depth; clouds need a depth image aligned to the colour image")
        if frame.camera is None:
            raise InputError("there is no camera_info; clouds need the intrinsics of the image")
        if instances.label_image.shape != frame.depth.shape:
            raise InputError(
                f"label image is {instances.label_image.shape}, depth is {frame.depth.shape}; "
                "instances must be those of this frame"
            )
        return cls(stamped.header, frame.image, frame.depth, frame.camera, instances)


class GraspBridgeNode(ManagedNode):
    """Publishes `~/scene_cloud` and `~/instance_clouds`; serves `~/get_instance_cloud`."""

    def __init__(self, *, subscribe: bool = True, **kwargs: Any) -> None:
        """`subscribe`: False if frames and instances come through `accept` alone."""
        self._subscribe = subscribe
        self._worker: FrameWorker[Pair] | None = None
        self._input: FrameInput | None = None
        self._instances: Any = None
        self._transforms: TransformLookup | None = None
        self._held: HeldFrames[AnsweredFrame] = HeldFrames(0)
        self._outputs: dict[str, Any] = {}
        super().__init__("grasp_bridge", ROWS, [CloudSettings], **kwargs)

    def setup(self) -> None:
        self._held = HeldFrames(self.parameters["keep_frames"])
        target = self.parameters["target_frame"]
        self._transforms = TransformLookup(self, target) if target else None
        kinds = {"scene_cloud": PointCloud2, "instance_clouds": InstanceCloudArray}
        self._outputs = {
            name: self.create_lifecycle_publisher(
                kind, f"~/{name}", RESULT_QOS, event_callbacks=publisher_events(self, self.health, f"~/{name}")
            )
            for name, kind in kinds.items()
        }
        self._worker = FrameWorker("clouds", self._answer, self.refuse, lambda: self.health.count("dropped"))
        self._worker.start()
        self._server = self.create_service(
            GetInstanceCloud, "~/get_instance_cloud", self._on_get, callback_group=ReentrantCallbackGroup()
        )

    def teardown(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self.destroy_service(self._server)
        for output in self._outputs.values():
            self.destroy_lifecycle_publisher(output)
        if self._transforms is not None:
            self._transforms.close()
        self._worker, self._transforms, self._outputs = None, None, {}

    def start(self) -> None:
        if not self._subscribe:
            return
        matcher: StampMatcher[RawFrame, InstanceArray] = StampMatcher(
            lambda frame, message: self._offer((frame, message)), lambda: self.health.count("dropped")
        )
        self._input = FrameInput(
            self,
            self.health,
            lambda raw: matcher.add_frame(raw.stamp, raw),
            depth=True,
            transport=self.parameters["image_transport"],
            slop=self.parameters["sync_slop"],
            count=False,
        )

        def take(message: InstanceArray) -> None:
            self.health.arrived("instances")
            self.health.count("received")
            matcher.add_answer(stamp_ns(message.header.stamp), message)

        topic = self.resolve_topic_name(INSTANCES)
        self.health.watch("instances", topic)
        events = subscription_events(self, self.health, topic)
        self._instances = self.create_subscription(InstanceArray, topic, take, RESULT_QOS, event_callbacks=events)

    def stop(self) -> None:
        if self._input is not None:
            self._input.close()
            self.destroy_subscription(self._instances)
            self._input = None

    def accept(self, frame: StampedFrame, instances: Instances) -> None:
        """Answer a frame of a segmentation in this process, in place of subscriptions, on the caller's thread.

        One after the other the two are faster than at once: on two cores, PyTorch's threads wait for each other.
        """
        if self.state != "active":
            return
        self.health.count("received")
        try:
            self._answer((frame, instances))
        except Exception as error:
            self.refuse(error)

    def _offer(self, pair: Pair) -> None:
        if self._worker is not None:
            self._worker.offer(pair)

    def _answer(self, pair: Pair) -> None:
        start = time.perf_counter()
        item, answer = pair
        frame = item.decode(self.parameters["depth_unit"]) if isinstance(item, RawFrame) else item
        instances = instances_from_msg(answer) if isinstance(answer, InstanceArray) else answer
        answered = AnsweredFrame.join(frame, instances)
        self._held.add(frame.stamp, answered)
        converted = time.perf_counter()
        self._publish(answered)
        self.health.count("answered")
        self.health.time_stages(
            {"convert": 1e3 * (converted - start), "clouds": 1e3 * (time.perf_counter() - converted)}
        )

    def _publish(self, answered: AnsweredFrame) -> None:
        wanted = [name for name, output in self._outputs.items() if output.get_subscription_count() > 0]
        if not wanted:
            return
        header, transform = self._target(answered)
        settings = self.parameters.settings(CloudSettings)
        if "scene_cloud" in wanted:
            points = scene_cloud(
                answered.depth, answered.camera, answered.image, answered.instances.label_image, settings
            )
            if transform is not None:
                points = transform_scene(points, transform)
            self._outputs["scene_cloud"].publish(cloud_to_msg(points, header))
        if "instance_clouds" in wanted:
            message = InstanceCloudArray(header=header)
            for instance in answered.instances:
                try:
                    cloud = self._cut(answered, instance.label, transform)
                except TooFewPointsError as error:
                    message.refused_ids.append(instance.id)
                    message.refusals.append(str(error))
                else:
                    message.clouds.append(instance_cloud_to_msg(cloud, header))
            self._outputs["instance_clouds"].publish(message)

    def _target(self, answered: AnsweredFrame) -> tuple[Header, NDArray[np.float64] | None]:
        """The header of the clouds, and the transform to its frame."""
        header = answered.header
        if self._transforms is None:
            return header, None
        return Header(stamp=header.stamp, frame_id=self._transforms.target_frame), self._transforms.at(header)

    def _cut(self, answered: AnsweredFrame, label: int, transform: NDArray[np.float64] | None) -> InstanceCloud:
        settings = self.parameters.settings(CloudSettings)
        cloud = instance_cloud(
            answered.depth, answered.camera, answered.image, answered.instances, label, settings
        )
        return cloud if transform is None else transform_instance(cloud, transform)

    async def _on_get(
        self, request: GetInstanceCloud.Request, response: GetInstanceCloud.Response
    ) -> GetInstanceCloud.Response:
        try:
            header, cloud = await self.on_worker(
                self._worker, partial(self._get, stamp_ns(request.stamp), request.instance_id)
            )
        except UoisSamError as error:
            response.message = str(error)
            return response
        response.success = True
        response.header = header
        response.cloud = instance_cloud_to_msg(cloud, header)
        response.message = f"{len(cloud.points)} points of {cloud.measured_points} measured"
        return response

    def _get(self, stamp: int, instance_id: int) -> tuple[Header, InstanceCloud]:
        answered = self._held.find(stamp)
        ids = answered.instances.id.tolist()
        if instance_id not in ids:
            raise InputError(f"the frame has no instance {instance_id}; it has {ids or 'none'}")
        header, transform = self._target(answered)
        return header, self._cut(answered, ids.index(instance_id) + 1, transform)


def main(arguments: list[str] | None = None) -> None:
    """The `grasp_bridge` executable."""
    sys.exit(run(lambda _: [GraspBridgeNode()], arguments))
