"""`uois-sam replay --online` and `uois-sam bench --soak` with a stack that they start, and the bundled model."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import psutil
import pytest
from command_line import WAIT, command, replay_that_ended, run
from growing_bag import count_so_far, counts

if any(importlib.util.find_spec(name) is None for name in ("rclpy", "uois_sam_msgs")):
    pytest.skip("no ROS 2 here", allow_module_level=True)

from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from uois_sam.nodes.convert import camera_to_msg, depth_to_msg, image_to_msg, label_image_to_msg
from uois_sam.nodes.stamps import to_time
from uois_sam.sources.bag_writer import BagWriter
from uois_sam.sources.source import open_source

pytestmark = pytest.mark.ros

STEP = 100_000_000


INSTANCES = "/segmentation/instances"
TRUTH = "/color/truth/label_image"


def write_bag(path: Path, count: int) -> Path:
    """Frames of the bundled sequence, each followed by labels with one object."""
    with BagWriter(path) as writer, open_source("bundled", loop=True) as source:
        for stamp in range(STEP, (count + 1) * STEP, STEP):
            frame, header = next(source), Header(stamp=to_time(stamp), frame_id="camera")
            assert frame.depth is not None
            assert frame.camera is not None
            for name, message in (
                ("camera_info", camera_to_msg(frame.camera, header)),
                ("aligned_depth/image_raw", depth_to_msg(frame.depth, header)),
                ("image_raw", image_to_msg(frame.image, header)),
            ):
                kind = f"sensor_msgs/msg/{type(message).__name__}"
                writer.add(f"/color/{name}", kind, serialize_message(message), stamp)
            labels = np.zeros(frame.image.shape[:2], np.uint16)
            labels[100:200, 100:200] = 1
            label_image = serialize_message(label_image_to_msg(labels, header))
            writer.add(TRUTH, "sensor_msgs/msg/Image", label_image, stamp + STEP // 2)
    return path


def test_a_bag_through_a_stack_of_its_own(tmp_path: Path) -> None:
    bag, out = write_bag(tmp_path / "table.mcap", 3), tmp_path / "out"
    code, said, errors = run("replay", bag, "--out", out, "--online", "--rate", "answers", "--parts", "wps_sam")
    assert (code, errors) == (0, "")
    assert "3 frames in, 3 answered, 0 dropped" in said
    report = json.loads((out / "report.json").read_text())
    assert [frame["stamp"] for frame in report["frames"]] == [STEP, 2 * STEP, 3 * STEP]
    assert all(frame["ids"] for frame in report["frames"])
    assert {"encode", "prompts", "decode", "postprocess", "grasp_bridge: clouds"} <= report["stage_ms"].keys()
    assert report["model"] == "uois-sam-tiny"
    assert report["memory_mb"]["highest"] > 100
    assert {path.name for path in out.iterdir()} == {"table.mcap", "report.json", "report.html", "log"}
    assert report["parts"]["least"] > 0
    assert (report["scores"]["images"], report["scores"]["objects"]) == (3, 3)
    for topic in (INSTANCES, "/part_segmentation/parts", "/grasp_bridge/part_clouds", TRUTH):
        assert counts(out / "table.mcap")[topic] == 3, topic


def test_a_stack_that_is_killed_is_told_and_what_was_measured_is_written(tmp_path: Path) -> None:
    bag, out = write_bag(tmp_path / "table.mcap", 100), tmp_path / "out"
    with command("replay", bag, "--out", out, "--online", "--rate", "answers") as process:
        perception = None
        while process.poll() is None and not count_so_far(out / "table.mcap", INSTANCES):
            children = psutil.Process(process.pid).children()
            perception = next((c for c in children if "perception" in " ".join(c.cmdline())), perception)
        assert perception is not None
        perception.kill()
        _, errors = process.communicate(timeout=WAIT)
        assert process.returncode == 2
    report = replay_that_ended(out, errors, "perception ended with signal 9: ", 100)
    assert "signal 9" in report["ended"]
    assert "The replay ended early: perception ended with signal 9" in (out / "report.html").read_text()
    assert counts(out / "table.mcap")[INSTANCES] >= report["answered"]


def test_a_model_that_cannot_be_loaded(tmp_path: Path) -> None:
    bag, out = write_bag(tmp_path / "table.mcap", 1), tmp_path / "out"
    code, _, errors = run("replay", bag, "--out", out, "--online", "--model", tmp_path / "nothing")
    assert code == 2
    assert errors.startswith("uois-sam: segmentation: configure failed: ")
    assert errors.count("\n") == 1
    assert not (out / "report.json").exists()


def test_soak(tmp_path: Path) -> None:
    code, said, errors = run("bench", "--soak", "--frames", 3, "--json", tmp_path / "soak.json")
    assert (code, errors) == (0, "")
    figures = json.loads((tmp_path / "soak.json").read_text())
    assert (figures["frames"], figures["answered"]) == (3, 3)
    assert figures["memory_mb"]["highest"] > 100
    assert "slope over the later half" in said
