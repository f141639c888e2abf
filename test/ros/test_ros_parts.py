"""Parts on the middleware: in perception's process and in one of their own, and in the clouds of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from doubles import BLOBS, HALVES, WHOLES, plane, table
from probe import NodeProcess, Probe, clouds_of
from sensor_msgs.msg import Image
from uois_sam_msgs.msg import PartArray, PartCloudArray
from uois_sam_msgs.srv import SetParts

from uois_sam.nodes.answer import structured_points
from uois_sam.nodes.part_messages import parts_from_msg

NODE = "/part_segmentation"


class Running:
    """Segmentation, parts and grasp bridge, in one process or three."""

    def __init__(self, probe: Probe, composed: bool) -> None:
        self.probe = probe
        self.parts = probe.listen(PartArray, "part_segmentation/parts")
        self.labels = probe.listen(Image, "part_segmentation/label_image")
        self.clouds = clouds_of(probe)
        self.part_clouds = probe.listen(PartCloudArray, "grasp_bridge/part_clouds")
        models = ["-p", f"wps_sam_model:={HALVES}", "-p", f"guided_sam_model:={WHOLES}"]
        if composed:
            self.processes = [NodeProcess("perception", *models, parts=True, model=BLOBS)]
        else:
            self.processes = [
                NodeProcess("segmentation", model=BLOBS),
                NodeProcess("part_segmentation", *models),
                NodeProcess("grasp_bridge", use_parts=True),
            ]

    def wait(self) -> None:
        for node in ("/segmentation", NODE, "/grasp_bridge"):
            self.probe.active(node)

    def answer(self, inbox: Any, count: int) -> Any:
        return self.probe.answer(inbox, lambda: self.probe.send(table(count), plane()))

    def with_header(self, inbox: Any, header: Any) -> Any:
        return inbox.wait(lambda m: m.header == header)

    def set_parts(self, *names: str) -> SetParts.Response:
        return self.probe.call(SetParts, f"{NODE}/set_parts", SetParts.Request(parts=list(names)))

    def stop(self) -> None:
        assert [process.stop() for process in self.processes] == [0] * len(self.processes)


@pytest.fixture(scope="module", params=[True, False], ids=["composed", "separate"])
def running(probe: Probe, request: pytest.FixtureRequest) -> Iterator[Running]:
    running = Running(probe, request.param)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


def test_each_thing_has_its_parts(running: Running) -> None:
    clouds = running.answer(running.part_clouds, 3)
    message = running.with_header(running.parts, clouds.header)
    named = [(p.instance_id, p.name) for p in message.parts]
    assert named == [(k, name) for k in (1, 2, 3) for name in ("top", "bottom")]
    assert message.header.frame_id == "camera_color_optical_frame"
    top = message.parts[0]
    assert (top.mask.width, top.mask.height, top.mask.encoding) == (top.roi.width, top.roi.height, "mono8")
    assert (top.graspable, top.preference) == (True, 1.0)
    labels = running.with_header(running.labels, clouds.header)
    assert set(np.frombuffer(labels.data, np.uint16)) == {0, 1, 2, 3, 4, 5, 6}
    assert [(c.instance_id, c.name) for c in clouds.clouds] == named
    heights = [structured_points(c.cloud)["y"].mean() for c in clouds.clouds[:2]]
    assert heights[0] < heights[1]  # y points down


def test_an_empty_table_gets_an_empty_array(running: Running) -> None:
    message = running.answer(running.parts, 0)
    assert (len(message.parts), message.header.frame_id) == (0, "camera_color_optical_frame")


def test_words_choose_the_parts_and_unknown_ones_are_refused(running: Running) -> None:
    refused = running.set_parts("lid")
    assert (refused.success, refused.message) == (False, "part 'lid' is unknown; known are top, bottom")
    taken = running.set_parts("bottom")
    assert (taken.success, taken.message) == (True, "bottom")
    assert [p.name for p in running.answer(running.parts, 2).parts] == ["bottom", "bottom"]
    assert running.set_parts().message == "top, bottom"


def test_what_may_not_be_held_is_marked_in_the_clouds(running: Running) -> None:
    probe = running.probe
    assert probe.set(NODE, **{"grasp_preference.bottom": 0.0, "grasp_preference.top": 0.5})[0].successful
    try:
        message = running.answer(running.clouds, 1)
        points = structured_points(message.clouds[0].cloud)
        middle = np.median(points["y"])
        assert set(points["grasp"][points["y"] < middle - 0.01]) == {np.float32(0.5)}
        assert set(points["grasp"][points["y"] > middle + 0.01]) == {np.float32(0)}
        parts = running.with_header(running.parts, message.header).parts
        assert [(p.name, p.graspable) for p in parts] == [("top", True), ("bottom", False)]
    finally:
        probe.set(NODE, **{"grasp_preference.bottom": 1.0, "grasp_preference.top": 1.0})


def test_the_method_changes_while_it_runs_or_is_refused_in_words(running: Running) -> None:
    probe = running.probe
    refused = probe.set(NODE, method="part_clipseg")[0]
    assert not refused.successful
    assert "part_clipseg has no model; make one with `uois-sam train part-clipseg`" in refused.reason
    assert len(running.answer(running.parts, 1).parts) == 2
    try:
        assert probe.set(NODE, method="guided_sam")[0].successful
        assert [p.name for p in running.answer(running.parts, 2).parts] == ["whole", "whole"]
        assert probe.set(NODE, score_threshold=0.05)[0].successful
        assert len(running.answer(running.parts, 1).parts) == 2
        assert probe.get(NODE, "grasp_preference.whole") == [1.0]
    finally:
        probe.set(NODE, score_threshold=0.3)
        assert probe.set(NODE, method="wps_sam")[0].successful
    assert [p.name for p in running.answer(running.parts, 1).parts] == ["top", "bottom"]


def test_the_message_is_read_back(running: Running) -> None:
    message = running.answer(running.parts, 2)
    parts = parts_from_msg(message, 120, 160)
    assert [p.name for p in parts] == ["top", "bottom"] * 2
    assert all(p.mask.all() for p in parts)
