"""Services of a running perception: segmenting an image, correcting an instance, one cloud, switching off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from doubles import BLOBS, plane, table
from probe import CAMERA, NodeProcess, Probe, clouds_of, instances_of
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool
from uois_sam_msgs.srv import CorrectInstance, GetInstanceCloud, SegmentImage

from uois_sam.nodes.convert import camera_to_msg, depth_to_msg, image_to_msg
from uois_sam.nodes.stamps import stamp_ns, to_time

HEADER = Image().header


class Served:
    """A running perception that has answered one frame of three things."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.instances = instances_of(probe)
        self.clouds = clouds_of(probe)
        self.process = NodeProcess("perception", model=BLOBS, keep_frames=2)
        probe.active("/segmentation")
        probe.active("/grasp_bridge")

    def frame(self, count: int = 3) -> int:
        """The stamp of a new frame, answered with instances and clouds."""
        answer = self.probe.answer(self.clouds, lambda: self.probe.send(table(count), plane()))
        assert len(answer.clouds) == count
        return stamp_ns(answer.header.stamp)

    def cloud(self, stamp: int, instance: int) -> Any:
        request = GetInstanceCloud.Request(stamp=to_time(stamp), instance_id=instance)
        return self.probe.call(GetInstanceCloud, "/grasp_bridge/get_instance_cloud", request)


@pytest.fixture(scope="module")
def served(probe: Probe) -> Iterator[Served]:
    served = Served(probe)
    yield served
    assert served.process.stop() == 0


def test_segment_answers_the_image_that_is_sent(served: Served) -> None:
    image = image_to_msg(table(7), HEADER)
    image.header.frame_id = "tool"
    request = SegmentImage.Request(
        image=image, depth=depth_to_msg(plane(), HEADER), camera_info=camera_to_msg(CAMERA, HEADER)
    )
    answer = served.probe.call(SegmentImage, "/segmentation/segment", request)
    assert (answer.success, answer.message) == (True, "7 instances")
    assert (len(answer.instances.instances), answer.instances.header.frame_id) == (7, "tool")
    alone = SegmentImage.Request(image=image_to_msg(table(1), HEADER))
    assert len(served.probe.call(SegmentImage, "/segmentation/segment", alone).instances.instances) == 1


def test_segment_refuses_in_words(served: Served) -> None:
    for request, reason in (
        (SegmentImage.Request(), "is not supported"),
        (
            SegmentImage.Request(image=image_to_msg(table(1), HEADER), depth=depth_to_msg(plane(8, 8), HEADER)),
            "depth is 8 x 8",
        ),
    ):
        answer = served.probe.call(SegmentImage, "/segmentation/segment", request)
        assert not answer.success
        assert reason in answer.message
        assert not answer.instances.instances


def test_correct_changes_an_instance_of_the_newest_frame_and_publishes_it_with_its_clouds(served: Served) -> None:
    stamp = served.frame()
    before = served.instances.wait(lambda m: stamp_ns(m.header.stamp) == stamp)
    served.instances.clear()
    served.clouds.clear()
    answer = served.probe.correct((140.0, 100.0, 1), instance=2)
    assert answer.success, answer.message
    assert answer.instance.id == 2
    assert answer.instance.area > before.instances[1].area
    mask = np.frombuffer(answer.mask.data, np.uint8).reshape(120, 160)
    assert mask[100, 140] == 255
    assert np.count_nonzero(mask) == answer.instance.area
    published = served.instances.wait(lambda m: stamp_ns(m.header.stamp) == stamp)
    assert published.instances[1].area == answer.instance.area
    clouds = served.clouds.wait(lambda m: stamp_ns(m.header.stamp) == stamp)
    assert [c.id for c in clouds.clouds] == [1, 2, 3]


def test_correct_adds_a_thing_that_was_missed_and_builds_on_earlier_corrections(served: Served) -> None:
    stamp = served.frame()
    first = served.probe.correct((140.0, 100.0, 1), stamp=stamp)
    assert (first.success, first.instance.id) == (True, 4)
    again = served.probe.correct((120.0, 100.0, 1), instance=4, stamp=stamp)
    assert again.success
    assert again.instance.area == 2 * first.instance.area


def test_correct_refuses_by_name(served: Served) -> None:
    old = served.frame()
    served.frame()
    newest = served.frame()
    for answer, reason in (
        (served.probe.correct((20.0, 20.0, 1), instance=1, stamp=old), "is not held; the newest 2 are"),
        (served.probe.correct((20.0, 20.0, 1), instance=9, stamp=newest), "no instance 9"),
        (served.probe.correct((500.0, 20.0, 1), instance=1, stamp=newest), "outside the 160 x 120 image"),
        (served.probe.correct(instance=1, stamp=newest), "0 clicks; give at least one"),
    ):
        assert not answer.success
        assert reason in answer.message
    request = CorrectInstance.Request(instance_id=1, xs=[1.0], ys=[1.0, 2.0], labels=[1])
    uneven = served.probe.call(CorrectInstance, "/segmentation/correct", request)
    assert (uneven.success, uneven.message) == (
        False,
        "1 xs, 2 ys and 1 labels; give one of each per click",
    )


def test_one_cloud_is_given_on_demand_in_metres(served: Served) -> None:
    stamp = served.frame()
    answer = served.cloud(stamp, 1)
    assert answer.success, answer.message
    cloud = answer.cloud
    assert (cloud.id, cloud.label, stamp_ns(answer.header.stamp)) == (1, 1, stamp)
    assert [f.name for f in cloud.cloud.fields] == ["x", "y", "z", "rgb"]
    points = np.frombuffer(cloud.cloud.data, np.float32).reshape(-1, 4)
    assert cloud.cloud.width == len(points) > 400
    np.testing.assert_allclose(points[:, 2], 0.6, atol=1e-3)
    # Square 1 covers columns 8 to 33 of the table, one pixel of rim left out.
    np.testing.assert_allclose(points[:, 0].min(), (9 - 79.5) / 150 * 0.6, atol=1e-3)
    np.testing.assert_allclose(points[:, 0].max(), (32 - 79.5) / 150 * 0.6, atol=1e-3)
    assert cloud.min.x == pytest.approx(points[:, 0].min())
    assert cloud.centroid.z == pytest.approx(0.6, abs=1e-3)
    assert cloud.measured_points == 26 * 26


def test_a_cloud_that_cannot_be_given_is_refused_in_words(served: Served) -> None:
    old = served.frame()
    served.frame()
    served.frame(2)
    for answer, reason in (
        (served.cloud(old, 1), "is not held"),
        (served.cloud(0, 3), "no instance 3; it has [1, 2]"),
    ):
        assert not answer.success
        assert reason in answer.message
        assert not answer.cloud.cloud.data


def test_enable_switches_off_and_on(served: Served) -> None:
    served.frame()
    off = served.probe.call(SetBool, "/segmentation/enable", SetBool.Request(data=False))
    assert off.success
    served.probe.until(lambda: served.probe.image.get_subscription_count() == 0, "the image given up")
    assert served.probe.call(SetBool, "/segmentation/enable", SetBool.Request(data=True)).success
    served.frame(4)
