"""`uois-sam record` beside a running stack."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import WAIT, await_line, command, interrupt, run
from doubles import BLOBS
from growing_bag import count_so_far, counts
from probe import NodeProcess, Probe

from uois_sam.sources.bag import BagSource

IMAGE = "/left/camera/camera/color/image_raw"
INSTANCES = "/left/segmentation/instances"
RESULTS = {
    INSTANCES,
    "/left/segmentation/label_image",
    "/left/segmentation/overlay",
    "/left/grasp_bridge/instance_clouds",
    "/left/grasp_bridge/scene_cloud",
    "/left/grasp_bridge/part_clouds",
}
CAMERA = {IMAGE, "/left/camera/camera/color/camera_info", "/left/camera/camera/aligned_depth_to_color/image_raw"}


@pytest.fixture(scope="module")
def stack(probe: Probe) -> Iterator[None]:
    """A camera and perception in one process, in a namespace."""
    process = NodeProcess(
        "perception", "-r", "__ns:=/left", model=BLOBS, camera=True, source="counting", loop=True, rate=20.0
    )
    try:
        probe.active("/left/grasp_bridge")
        probe.active("/left/camera")
        yield
    finally:
        assert process.stop() == 0


def test_all_topics_of_a_stack_until_so_many_frames(stack: None, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.mcap"
    code, out, errors = run("record", path, "--frames", 30)
    assert (code, errors) == (0, "")
    found = counts(path)
    assert found.keys() >= CAMERA | RESULTS
    assert "/rosout" not in found
    assert found[IMAGE] >= 30
    assert f"{sum(found.values())} messages in {path}" in out
    for topic, count in found.items():
        assert any(line.split()[::2] == [topic, str(count)] for line in out.splitlines() if line.startswith("/"))
    with BagSource(path) as source:
        frames = list(source)
        assert frames[0].depth is not None
        assert frames[0].camera is not None


def test_named_topics_until_ctrl_c(stack: None, probe: Probe, tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    with command("record", path, "--topics", INSTANCES.removeprefix("/")) as process:
        await_line(process, f"{INSTANCES} uois_sam_msgs/msg/InstanceArray")
        probe.until(lambda: count_so_far(path, INSTANCES) > 0, "recorded instances")
        code, out, errors = interrupt(process)
    assert (code, errors) == (0, "")
    assert counts(path).keys() == {INSTANCES}
    assert f"{counts(path)[INSTANCES]} messages in {path}" in out


def test_a_time(stack: None, tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    code, _, errors = run("record", path, "--seconds", 0.5, "--topics", IMAGE)
    assert (code, errors) == (0, "")
    assert counts(path)[IMAGE] > 0


def test_a_recorder_that_is_killed_leaves_a_readable_file(stack: None, probe: Probe, tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    with command("record", path) as process:
        await_line(process, "recording ")
        probe.until(lambda: count_so_far(path, IMAGE) > 0, "recorded images")
        process.send_signal(signal.SIGKILL)
        assert process.wait(WAIT) == -9
    assert counts(path)[IMAGE] > 0
    with BagSource(path) as source:
        assert next(source).image.shape == (120, 160, 3)
    assert [p.name for p in tmp_path.iterdir()] == ["x.mcap"]


def test_a_file_that_cannot_grow_any_more_is_readable(stack: None, probe: Probe, tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    with command("record", path) as process:
        probe.until(path.exists, "a recording")
        probe.until(lambda: count_so_far(path, IMAGE) > 0, "recorded images")
        size = path.stat().st_size + 10_000
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
        out, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 2
    says = "File too large; what was written until then can be read"
    assert errors == f"uois-sam: cannot write recording {path}: {says}\n"
    assert f"{IMAGE} " in out
    assert counts(path)[IMAGE] > 0
    with BagSource(path) as source:
        assert next(source).image.shape == (120, 160, 3)


def test_nobody_publishes(stack: None, tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    with command("record", path, "--topics", "/nothing") as process:
        await_line(process, "recording ")
        code, _, errors = interrupt(process)
    assert code == 2
    assert errors.startswith("uois-sam: nobody published /nothing in ROS_DOMAIN_ID=")
    assert errors.count("\n") == 1
    assert not path.exists()


def test_an_older_recording_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    path.write_bytes(b"old")
    code, _, errors = run("record", path)
    assert (code, errors) == (2, f"uois-sam: {path} is there already; give another name\n")
    assert path.read_bytes() == b"old"
