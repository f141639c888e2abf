"""`uois-sam replay --online` through nodes that run: every frame at their own pace, the newest at a camera's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import WAIT, await_line, command, replay_that_ended, run, until
from doubles import BLOBS, SLOW_BLOBS, BlobPipeline, plane, table
from growing_bag import count_so_far, counts
from probe import CAMERA, NodeProcess, Probe
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from std_msgs.msg import Header

from uois_sam.nodes.convert import (
    camera_to_msg,
    depth_to_msg,
    image_to_msg,
    instances_from_msg,
    label_image_to_msg,
)
from uois_sam.nodes.listener import decode
from uois_sam.nodes.stamps import stamp_ns, to_time
from uois_sam.sources.bag_writer import BagWriter

pytestmark = pytest.mark.usefixtures("middleware")

START = 1_700_000_000_000_000_000
STEP = 50_000_000
COLOUR, DEPTH, INFO = "/cam/color/image_raw", "/cam/aligned_depth_to_color/image_raw", "/cam/color/camera_info"
TRUTH = "/cam/truth/label_image"
RESULTS = {
    "/segmentation/instances",
    "/segmentation/label_image",
    "/grasp_bridge/scene_cloud",
    "/grasp_bridge/instance_clouds",
}
ANSWERED_AHEAD = 4
"""Answers that may come while a frame waits: of the one in work, of one that waited, and what is on its way."""


def stamps(count: int) -> list[int]:
    return [START + k * STEP for k in range(count)]


def squares(k: int) -> int:
    """How many things frame k shows."""
    return 1 + k % 12


def write_bag(path: Path, count: int) -> Path:
    with BagWriter(path) as writer:
        for k, stamp in enumerate(stamps(count)):
            header = Header(stamp=to_time(stamp), frame_id="camera_color_optical_frame")
            for topic, message in (
                (INFO, camera_to_msg(CAMERA, header)),
                (DEPTH, depth_to_msg(plane(), header)),
                (COLOUR, image_to_msg(table(squares(k)), header)),
                (TRUTH, label_image_to_msg(BlobPipeline().segment(table(squares(k))).label_image, header)),
            ):
                kind = f"sensor_msgs/msg/{type(message).__name__}"
                writer.add(topic, kind, serialize_message(message), stamp)
    return path


def write_colour(path: Path, images: Sequence[np.ndarray]) -> Path:
    with BagWriter(path) as writer:
        for stamp, image in zip(stamps(len(images)), images, strict=True):
            message = image_to_msg(image, Header(stamp=to_time(stamp), frame_id="camera"))
            writer.add(COLOUR, "sensor_msgs/msg/Image", serialize_message(message), stamp)
    return path


@contextmanager
def stack(model: str) -> Iterator[NodeProcess]:
    process = NodeProcess("perception", model=model)
    try:
        process.line(f"model {model} loaded")
        yield process
    finally:
        assert process.stop() == 0


def replay(bag: Path, out: Path, *arguments: object) -> dict[str, Any]:
    """The report of a replay that went well."""
    code, _, errors = run("replay", bag, "--out", out, "--online", "--attach", *arguments)
    assert (code, errors) == (0, "")
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    return report


def answers(bag: Path) -> dict[int, int]:
    """Number of instances by stamp of each answer."""
    found = {}
    with AnyReader([bag]) as reader:
        connections = [c for c in reader.connections if c.topic == "/segmentation/instances"]
        for _, _, cdr in reader.messages(connections):
            message = decode("instances", cdr)
            found[stamp_ns(message.header.stamp)] = len(instances_from_msg(message))
    return found


def check_own_masks(frames: Sequence[dict[str, Any]], count: int) -> None:
    """Each answered frame has as many instances as it shows things: never another frame's."""
    shown = {stamp: squares(k) for k, stamp in enumerate(stamps(count))}
    for frame in frames:
        if frame["answered"] is not None:
            assert len(frame["ids"]) == len(frame["scores"]) == shown[frame["stamp"]]


def test_at_the_stacks_own_pace_no_frame_is_lost(tmp_path: Path) -> None:
    bag, out = write_bag(tmp_path / "table.mcap", 30), tmp_path / "out"
    with stack(BLOBS):
        report = replay(bag, out, "--rate", "answers")
    assert (report["frames_in"], report["answered"], report["dropped"], report["ended"]) == (30, 30, 0, "")
    assert (report["mode"], report["model"], report["bag"]) == ("online", BLOBS, "table.mcap")
    assert [frame["stamp"] for frame in report["frames"]] == stamps(30)
    check_own_masks(report["frames"], 30)
    for before, after in zip(report["frames"], report["frames"][1:], strict=False):
        assert before["given"] < before["answered"] < after["given"]
    assert "encode" in report["stage_ms"]
    assert "grasp_bridge: clouds" in report["stage_ms"]
    assert report["memory_mb"]["highest"] > 0
    assert len(report["scores"]["rows"]) == 30
    assert all(row["overlap_f"] == 1 for row in report["scores"]["rows"])
    assert report["scores"]["identity_switches"] == 0
    found = counts(out / "table.mcap")
    assert all(found[topic] == 30 for topic in RESULTS)
    assert found["/camera/camera/color/image_raw"] == 30
    assert "/segmentation/overlay" not in found
    assert answers(out / "table.mcap") == {stamp: squares(k) for k, stamp in enumerate(stamps(30))}
    assert (out / "report.html").read_text().count("<img ") >= 3


