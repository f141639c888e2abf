from __future__ import annotations

import numpy as np

from uois_sam.grasping.clouds import instance_cloud
from uois_sam.grasping.part_clouds import part_clouds
from uois_sam.grasping.settings import CloudSettings
from uois_sam.types import Camera, Instances, Part

CAMERA = Camera(100, 100, 39.5, 29.5, 80, 60)


def test_the_points_of_parts_are_those_that_their_pixels_saw() -> None:
    label = np.zeros((60, 80), np.uint16)
    label[10:40, 20:60] = 1
    depth = np.full((60, 80), 0.5, np.float32)
    image = np.zeros((60, 80, 3), np.uint8)
    image[..., 0] = np.arange(80)
    cloud = instance_cloud(depth, CAMERA, image, Instances.from_label_image(label), 1, CloudSettings())
    v, u = np.divmod(cloud.pixels, 80)
    np.testing.assert_allclose(cloud.points[:, 0], (u - 39.5) / 100 * 0.5, atol=1e-6)
    np.testing.assert_allclose(cloud.points[:, 1], (v - 29.5) / 100 * 0.5, atol=1e-6)
    mask = np.ones((30, 20), bool)
    mask[:, 10:] = False
    left = Part(1, "left", 0.9, (20, 10, 20, 30), mask)
    away = Part(1, "away", 0.9, (70, 50, 5, 5), np.ones((5, 5), bool))
    (found,) = part_clouds(cloud, [left, away], 80)
    assert found.part is left
    assert len(found.points) == ((u < 30) & (u >= 20)).sum()
    assert found.colours[:, 0].max() == 29
    np.testing.assert_allclose(found.centroid, found.points.mean(0), atol=1e-6)
