"""Clouds in another frame."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from std_msgs.msg import Header

from uois_sam.errors import InputError
from uois_sam.grasping.clouds import SCENE_FIELDS, InstanceCloud
from uois_sam.nodes import transforms
from uois_sam.nodes.stamps import to_time
from uois_sam.nodes.transforms import (
    RigidTransform,
    TransformLookup,
    moved_cloud,
    moved_points,
    rotation_matrix,
)

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


class FakeTf:
    """What is used of tf2_ros, knowing one transform."""

    class TransformException(Exception):  # noqa: N818
        pass

    class Buffer:
        asked: ClassVar[list[tuple[str, str, int]]] = []

        def lookup_transform(self, target: str, source: str, time: Time, timeout: Duration) -> TransformStamped:
            self.asked.append((target, source, time.nanoseconds))
            assert timeout.nanoseconds > 0
            if source != "optical":
                raise FakeTf.TransformException("not connected")
            found = TransformStamped()
            found.transform.translation.z = 10.0
            found.transform.rotation.w = 2.0
            return found

    class TransformListener:
        def __init__(self, buffer: FakeTf.Buffer, node: object) -> None:
            self.gone = False

        def unregister(self) -> None:
            self.gone = True


def test_a_transform_is_looked_up_at_the_images_stamp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "tf2_ros", FakeTf)
    lookup = TransformLookup(None, "base")  # type: ignore[arg-type]
    found = lookup.at(Header(frame_id="optical", stamp=to_time(1_500_000_000)))
    np.testing.assert_allclose(found.apply(np.array([[1.0, 2.0, 3.0]])), [[1, 2, 13]])
    assert FakeTf.Buffer.asked == [("base", "optical", 1_500_000_000)]
    with pytest.raises(InputError, match="no transform from 'wrist' to 'base': not connected"):
        lookup.at(Header(frame_id="wrist"))
    lookup.close()


def test_a_target_frame_without_tf2_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "tf2_ros", None)
    with pytest.raises(InputError, match="target_frame is 'base', but tf2_ros does not import here"):
        TransformLookup(None, "base")  # type: ignore[arg-type]
