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
from uois_sam_msgs.msg import InstanceArray, InstanceCloudArray, PartArray, PartCloudArray
from uois_sam_msgs.srv import GetInstanceCloud

from uois_sam.errors import InputError, TooFewPointsError, UoisSamError
from uois_sam.grasping.clouds import InstanceCloud, instance_cloud, scene_cloud
from uois_sam.grasping.part_clouds import part_clouds
from uois_sam.grasping.settings import CLOUD_RANGES, CloudSettings
from uois_sam.grasping.transform import transform_instance, transform_scene
from uois_sam.nodes.convert import cloud_to_msg, instance_cloud_to_msg, instances_from_msg
from uois_sam.nodes.diagnostics import publisher_events
from uois_sam.nodes.executable import run
from uois_sam.nodes.frames import INPUT_ROWS, RawFrame, StampedFrame
from uois_sam.nodes.held import HeldFrames
from uois_sam.nodes.instance_input import InstanceInput, PartInput
from uois_sam.nodes.lifecycle import ManagedNode
from uois_sam.nodes.parameters import Row, settings_rows
from uois_sam.nodes.part_messages import part_cloud_to_msg, parts_from_msg
from uois_sam.nodes.session import SegmentedFrame
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.topics import RESULT_QOS
from uois_sam.nodes.transforms import TransformLookup
from uois_sam.nodes.worker import FrameWorker
from uois_sam.parts.preference import grasp_of_points
from uois_sam.types import Camera, Instances, Part, Parts

ROWS = (
    Row("target_frame", "", "tf frame of the clouds, looked up at the image's stamp; empty for the optical frame"),
    Row("keep_frames", 5, "newest frames that ~/get_instance_cloud can still answer", 1, 100),
    Row("use_parts", False, "wait for parts: publish their clouds, and mark where a gripper may hold a thing"),
    *INPUT_ROWS,
    *settings_rows(CloudSettings, CLOUD_RANGES, without=("num_point", "voxel", "margin_px")),
)

Answers = tuple[RawFrame | StampedFrame, InstanceArray | Instances, PartArray | Parts | None]


@dataclass(frozen=True)
class AnsweredFrame:
    """A frame that clouds can be cut from; arrays as in `uois_sam.types.Frame`."""

    header: Header
    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    camera: Camera
    instances: Instances
    parts: Parts | None

    @classmethod
    def join(cls, stamped: StampedFrame, instances: Instances, parts: Parts | None) -> AnsweredFrame:
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
        return cls(stamped.header, frame.image, frame.depth, frame.camera, instances, parts)

    def parts_of(self, instance_id: int) -> list[Part] | None:
        """The parts of one instance; None where nobody looked for parts."""
        return None if self.parts is None else [p for p in self.parts if p.instance_id == instance_id]


