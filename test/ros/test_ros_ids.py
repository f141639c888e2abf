"""Ids that are no labels, as tracking gives them: through parts, clouds and corrections, and switched off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from doubles import FAR_BLOBS, HALVES, plane, table
from probe import NodeProcess, Probe, clouds_of, instances_of
from uois_sam_msgs.msg import InstanceArray, PartArray
from uois_sam_msgs.srv import GetInstanceCloud

from uois_sam.nodes.stamps import stamp_ns


class Tracked:
    """Perception with parts whose three things are called 41, 42 and 43."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.instances = instances_of(probe)
        self.parts = probe.listen(PartArray, "part_segmentation/parts")
        self.clouds = clouds_of(probe)
        self.process = NodeProcess(
            "perception", "-p", f"wps_sam_model:={HALVES}", parts=True, model=FAR_BLOBS, adaptation="none"
        )
        for node in ("/segmentation", "/part_segmentation", "/grasp_bridge"):
            probe.active(node)

    def frame(self) -> Any:
        """Clouds of a new frame of three things."""
        return self.probe.answer(self.clouds, lambda: self.probe.send(table(3), plane()))

    def instances_at(self, header: Any) -> InstanceArray:
        return self.instances.wait(lambda m: m.header == header)


@pytest.fixture(scope="module")
def tracked(probe: Probe) -> Iterator[Tracked]:
    tracked = Tracked(probe)
    yield tracked
    assert tracked.process.stop() == 0


def test_parts_and_clouds_carry_the_ids_of_their_things(tracked: Tracked) -> None:
    clouds = tracked.frame()
    assert [(c.id, c.label) for c in clouds.clouds] == [(41, 1), (42, 2), (43, 3)]
    listed = tracked.instances_at(clouds.header).instances
    assert [(i.id, i.label) for i in listed] == [(41, 1), (42, 2), (43, 3)]
    parts = tracked.parts.wait(lambda m: m.header == clouds.header).parts
    assert [p.instance_id for p in parts] == [41, 41, 42, 42, 43, 43]


def test_a_cloud_is_asked_for_by_id(tracked: Tracked) -> None:
    stamp = tracked.frame().header.stamp
    request = GetInstanceCloud.Request(stamp=stamp, instance_id=42)
    answer = tracked.probe.call(GetInstanceCloud, "/grasp_bridge/get_instance_cloud", request)
    assert answer.success, answer.message
    assert (answer.cloud.id, answer.cloud.label) == (42, 2)
    request.instance_id = 2
    refused = tracked.probe.call(GetInstanceCloud, "/grasp_bridge/get_instance_cloud", request)
    assert (refused.success, "no instance 2; it has [41, 42, 43]" in refused.message) == (False, True)


def test_a_correction_keeps_the_id_and_a_new_thing_gets_another(tracked: Tracked) -> None:
    header = tracked.frame().header
    kept = tracked.probe.correct((140.0, 100.0, 1), instance=42)
    assert (kept.success, kept.instance.id, kept.instance.label) == (True, 42, 2)
    tracked.instances.clear()
    added = tracked.probe.correct((140.0, 100.0, 1))
    assert (added.success, added.instance.id, added.instance.label) == (True, 44, 3 + 1)
    published = tracked.instances_at(header)
    assert [i.id for i in published.instances] == [41, 42, 43, 44]
    assert stamp_ns(published.header.stamp) == stamp_ns(header.stamp)


def test_switched_off_while_it_runs_ids_are_labels(tracked: Tracked) -> None:
    assert tracked.probe.get("/segmentation", "tracking", "max_age", "max_gap") == [True, 60, 30.0]
    assert tracked.probe.set("/segmentation", tracking=False)[0].successful
    try:
        assert [c.id for c in tracked.frame().clouds] == [1, 2, 3]
    finally:
        assert tracked.probe.set("/segmentation", tracking=True)[0].successful
    assert [c.id for c in tracked.frame().clouds] == [41, 42, 43]
    assert not tracked.probe.set("/segmentation", max_age=0)[0].successful
