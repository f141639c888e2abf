"""Clouds in another frame."""

from __future__ import annotations

import math

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.grasping.clouds import SCENE_FIELDS, InstanceCloud
from uois_sam.nodes.transforms import RigidTransform, moved_cloud, moved_points, rotation_matrix

QUARTER = RigidTransform(rotation_matrix(0, 0, math.sqrt(0.5), math.sqrt(0.5)), np.array([0.0, 0.0, 10.0]))
"""A quarter turn about z, and 10 m up."""


def test_a_quarter_turn_takes_x_to_y() -> None:
    np.testing.assert_allclose(QUARTER.apply(np.array([[1.0, 2.0, 3.0]])), [[-2, 1, 13]], atol=1e-6)


def test_any_rotation_keeps_lengths_and_handedness() -> None:
    rotation = rotation_matrix(0.1, -2.0, 0.3, 0.7)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)


@pytest.mark.parametrize("quaternion", [(0, 0, 0, 0), (math.nan, 0, 0, 1)])
def test_a_quaternion_that_is_none_is_refused(quaternion: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="quaternion"):
        rotation_matrix(*quaternion)


def test_an_instance_cloud_moves_with_its_centroid_and_its_bounds_are_tight() -> None:
    points = np.array([[0, 0, 1], [2, 4, 3]], np.float32)
    cloud = InstanceCloud(
        points, np.zeros((2, 3), np.uint8), 7, 3, 0.5, 11, points.mean(0), np.stack([points.min(0), points.max(0)])
    )
    moved = moved_cloud(cloud, QUARTER)
    np.testing.assert_allclose(moved.points, [[0, 0, 11], [-4, 2, 13]], atol=1e-6)
    np.testing.assert_allclose(moved.centroid, [-2, 1, 12], atol=1e-6)
    np.testing.assert_allclose(moved.bounds, [[-4, 0, 11], [0, 2, 13]], atol=1e-6)
    assert (moved.id, moved.measured_points) == (7, 11)


def test_scene_points_move_and_keep_colour_and_label() -> None:
    scene = np.zeros(1, SCENE_FIELDS)
    scene["x"], scene["rgb"], scene["label"] = 1, 5, 2
    moved = moved_points(scene, QUARTER)
    np.testing.assert_allclose([moved["x"][0], moved["y"][0], moved["z"][0]], [0, 1, 10], atol=1e-6)
    assert (moved["rgb"][0], moved["label"][0], scene["x"][0]) == (5, 2, 1)
