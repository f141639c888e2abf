"""Starting, failing to start, starting again; parameters; what diagnostics say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles import BLOBS, table
from probe import Inbox, NodeProcess, Probe, instances_of, values
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from uois_sam.nodes.topics import IMAGE

NODE = "/life/segmentation"


@pytest.fixture(scope="module")
def idle(probe: Probe) -> Iterator[NodeProcess]:
    """A segmentation node that waits to be configured; its tests run in order."""
    process = NodeProcess(
        "segmentation", "-r", "__ns:=/life", autostart=False, model="no/such/folder", adaptation="none"
    )
    probe.until(lambda: probe.state(NODE) == "unconfigured", "unconfigured node")
    yield process
    assert process.stop() == 0


def broken_model(folder: Path, content: bytes) -> str:
    folder.mkdir()
    config = {"segmenter": {"kind": "tiny", "weights": "segmenter.safetensors"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "segmenter.safetensors").write_bytes(content)
    return str(folder)


def test_a_node_that_was_not_started_says_so(probe: Probe, idle: NodeProcess) -> None:
    assert probe.status(NODE).message == "unconfigured"


@pytest.mark.parametrize("kind", ["missing", "truncated", "foreign", "missing weights"])
def test_a_model_that_cannot_be_loaded_fails_configure_with_one_line(
    probe: Probe, idle: NodeProcess, tmp_path: Path, kind: str
) -> None:
    header = json.dumps({"weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    length = len(header).to_bytes(8, "little")
    model = str(tmp_path / "nothing")
    if kind == "truncated":
        model = broken_model(tmp_path / "truncated", length + header + bytes(3))
    elif kind == "foreign":
        model = broken_model(tmp_path / "foreign", length + header + bytes(16))
    elif kind == "missing weights":
        model = broken_model(tmp_path / "missing", b"")
        (tmp_path / "missing" / "segmenter.safetensors").unlink()
    assert probe.set(NODE, model=model)[0].successful
    probe.log.clear()
    assert not probe.change(NODE, "configure")
    line = probe.log.wait(lambda m: m.name == "life.segmentation" and "configure failed" in m.msg).msg
    assert "\n" not in line
    assert tmp_path.name in line
    assert probe.state(NODE) == "unconfigured"
    assert line in probe.status(NODE, lambda s: tmp_path.name in s.message).message
    assert idle.alive


def test_after_a_failure_a_good_model_is_taken(probe: Probe, idle: NodeProcess) -> None:
    assert probe.set(NODE, model=BLOBS)[0].successful
    assert probe.change(NODE, "configure")
    assert probe.change(NODE, "activate")
    assert "configure failed" not in probe.status(NODE, lambda s: "inactive" not in s.message).message


def test_the_models_own_thresholds_are_the_parameters(probe: Probe, idle: NodeProcess) -> None:
    assert probe.get(NODE, "score_threshold", "nms_iou") == [pytest.approx(0.61), pytest.approx(0.3)]


def test_a_threshold_changes_while_running_and_bad_values_are_refused_with_a_reason(
    probe: Probe, idle: NodeProcess
) -> None:
    inbox = instances_of(probe, "/life/")
    image = probe.node.create_publisher(Image, f"/life/{IMAGE}", 1)
    own, probe.image = probe.image, image
    try:

        def send() -> int:
            return probe.send(table(3), camera=None)

        assert len(probe.answer(inbox, send).instances) == 3
        assert probe.set(NODE, score_threshold=0.95)[0].successful
        assert len(probe.answer(inbox, send).instances) == 0
        for bad in (1.5, -0.1, "high"):
            result = probe.set(NODE, score_threshold=bad)[0]
            assert not result.successful
            assert result.reason
        assert probe.get(NODE, "score_threshold") == [pytest.approx(0.95)]
        assert probe.set(NODE, score_threshold=0.5)[0].successful
        assert len(probe.answer(inbox, send).instances) == 3
    finally:
        probe.image = own
        probe.node.destroy_publisher(image)


def test_what_is_read_at_configure_is_fixed_until_cleanup(probe: Probe, idle: NodeProcess) -> None:
    refused = probe.set(NODE, model="another")[0]
    assert not refused.successful
    assert "clean it up first" in refused.reason
    assert not probe.set(NODE, image_transport="theora")[0].successful
    assert probe.change(NODE, "deactivate")
    assert probe.change(NODE, "cleanup")
    wrong = probe.set(NODE, image_transport="theora")[0]
    assert "must be one of 'raw', 'compressed'" in wrong.reason
    assert probe.set(NODE, keep_frames=7)[0].successful
    assert probe.change(NODE, "configure")
    assert probe.get(NODE, "score_threshold") == [pytest.approx(0.5)]
    assert probe.change(NODE, "activate")


def test_silence_is_reported_by_topic(probe: Probe, idle: NodeProcess) -> None:
    status = probe.status(NODE, lambda s: f"No image on /life/{IMAGE} for" in s.message)
    assert status.level == b"\x01"
    assert float(values(status)["resident memory MB"]) > 10


def test_a_subscriber_that_wants_what_is_not_offered_is_reported(probe: Probe, idle: NodeProcess) -> None:
    inbox = Inbox()
    latched = QoSProfile(
        depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
    )
    subscription = probe.node.create_subscription(Image, "/life/segmentation/overlay", inbox.put, latched)
    probe.status(NODE, lambda s: "requests incompatible DURABILITY" in s.message)
    probe.node.destroy_subscription(subscription)


def test_a_parameter_of_the_wrong_type_or_range_ends_the_process_in_one_line() -> None:
    for value, reason in (("2.5", "out of range"), ("'high'", "STRING")):
        process = NodeProcess("segmentation", "-p", f"score_threshold:={value}", "-r", "__ns:=/never")
        assert process.wait() == 2
        assert [line for line in process.lines if "uois_sam: " in line and reason in line]
        assert not [line for line in process.lines if "Traceback" in line]


def test_a_target_frame_is_refused_in_words_where_tf2_does_not_import(probe: Probe) -> None:
    try:
        import tf2_ros  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("tf2_ros imports here: target_frame is taken")
    process = NodeProcess("grasp_bridge", "-r", "__ns:=/framed", target_frame="base_link")
    try:
        process.line("configure failed: target_frame is 'base_link', but tf2_ros does not import here")
        assert probe.state("/framed/grasp_bridge") == "unconfigured"
        assert probe.set("/framed/grasp_bridge", target_frame="")[0].successful
        assert probe.change("/framed/grasp_bridge", "configure")
    finally:
        assert process.stop() == 0
