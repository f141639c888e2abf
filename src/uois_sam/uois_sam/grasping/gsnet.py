"""The hand-over to GSNet (graspness) and planners of its kind: what they read for one thing.

GSNet samples a fixed number of points in the camera's optical frame, sorts them into voxels, and checks the grasps
that it finds against the whole scene (`clouds.scene_cloud`); see `get_data` of its `GraspNetDataset`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.grasping.clouds import check_frame, object_pixels
from uois_sam.grasping.settings import CloudSettings
from uois_sam.types import Camera, Instances


@dataclass(frozen=True)
class PlannerCloud:
    """One thing and its surroundings, as many points as the planner wants.

    Attributes:
        points: (num_point, 3) float32, metres, optical frame; some repeated where fewer were measured.
        colours: (num_point, 3) uint8 RGB.
        on_object: (num_point,) bool, whether the point is of the thing; the others are of the ring around it.
        id: of the instance.
        label: of the instance in the label image.
        distinct_points: measured points that were sampled from, or padded.
    """

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    on_object: NDArray[np.bool_]
    id: int
    label: int
    distinct_points: int

    def network_input(self, voxel: float) -> dict[str, NDArray[np.float32]]:
        """One sample's arrays, each (num_point, 3) float32: point_clouds (metres), coors (voxels), feats (ones).

        Raises:
            InputError: the voxel's edge is not positive.
        """
        if not voxel > 0:
            raise InputError(f"voxel is {voxel}; wanted the edge of a voxel in metres, such as 0.005")
        return {
            "point_clouds": self.points,
            "coors": self.points / np.float32(voxel),
            "feats": np.ones_like(self.points),
        }


def planner_cloud(
    depth: NDArray[np.float32],
    camera: Camera,
    image: NDArray[np.uint8],
    instances: Instances,
    label: int,
    settings: CloudSettings,
    rng: np.random.Generator,
) -> PlannerCloud:
    """The clean points of one instance and of the surfaces within `margin_px` around it, sampled or padded.

    Args:
        depth: (H, W) float32, metres, 0 where unknown.
        camera: intrinsics of image and depth.
        image: (H, W, 3) uint8 RGB.
        instances: of the image.
        label: 1 .. N.
        rng: what is drawn with; the same seed gives the same points.

    Raises:
        InputError: an array is not of the camera's size, or there is no such label.
        TooFewPointsError: fewer than `min_points` clean points on the instance itself.
    """
    check_frame(depth, camera, image, instances.label_image)
    pixels = object_pixels(depth, camera, instances, label, settings, margin=max(1, settings.margin_px))
    distance = cv2.distanceTransform((~pixels.mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ring = pixels.surface & ~pixels.mask & (distance <= settings.margin_px)
    chosen = pixels.clean | ring
    drawn = sample_indices(int(np.count_nonzero(chosen)), settings.num_point, rng)
    return PlannerCloud(
        points=pixels.points[chosen][drawn],
        colours=image[pixels.window][chosen][drawn],
        on_object=pixels.clean[chosen][drawn],
        id=int(instances.id[label - 1]),
        label=label,
        distinct_points=int(np.count_nonzero(chosen)),
    )


def sample_indices(count: int, wanted: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(wanted,) indices below `count`: drawn without replacement, or all of them and some drawn again.

    Raises:
        InputError: there is nothing to draw from, or nothing wanted.
    """
    if count < 1 or wanted < 1:
        raise InputError(f"cannot draw {wanted} of {count} points; both must be 1 or more")
    if count >= wanted:
        return rng.choice(count, wanted, replace=False)
    return np.concatenate([np.arange(count), rng.integers(0, count, wanted - count)])
