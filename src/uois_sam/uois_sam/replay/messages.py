"""The stack's results as messages in an output bag: topics, types and fields are those of the running nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.grasping.cloud_layout import cloud_layout, coloured_points, point_fields
from uois_sam.grasping.clouds import InstanceCloud
from uois_sam.grasping.part_clouds import PartCloud
from uois_sam.sources.bag_writer import installed_interfaces
from uois_sam.sources.image_codec import image_layout
from uois_sam.types import Instance, Instances, Part, Parts

_SOURCE_TREE = Path(__file__).resolve().parents[3]


def interfaces() -> list[Path]:
    """Where the definitions of our messages are: of the built workspace, or of the source tree."""
    return [*installed_interfaces(), _SOURCE_TREE]


class ResultMessages:
    """Makes messages of one header.

    Args:
        kind: gives the class of a message type, such as `BagWriter.kind`.
        stamp: of the frame, ns.
        frame_id: of the colour image.
    """

    def __init__(self, kind: Callable[[str], Any], stamp: int, frame_id: str) -> None:
        self._kind = kind
        time = kind("builtin_interfaces/msg/Time")(sec=stamp // 10**9, nanosec=stamp % 10**9)
        self._header = kind("std_msgs/msg/Header")(stamp=time, frame_id=frame_id)

    def instances(self, instances: Instances) -> Any:
        """uois_sam_msgs/InstanceArray."""
        height, width = instances.label_image.shape
        return self._kind("uois_sam_msgs/msg/InstanceArray")(
            header=self._header,
            width=width,
            height=height,
            instances=[self._instance(one) for one in instances],
            label_image=self.label_image(instances.label_image),
        )

    def label_image(self, label_image: NDArray[np.uint16]) -> Any:
        """sensor_msgs/Image, 16UC1, of (H, W) uint16 labels."""
        return self._image(label_image, "16UC1")

    def overlay(self, image: NDArray[np.uint8]) -> Any:
        """sensor_msgs/Image, rgb8, of (H, W, 3) uint8 RGB."""
        return self._image(image, "rgb8")

    def scene_cloud(self, points: NDArray[np.void]) -> Any:
        """sensor_msgs/PointCloud2 of the structured (N,) `SCENE_FIELDS`."""
        return self._cloud(points)

    def parts(self, parts: Parts) -> Any:
        """uois_sam_msgs/PartArray."""
        kind = self._kind("uois_sam_msgs/msg/PartArray")
        return kind(header=self._header, parts=[self._part(part) for part in parts])

    def instance_clouds(
        self,
        clouds: Sequence[tuple[InstanceCloud, NDArray[np.float32] | None]],
        refused: Sequence[tuple[int, str]],
    ) -> Any:
        """uois_sam_msgs/InstanceCloudArray.

        Args:
            clouds: each with how gladly its points may be held, (N,), or None where that is not known.
            refused: id and reason of those that have none.
        """
        return self._kind("uois_sam_msgs/msg/InstanceCloudArray")(
            header=self._header,
            clouds=[self._instance_cloud(cloud, grasp) for cloud, grasp in clouds],
            refused_ids=np.array([one for one, _ in refused], np.uint32),
            refusals=[reason for _, reason in refused],
        )

    def part_clouds(self, clouds: Sequence[PartCloud]) -> Any:
        """uois_sam_msgs/PartCloudArray."""
        kind = self._kind("uois_sam_msgs/msg/PartCloudArray")
        return kind(header=self._header, clouds=[self._part_cloud(cloud) for cloud in clouds])

    def _instance(self, instance: Instance) -> Any:
        return self._kind("uois_sam_msgs/msg/Instance")(
            id=instance.id,
            label=instance.label,
            score=instance.score,
            roi=self._roi(instance.bbox),
            area=instance.area,
            prompt_x=instance.prompt[0],
            prompt_y=instance.prompt[1],
        )

    def _part(self, part: Part) -> Any:
        return self._kind("uois_sam_msgs/msg/Part")(
            instance_id=part.instance_id,
            name=part.name,
            score=part.score,
            roi=self._roi(part.bbox),
            mask=self._image(part.mask.astype(np.uint8) * np.uint8(255), "mono8"),
            graspable=part.graspable,
            preference=part.preference,
        )

    def _part_cloud(self, cloud: PartCloud) -> Any:
        return self._kind("uois_sam_msgs/msg/PartCloud")(
            instance_id=cloud.part.instance_id,
            name=cloud.part.name,
            score=cloud.part.score,
            graspable=cloud.part.graspable,
            preference=cloud.part.preference,
            cloud=self._cloud(coloured_points(cloud.points, cloud.colours)),
            centroid=self._point(cloud.centroid),
        )

    def _roi(self, box: tuple[int, int, int, int]) -> Any:
        x, y, w, h = box
        kind = self._kind("sensor_msgs/msg/RegionOfInterest")
        return kind(x_offset=x, y_offset=y, height=h, width=w, do_rectify=False)

    def _instance_cloud(self, cloud: InstanceCloud, grasp: NDArray[np.float32] | None) -> Any:
        low, high = cloud.bounds
        return self._kind("uois_sam_msgs/msg/InstanceCloud")(
            id=cloud.id,
            label=cloud.label,
            score=cloud.score,
            cloud=self._cloud(coloured_points(cloud.points, cloud.colours, grasp)),
            centroid=self._point(cloud.centroid),
            min=self._point(low),
            max=self._point(high),
            measured_points=cloud.measured_points,
        )

    def _cloud(self, points: NDArray[np.void]) -> Any:
        field = self._kind("sensor_msgs/msg/PointField")
        return self._kind("sensor_msgs/msg/PointCloud2")(
            header=self._header,
            fields=[field(**one) for one in point_fields(points.dtype)],
            data=_bytes(points),
            **cloud_layout(points),
        )

    def _image(self, pixels: NDArray[Any], encoding: str) -> Any:
        return self._kind("sensor_msgs/msg/Image")(
            header=self._header, data=_bytes(pixels), **image_layout(pixels, encoding)
        )

    def _point(self, xyz: NDArray[np.float32]) -> Any:
        x, y, z = (float(value) for value in xyz)
        return self._kind("geometry_msgs/msg/Point")(x=x, y=y, z=z)


def _bytes(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pixels).reshape(-1).view(np.uint8)
