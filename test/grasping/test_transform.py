"""Rigid transforms of clouds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tables import Table

from uois_sam.errors import InputError
from uois_sam.grasping.clouds import instance_cloud, scene_cloud
from uois_sam.grasping.settings import CloudSettings
from uois_sam.grasping.transform import (
    check_transform,
    rigid_transform,
    transform_instance,
    transform_points,
    transform_scene,
)

QUARTER = rigid_transform([1, 2, 3], [0, 0, np.sqrt(0.5), np.sqrt(0.5)])
"""A quarter turn about z, then (1, 2, 3)."""


@given(st.integers(0, 2**31))
def test_quaternions_agree_with_scipy_and_transforms_keep_distances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rotation = Rotation.random(rng=rng)
    transform = rigid_transform(rng.normal(size=3), rotation.as_quat())
    check_transform(transform)
    assert np.allclose(transform[:3, :3], rotation.as_matrix())
    points = rng.normal(size=(20, 3)).astype(np.float32)
    moved = transform_points(points, transform)
    assert moved.dtype == np.float32
    before, after = (np.linalg.norm(np.diff(p, axis=0), axis=1) for p in (points, moved))
    assert np.allclose(before, after, atol=1e-5)
    assert np.allclose(transform_points(moved, np.linalg.inv(transform)), points, atol=1e-5)


def test_clouds_move_with_their_bounds(table: Table) -> None:
    settings = CloudSettings(scene_voxel=0.0)
    cloud = instance_cloud(table.depth, table.camera, table.image, table.instances, 1, settings)
    moved = transform_instance(cloud, QUARTER)
    assert np.allclose(moved.points[:, 0], 1 - cloud.points[:, 1], atol=1e-6)
    assert np.allclose(moved.points[:, 1], 2 + cloud.points[:, 0], atol=1e-6)
    assert np.allclose(moved.bounds, [moved.points.min(0), moved.points.max(0)])
    assert np.allclose(moved.centroid, moved.points.mean(0), atol=1e-4)
    assert np.array_equal(moved.colours, cloud.colours)
    assert moved.measured_points == cloud.measured_points
    scene = scene_cloud(table.depth, table.camera, table.image, table.instances.label_image, settings)
    there = transform_scene(scene, QUARTER)
    assert np.allclose(there["z"], scene["z"] + 3)
    assert np.array_equal(there["label"], scene["label"])
    assert np.array_equal(there["rgb"].view(np.uint32), scene["rgb"].view(np.uint32))


def test_empty_clouds_stay_empty() -> None:
    assert transform_points(np.zeros((0, 3), np.float32), QUARTER).shape == (0, 3)


@pytest.mark.parametrize(
    ("transform", "says"),
    [
        (np.eye(3), "wanted \\(4, 4\\)"),
        (np.diag([1.0, 1, 1, 2]), "last row"),
        (np.diag([1.0, 1, -1, 1]), "determinant is -1.00"),
        (np.diag([2.0, 1, 1, 1]), "orthonormal"),
        (np.full((4, 4), np.nan), "last row"),
    ],
)
def test_what_is_no_rigid_transform_is_refused(transform: np.ndarray, says: str) -> None:
    with pytest.raises(InputError, match=says):
        transform_points(np.zeros((1, 3)), transform)


@pytest.mark.parametrize(
    ("translation", "quaternion"),
    [([0, 0], [0, 0, 0, 1]), ([0, 0, 0], [0, 0, 0, 0]), ([0, 0, 0], [0, 0, 1]), ([0, 0, np.nan], [0, 0, 0, 1])],
)
def test_what_is_no_pose_is_refused(translation: list[float], quaternion: list[float]) -> None:
    with pytest.raises(InputError, match="quaternion of length 1"):
        rigid_transform(translation, quaternion)


def test_points_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match="wanted \\(N, 3\\)"):
        transform_points(np.zeros(3), QUARTER)
