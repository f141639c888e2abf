"""What a frame of an offline replay results in: clouds, and messages by topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import TooFewPointsError
from uois_sam.grasping.clouds import InstanceCloud, instance_cloud, scene_cloud
from uois_sam.grasping.part_clouds import PartCloud, part_clouds
from uois_sam.grasping.settings import CloudSettings
from uois_sam.parts.preference import grasp_of_points
from uois_sam.replay.messages import ResultMessages
from uois_sam.types import Frame, Instances, Parts

INSTANCES = "/segmentation/instances"
LABEL_IMAGE = "/segmentation/label_image"
OVERLAY = "/segmentation/overlay"
PARTS = "/part_segmentation/parts"
PART_LABEL_IMAGE = "/part_segmentation/label_image"
SCENE_CLOUD = "/grasp_bridge/scene_cloud"
INSTANCE_CLOUDS = "/grasp_bridge/instance_clouds"
PART_CLOUDS = "/grasp_bridge/part_clouds"


@dataclass(frozen=True)
class FrameClouds:
    """All clouds of a frame.

    Attributes:
        scene: structured (N,) `SCENE_FIELDS`.
        instances: each with how gladly its points may be held, (N,) float32; None where nobody looked
            for parts.
        refused: id and reason of each instance that has no cloud.
        parts: None where nobody looked for them.
    """

    scene: NDArray[np.void]
    instances: Sequence[tuple[InstanceCloud, NDArray[np.float32] | None]]
    refused: Sequence[tuple[int, str]]
    parts: Sequence[PartCloud] | None


def cut_clouds(frame: Frame, instances: Instances, parts: Parts | None) -> FrameClouds | None:
    """The clouds of a frame as the grasp bridge cuts them by default; None without depth and intrinsics."""
    if frame.depth is None or frame.camera is None:
        return None
    settings = CloudSettings()
    scene = scene_cloud(frame.depth, frame.camera, frame.image, instances.label_image, settings)
    clouds: list[tuple[InstanceCloud, NDArray[np.float32] | None]] = []
    refused: list[tuple[int, str]] = []
    of_parts: list[PartCloud] = []
    for instance in instances:
        try:
            cloud = instance_cloud(frame.depth, frame.camera, frame.image, instances, instance.label, settings)
        except TooFewPointsError as error:
            refused.append((instance.id, str(error)))
            continue
        grasp = None
        if parts is not None:
            own = [part for part in parts if part.instance_id == instance.id]
            grasp = grasp_of_points(own, cloud.pixels, *frame.depth.shape)
            of_parts += part_clouds(cloud, own, frame.camera.width)
        clouds.append((cloud, grasp))
    return FrameClouds(scene, clouds, refused, None if parts is None else of_parts)


def result_messages(
    messages: ResultMessages,
    frame: Frame,
    instances: Instances,
    parts: Parts | None,
    clouds: FrameClouds | None,
    *,
    overlay: bool,
) -> dict[str, Any]:
    """The messages of a frame by topic, in the order in which the stack sends them."""
    results: dict[str, Any] = {
        INSTANCES: messages.instances(instances),
        LABEL_IMAGE: messages.label_image(instances.label_image),
    }
    if overlay:
        results[OVERLAY] = messages.overlay(instances.overlay(frame.image))
    if parts is not None:
        results[PARTS] = messages.parts(parts)
        results[PART_LABEL_IMAGE] = messages.label_image(parts.label_image())
    if clouds is not None:
        results[SCENE_CLOUD] = messages.scene_cloud(clouds.scene)
        results[INSTANCE_CLOUDS] = messages.instance_clouds(clouds.instances, clouds.refused)
        if clouds.parts is not None:
            results[PART_CLOUDS] = messages.part_clouds(clouds.parts)
    return results
