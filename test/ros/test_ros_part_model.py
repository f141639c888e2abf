"""Part segmentation whose model is missing."""

from __future__ import annotations

from doubles import BLOBS, HALVES, plane, table
from probe import NodeProcess, Probe, clouds_of
from uois_sam_msgs.msg import PartArray

NODE = "/part_segmentation"


def test_without_a_model_parts_fail_in_one_line_and_clouds_go_on(probe: Probe) -> None:
    process = NodeProcess("perception", "-p", "wps_sam_model:=''", parts=True, model=BLOBS)
    try:
        line = process.line("configure failed: wps_sam has no model")
        assert "uois-sam train wps-sam" in line
        probe.active("/grasp_bridge")
        assert probe.state(NODE) == "unconfigured"
        message = probe.answer(clouds_of(probe), lambda: probe.send(table(2), plane()))
        assert len(message.clouds) == 2
        assert "grasp" not in [f.name for f in message.clouds[0].cloud.fields]
        assert probe.set(NODE, wps_sam_model=HALVES)[0].successful
        assert probe.change(NODE, "configure")
        assert probe.change(NODE, "activate")
        parts = probe.listen(PartArray, "part_segmentation/parts")
        assert len(probe.answer(parts, lambda: probe.send(table(2), plane())).parts) == 4
    finally:
        assert process.stop() == 0