class GraspBridgeNode(ManagedNode):
    """Publishes `~/scene_cloud`, `~/instance_clouds` and `~/part_clouds`; serves `~/get_instance_cloud`."""

    def __init__(self, *, subscribe: bool = True, **kwargs: Any) -> None:
        """`subscribe`: False if frames and instances come through `accept` alone."""
        self._subscribe = subscribe
        self._worker: FrameWorker[Answers] | None = None
        self._input: InstanceInput | None = None
        self._part_input: PartInput | None = None
        self._transforms: TransformLookup | None = None
        self._held: HeldFrames[AnsweredFrame] = HeldFrames(0)
        self._outputs: dict[str, Any] = {}
        super().__init__("grasp_bridge", ROWS, [CloudSettings], **kwargs)

    def setup(self) -> None:
        self._held = HeldFrames(self.parameters["keep_frames"])
        target = self.parameters["target_frame"]
        self._transforms = TransformLookup(self, target) if target else None
        kinds = {
            "scene_cloud": PointCloud2,
            "instance_clouds": InstanceCloudArray,
            "part_clouds": PartCloudArray,
        }
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
        if self.parameters["use_parts"]:
            waiting = PartInput(self, self.health, lambda pair, parts: self._offer((*pair, parts)))
            self._part_input = waiting

            def matched(pair: tuple[RawFrame, InstanceArray]) -> None:
                waiting.add(pair[0].stamp, pair)
        else:

            def matched(pair: tuple[RawFrame, InstanceArray]) -> None:
                self._offer((*pair, None))

        self._input = InstanceInput(self, self.health, matched, self.parameters, depth=True)

    def stop(self) -> None:
        for subscribed in (self._input, self._part_input):
            if subscribed is not None:
                subscribed.close()
        self._input, self._part_input = None, None

    def accept(self, segmented: SegmentedFrame, parts: Parts | None = None) -> None:
        """Answer a frame of this process's segmentation, and its parts, in place of subscriptions.

        On the caller's thread: one after the other the two are faster than at once, for on two cores PyTorch's
        threads wait for each other.
        """
        if self.state != "active":
            return
        self.health.count("received")
        try:
            self._answer((segmented.frame, segmented.instances, parts))
        except Exception as error:
            self.refuse(error)

    def _offer(self, answers: Answers) -> None:
        if self._worker is not None:
            self._worker.offer(answers)

    def _answer(self, answers: Answers) -> None:
        start = time.perf_counter()
        item, answer, found = answers
        frame = item.decode(self.parameters["depth_unit"]) if isinstance(item, RawFrame) else item
        instances = instances_from_msg(answer) if isinstance(answer, InstanceArray) else answer
        parts = parts_from_msg(found, *instances.label_image.shape) if isinstance(found, PartArray) else found
        answered = AnsweredFrame.join(frame, instances, parts)
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
        if "instance_clouds" in wanted or "part_clouds" in wanted:
            clouds = InstanceCloudArray(header=header)
            of_parts = PartCloudArray(header=header)
            for instance in answered.instances:
                try:
                    cloud = self._cut(answered, instance.label, transform)
                except TooFewPointsError as error:
                    clouds.refused_ids.append(instance.id)
                    clouds.refusals.append(str(error))
                else:
                    clouds.clouds.append(instance_cloud_to_msg(cloud, header, _grasp(answered, cloud)))
                    parts = answered.parts_of(instance.id) or []
                    of_parts.clouds += [
                        part_cloud_to_msg(p, header) for p in part_clouds(cloud, parts, answered.camera.width)
                    ]
            for name, message in (("instance_clouds", clouds), ("part_clouds", of_parts)):
                if name in wanted:
                    self._outputs[name].publish(message)

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
            header, cloud, grasp = await self.on_worker(
                self._worker, partial(self._get, stamp_ns(request.stamp), request.instance_id)
            )
        except UoisSamError as error:
            response.message = str(error)
            return response
        response.success = True
        response.header = header
        response.cloud = instance_cloud_to_msg(cloud, header, grasp)
        response.message = f"{len(cloud.points)} points of {cloud.measured_points} measured"
        return response

    def _get(self, stamp: int, instance_id: int) -> tuple[Header, InstanceCloud, NDArray[np.float32] | None]:
        answered = self._held.find(stamp)
        ids = answered.instances.id.tolist()
        if instance_id not in ids:
            raise InputError(f"the frame has no instance {instance_id}; it has {ids or 'none'}")
        header, transform = self._target(answered)
        cloud = self._cut(answered, ids.index(instance_id) + 1, transform)
        return header, cloud, _grasp(answered, cloud)


def _grasp(answered: AnsweredFrame, cloud: InstanceCloud) -> NDArray[np.float32] | None:
    """(N,) float32, how gladly a gripper may hold the thing at each point; None where nobody looked for parts."""
    parts = answered.parts_of(cloud.id)
    if parts is None:
        return None
    return grasp_of_points(parts, cloud.pixels, *answered.depth.shape)


def main(arguments: list[str] | None = None) -> None:
    """The `grasp_bridge` executable."""
    sys.exit(run(lambda _: [GraspBridgeNode()], arguments))
