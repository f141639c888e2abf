"""`uois-sam demo` and `uois-sam bench --ros` with the real nodes in processes of their own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import cv2
import psutil
import pytest
from command_line import WAIT, await_line, command, interrupt, run

pytestmark = pytest.mark.ros

if any(importlib.util.find_spec(name) is None for name in ("rclpy", "uois_sam_msgs")):
    pytest.skip("no ROS 2 here", allow_module_level=True)

TOPICS = {
    "/camera/camera/color/image_raw",
    "/camera/camera/color/camera_info",
    "/camera/camera/aligned_depth_to_color/image_raw",
    "/segmentation/instances",
    "/segmentation/label_image",
    "/segmentation/overlay",
    "/grasp_bridge/instance_clouds",
    "/grasp_bridge/scene_cloud",
    "/grasp_bridge/part_clouds",
    "/diagnostics",
}


def test_the_stack_on_the_bundled_sequence(tmp_path: Path) -> None:
    from uois_sam.sources.bag import BagSource

    (tmp_path / "clouds").mkdir()
    (tmp_path / "clouds" / "old.ply").write_text("of an earlier run")
    code, out, errors = run("demo", "--out", tmp_path, "--frames", 3)
    assert (code, errors) == (0, "")
    assert out.count("\nframe 0000") == 3
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["answered"], report["unmatched"], report["depth"]) == (3, 0, True)
    assert len({frame["stamp"] for frame in report["frames"]}) == 3
    assert all(frame["clouds_ms"] > frame["masks_ms"] > 0 for frame in report["frames"])
    assert len(report["scores"]["rows"]) == 3
    assert {"encode", "prompts", "decode", "postprocess"} <= report["stage_ms"]["segmentation"].keys()
    assert "clouds" in report["stage_ms"]["grasp_bridge"]
    assert all(frame["parts"] is None for frame in report["frames"])
    page = (tmp_path / "report.html").read_text()
    assert page.count("<img ") == 5 * 3
    names = [frame["name"] for frame in report["frames"]]
    plys = {path.name for path in (tmp_path / "clouds").iterdir()}
    assert {f"{name}_scene.ply" for name in names} <= plys
    instances = [(f["name"], i["id"]) for f in report["frames"] for i in f["instances"] if i["points"]]
    assert len(plys) == 3 + len(instances)
    assert {f"{name}_instance_{k}.ply" for name, k in instances} <= plys
    with BagSource(tmp_path / "demo.mcap") as recording:
        frame = next(recording)
        assert frame.image.shape == (480, 640, 3)
        assert frame.depth is not None
        assert frame.camera is not None
    from rosbags.highlevel import AnyReader

    with AnyReader([tmp_path / "demo.mcap"]) as reader:
        assert {c.topic for c in reader.connections} == TOPICS
        clouds = [c for c in reader.connections if c.topic == "/grasp_bridge/instance_clouds"]
        assert clouds[0].msgcount >= 3
    assert {path.name for path in (tmp_path / "log").iterdir()} == {"camera.log", "perception.log"}


def test_colour_alone_has_masks_and_no_clouds(tmp_path: Path) -> None:
    from uois_sam.paths import bundled_sequence

    image = next((bundled_sequence() / "color").iterdir())
    code, out, errors = run("demo", "--source", image, "--out", tmp_path / "out")
    assert (code, errors) == (0, "")
    assert "no clouds" in out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["answered"], report["depth"], report["scores"]) == (1, False, None)
    assert report["refused"] == {}
    assert list((tmp_path / "out" / "clouds").iterdir()) == []


def test_a_video_is_played_to_its_end(tmp_path: Path) -> None:
    from uois_sam.paths import bundled_sequence

    video = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 5.0, (640, 480))
    for path in sorted((bundled_sequence() / "color").iterdir())[:4]:
        writer.write(cv2.imread(str(path)))
    writer.release()
    code, _, errors = run("demo", "--source", f"video:{video}", "--out", tmp_path / "out")
    assert (code, errors) == (0, "")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["images"] == report["answered"] + report["unanswered"]
    assert report["images"] <= 4


def test_a_model_that_cannot_be_loaded(tmp_path: Path) -> None:
    code, _, errors = run("demo", "--model", tmp_path / "nothing", "--out", tmp_path / "out")
    assert code == 2
    assert errors.startswith("uois-sam: segmentation: configure failed: ")
    assert errors.count("\n") == 1
    assert not (tmp_path / "out" / "demo.mcap").exists()


def test_a_source_that_is_not_there_starts_nothing(tmp_path: Path) -> None:
    code, out, errors = run("demo", "--source", "folder:/no/such", "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert errors.startswith("uois-sam: there is nothing at '/no/such'")
    assert not (tmp_path / "out").exists()


def test_parts_of_no_method_start_nothing(tmp_path: Path) -> None:
    code, out, errors = run("demo", "--parts", "magic:x", "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert "give METHOD:MODEL, of guided_sam, wps_sam, part_clipseg" in errors
    assert not (tmp_path / "out").exists()


def test_ctrl_c_ends_all_processes(tmp_path: Path) -> None:
    with command("demo", "--out", tmp_path) as process:
        await_line(process, "frame ")
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 2
        code, _, errors = interrupt(process)
        assert (code, errors) == (130, "\nuois-sam: interrupted\n")
    assert not any(child.is_running() for child in children)


def test_a_node_that_dies_is_told(tmp_path: Path) -> None:
    with command("demo", "--out", tmp_path) as process:
        await_line(process, "frame ")
        perception = next(
            child for child in psutil.Process(process.pid).children() if "perception" in " ".join(child.cmdline())
        )
        perception.kill()
        _, errors = process.communicate(timeout=WAIT)
        assert process.returncode == 2
    assert errors.startswith("uois-sam: perception ended with signal 9: ")
    assert errors.count("\n") == 1


def test_bench_over_real_messages(tmp_path: Path) -> None:
    code, out, errors = run("bench", "--ros", "--frames", 3, "--threads", 1, "--json", tmp_path / "b.json")
    assert (code, errors) == (0, "")
    figures = json.loads((tmp_path / "b.json").read_text())
    assert figures["camera_to_subscriber"]["median_ms"] > 0
    assert figures["perception"]["frames_per_second"] > 0
    assert figures["perception"]["memory_mb"]["highest"] >= figures["perception"]["memory_mb"]["first"] > 0
    assert "frames/s from camera message to cloud message" in out
