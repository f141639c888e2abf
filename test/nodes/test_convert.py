"""Messages to arrays and back, without a middleware."""

from __future__ import annotations

import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sensor_msgs.msg import CameraInfo, Image, PointField
from std_msgs.msg import Header

from uois_sam.errors import InputError
from uois_sam.grasping.cloud_layout import coloured_points
from uois_sam.grasping.clouds import InstanceCloud
from uois_sam.nodes.convert import (
    camera_from_msg,
    camera_to_msg,
    cloud_to_msg,
    depth_from_msg,
    depth_to_msg,
    image_from_msg,
    image_to_msg,
    instance_cloud_to_msg,
    instances_from_msg,
    instances_to_msg,
    mask_to_msg,
)
from uois_sam.nodes.frames import RawFrame
from uois_sam.nodes.stamps import to_time
from uois_sam.types import Camera, Instances, relabel

HEADER = Header(stamp=to_time(1_234_567_890), frame_id="optical")
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@settings(deadline=None)
@given(SHAPES.flatmap(lambda s: arrays.arrays(np.uint8, (*s, 3))))
def test_images_survive_the_way_to_a_message_and_back(image: np.ndarray) -> None:
    message = image_to_msg(image, HEADER)
    assert (message.step, message.encoding, message.header) == (3 * image.shape[1], "rgb8", HEADER)
    assert isinstance(message.data, array.array)
    np.testing.assert_array_equal(image_from_msg(message), image)


def test_a_view_that_is_not_contiguous_is_sent_as_it_looks() -> None:
    image = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)[::2, ::-1]
    np.testing.assert_array_equal(image_from_msg(image_to_msg(image, HEADER)), image)


@settings(deadline=None)
@given(SHAPES.flatmap(lambda s: arrays.arrays(np.uint16, s)))
def test_depth_in_whole_millimetres_survives(millimetres: np.ndarray) -> None:
    depth = (millimetres * np.float32(0.001)).astype(np.float32)
    message = depth_to_msg(depth, HEADER)
    assert message.encoding == "16UC1"
    np.testing.assert_allclose(depth_from_msg(message), depth, atol=1e-4)


def test_depth_is_rounded_and_what_16_bits_cannot_hold_is_unknown() -> None:
    depth = np.array([[0.0, 0.0004, 0.0006, 65.535, 65.536, 70.0]], np.float32)
    np.testing.assert_allclose(
        depth_from_msg(depth_to_msg(depth, HEADER))[0], [0, 0, 0.001, 65.535, 0, 0], atol=1e-5
    )


def test_the_depth_unit_can_be_overridden() -> None:
    message = depth_to_msg(np.full((2, 2), 1.0, np.float32), HEADER)
    np.testing.assert_allclose(depth_from_msg(message, 0.0001), 0.1)


def test_intrinsics_survive_and_binning_shrinks_them() -> None:
    camera = Camera(610.5, 611.5, 320.25, 239.5, 640, 480, "optical")
    message = camera_to_msg(camera, HEADER)
    assert camera_from_msg(message) == camera
    message.binning_x = message.binning_y = 2
    assert camera_from_msg(message) == camera.resized(320, 240)


def test_an_uncalibrated_camera_is_refused() -> None:
    with pytest.raises(InputError, match=r"fx=0\.0"):
        camera_from_msg(CameraInfo(width=640, height=480))
    with pytest.raises(InputError, match="0 x 0"):
        camera_from_msg(CameraInfo())


def test_a_mask_is_black_and_white() -> None:
    message = mask_to_msg(np.array([[True, False, True]]), HEADER)
    assert (message.encoding, message.step, list(message.data)) == ("mono8", 3, [255, 0, 255])


@settings(deadline=None)
@given(SHAPES.flatmap(lambda s: arrays.arrays(np.uint16, s, elements=st.integers(0, 4))))
def test_instances_survive_the_way_to_a_message_and_back(label_image: np.ndarray) -> None:
    instances = Instances.from_label_image(relabel(label_image))
    back = instances_from_msg(instances_to_msg(instances, HEADER))
    for name in ("label_image", "id", "score", "bbox", "area", "prompt"):
        np.testing.assert_array_equal(getattr(back, name), getattr(instances, name))


