"""Where a person points, in RViz or Foxglove and on the overlay, things are drawn anew or added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from doubles import BLOBS, plane, table
from geometry_msgs.msg import Point, PointStamped
from probe import CAMERA, NodeProcess, Probe, instances_of

from uois_sam.nodes.clicks import POINT
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.topics import RESULT_QOS
from uois_sam.nodes.transforms import has_tf

PIXEL = "/segmentation/overlay_mouse_left"


class Pointed:
    """A running segmentation, and publishers of clicks that it hears."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.instances = instances_of(probe)
        self.points = probe.node.create_publisher(PointStamped, POINT, RESULT_QOS)
        self.pixels = probe.node.create_publisher(Point, PIXEL, RESULT_QOS)
        self.process = NodeProcess("segmentation", model=BLOBS)
        probe.active("/segmentation")
        for topic in (POINT, PIXEL):
            probe.until(lambda topic=topic: probe.node.count_subscribers(topic), f"a subscription to {topic}")

    def frame(self) -> int:
        """The stamp of a new frame of three things."""
        answer = self.probe.answer(self.instances, lambda: self.probe.send(table(3), plane()))
        return stamp_ns(answer.header.stamp)

    def after(self, publisher: Any, message: Any) -> Any:
        """The instances that are published because of a click."""
        stamp = self.frame()
        self.instances.clear()
        publisher.publish(message)
        return self.instances.wait(lambda m: stamp_ns(m.header.stamp) == stamp)


@pytest.fixture(scope="module")
def pointed(probe: Probe) -> Iterator[Pointed]:
    pointed = Pointed(probe)
    yield pointed
    assert pointed.process.stop() == 0


def test_a_point_beside_all_things_is_a_new_thing(pointed: Pointed) -> None:
    found = pointed.after(pointed.pixels, Point(x=140.0, y=100.0))
    assert len(found.instances) == 4
    assert found.instances[3].area == 11 * 11


def test_a_thing_that_is_pointed_at_is_drawn_anew(pointed: Pointed) -> None:
    found = pointed.after(pointed.pixels, Point(x=20.0, y=20.0))
    assert [i.id for i in found.instances] == [1, 2, 3]
    assert found.instances[0].area == 11 * 11


def test_a_point_in_space_is_seen_by_the_camera(pointed: Pointed) -> None:
    message = PointStamped()
    message.header.frame_id = CAMERA.frame_id
    message.point.z = 0.6
    message.point.x, message.point.y = 0.6 * (140 - CAMERA.cx) / CAMERA.fx, 0.6 * (100 - CAMERA.cy) / CAMERA.fy
    assert len(pointed.after(pointed.points, message).instances) == 4


@pytest.mark.parametrize(
    ("frame_id", "z", "reason"),
    [
        (CAMERA.frame_id, -0.6, "is not in front of the camera"),
        (CAMERA.frame_id, 0.1, "outside the 160 x 120 image"),
        ("map", 0.6, "no transform from 'map'" if has_tf() else "tf2_ros does not import here"),
    ],
)
def test_what_cannot_be_meant_is_told(pointed: Pointed, frame_id: str, z: float, reason: str) -> None:
    pointed.frame()
    message = PointStamped()
    message.header.frame_id, message.point.x, message.point.z = frame_id, 0.2, z
    pointed.probe.log.clear()
    pointed.points.publish(message)
    assert pointed.probe.log.wait(lambda m: m.msg.startswith("click refused") and reason in m.msg) is not None