def test_at_60_hz_the_newest_frame_is_answered_and_the_queue_stays_flat(tmp_path: Path) -> None:
    bag, out = write_bag(tmp_path / "table.mcap", 150), tmp_path / "out"
    with stack(SLOW_BLOBS):
        report = replay(bag, out, "--rate", 60, "--overlay")
    frames = report["frames"]
    assert [frame["stamp"] for frame in frames] == stamps(150)
    check_own_masks(frames, 150)
    answered = [frame for frame in frames if frame["answered"] is not None]
    assert report["answered"] == len(answered) < 150
    assert answered[-1] is frames[-1]
    assert [frame["answered"] for frame in answered] == sorted(frame["answered"] for frame in answered)
    for k, frame in enumerate(answered):
        ahead = [other for other in answered[:k] if other["answered"] > frame["given"]]
        assert len(ahead) <= ANSWERED_AHEAD
    found = counts(out / "table.mcap")
    assert found["/camera/camera/color/image_raw"] == 150
    assert found["/segmentation/overlay"] > 0


def test_colour_alone_and_frames_that_the_nodes_refuse(tmp_path: Path) -> None:
    colour = write_colour(tmp_path / "colour.mcap", [table(2), table(5)])
    small = write_colour(tmp_path / "small.mcap", [np.zeros((8, 8, 3), np.uint8)] * 2)
    with stack(BLOBS):
        report = replay(colour, tmp_path / "colour", "--rate", "answers")
        assert [len(frame["ids"]) for frame in report["frames"]] == [2, 5]
        assert "/grasp_bridge/instance_clouds" not in counts(tmp_path / "colour" / "colour.mcap")
        report = replay(small, tmp_path / "small", "--rate", "answers")
        assert (report["frames_in"], report["answered"], report["dropped"]) == (2, 0, 2)
        assert "<h1>" in (tmp_path / "small" / "report.html").read_text()


def test_a_stack_that_ends_is_told_and_what_was_measured_is_written(tmp_path: Path) -> None:
    bag, out = write_bag(tmp_path / "table.mcap", 300), tmp_path / "out"

    def replaying() -> bool:
        return count_so_far(out / "table.mcap", "/segmentation/instances") > 2

    with (
        stack(SLOW_BLOBS) as process,
        command("replay", bag, "--out", out, "--online", "--attach", "--rate", "answers") as replay,
    ):
        await_line(replay, "waiting for the stack")
        until((out / "table.mcap").exists, "an output")
        until(replaying, "answers in the output")
        assert process.stop() == 0
        _, errors = replay.communicate(timeout=WAIT)
    assert replay.returncode == 2
    report = replay_that_ended(out, errors, "any more; the stack has ended", 300)
    assert "the stack has ended" in report["ended"]
    check_own_masks(report["frames"], 300)
    assert report["answered"] <= len(answers(out / "table.mcap"))


def test_a_camera_that_runs_already_is_refused(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "table.mcap", 2)
    camera = Probe()  # it publishes what a camera does
    try:
        with stack(BLOBS):
            code, _, errors = run("replay", bag, "--out", tmp_path / "out", "--online", "--attach")
    finally:
        camera.close()
    assert code == 2
    assert errors.startswith("uois-sam: a camera publishes on /camera/camera/color/image_raw already; stop it")
    assert errors.count("\n") == 1


def test_two_stacks_are_refused(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "table.mcap", 2)
    with stack(BLOBS), stack(BLOBS):
        code, _, errors = run("replay", bag, "--out", tmp_path / "out", "--online", "--attach")
    assert (code, errors) == (2, "uois-sam: 2 nodes publish /segmentation/instances; stop all but one\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--rate", "30"), "--rate and --attach go with --online"),
        (("--attach",), "--rate and --attach go with --online"),
        (("--online", "--attach", "--parts", "wps_sam"), "a stack that runs already has its own parts"),
        (("--online", "--rate", "fast"), "rate 'fast' is not known"),
        (("--online",), "there is no recording at"),
    ],
)
def test_wrong_options(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    code, _, errors = run("replay", tmp_path / "no.mcap", "--out", tmp_path / "out", *arguments)
    assert code == 2
    assert says in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "out").exists()