def test_a_label_image_with_padded_big_endian_rows_is_read() -> None:
    message = instances_to_msg(Instances.from_label_image(np.array([[1, 0], [0, 1]], np.uint16)), HEADER)
    picture = message.label_image
    picture.step, picture.is_bigendian = 6, 1
    picture.data = array.array("B", np.array([[1, 0, 9], [0, 1, 9]], ">u2").tobytes())
    np.testing.assert_array_equal(instances_from_msg(message).label_image, [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("encoding", "mono8", "want 16UC1"),
        ("step", 1, "at least 4 bytes"),
        ("data", array.array("B", bytes(3)), "has 3 bytes"),
        ("data", array.array("B", np.array([[2, 0], [0, 1]], "<u2").tobytes()), "do not fit the label image"),
    ],
)
def test_instances_that_contradict_themselves_are_refused(field: str, value: object, reason: str) -> None:
    message = instances_to_msg(Instances.from_label_image(np.array([[1, 0], [0, 1]], np.uint16)), HEADER)
    setattr(message.label_image, field, value)
    with pytest.raises(InputError, match=reason):
        instances_from_msg(message)


def test_a_cloud_carries_its_fields_and_colours() -> None:
    points = np.array([[0.1, -0.2, 0.6], [1.0, 2.0, 3.0]], np.float32)
    message = cloud_to_msg(coloured_points(points, np.array([[255, 128, 1], [0, 0, 0]], np.uint8)), HEADER)
    assert [(f.name, f.offset, f.datatype) for f in message.fields] == [
        ("x", 0, PointField.FLOAT32),
        ("y", 4, PointField.FLOAT32),
        ("z", 8, PointField.FLOAT32),
        ("rgb", 12, PointField.FLOAT32),
    ]
    assert (message.width, message.height, message.point_step, message.row_step) == (2, 1, 16, 32)
    read = np.frombuffer(message.data, np.float32).reshape(2, 4)
    np.testing.assert_array_equal(read[:, :3], points)
    np.testing.assert_array_equal(read[:, 3].view(np.uint32), [0xFF8001, 0])


def test_an_empty_cloud_is_a_message_too() -> None:
    message = cloud_to_msg(np.empty(0, [("x", np.float32), ("label", np.uint32)]), HEADER)
    assert (message.width, message.point_step, len(message.data)) == (0, 8, 0)
    assert message.fields[1].datatype == PointField.UINT32


def test_an_instance_cloud_carries_what_is_known_of_it() -> None:
    points = np.array([[0, 0, 1], [2, 4, 3]], np.float32)
    cloud = InstanceCloud(
        points,
        np.zeros((2, 3), np.uint8),
        np.array([4, 9]),
        *(7, 3, 0.5, 11),
        points.mean(0),
        np.stack([points.min(0), points.max(0)]),
    )
    message = instance_cloud_to_msg(cloud, HEADER)
    assert (message.id, message.label, message.score, message.measured_points) == (7, 3, 0.5, 11)
    assert (message.centroid.x, message.centroid.y, message.centroid.z) == (1.0, 2.0, 2.0)
    assert (message.min.z, message.max.y) == (1.0, 4.0)
    assert message.cloud.header == HEADER


def test_a_raw_frame_wants_depth_and_intrinsics_of_the_images_size() -> None:
    image = image_to_msg(np.zeros((4, 6, 3), np.uint8), HEADER)
    info = camera_to_msg(Camera(5, 5, 2, 2, 6, 4), HEADER)
    whole = RawFrame(image, depth_to_msg(np.ones((4, 6), np.float32), HEADER), info).decode()
    assert whole.stamp == 1_234_567_890
    assert whole.frame.depth is not None
    assert whole.frame.camera == Camera(5, 5, 2, 2, 6, 4, "optical")
    with pytest.raises(InputError, match="depth is 3 x 4 for an image of 6 x 4"):
        RawFrame(image, depth_to_msg(np.ones((4, 3), np.float32), HEADER)).decode()
    with pytest.raises(InputError, match="camera_info is of 12 x 8"):
        RawFrame(image, None, camera_to_msg(Camera(5, 5, 2, 2, 12, 8), HEADER)).decode()
    with pytest.raises(InputError, match="'8UC2' is not supported"):
        RawFrame(Image(encoding="8UC2", width=1, height=1, step=2)).decode()
