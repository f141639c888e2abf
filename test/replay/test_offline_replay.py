"""Offline replay: what it writes, that it writes it twice alike, and how it treats recordings of all sorts."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from recordings import FRAME_ID, START, compressed, image, info, text, write_bag
from replay_doubles import (
    COLOUR,
    DEPTH,
    INFO,
    STEP,
    TRUTH,
    BrightPipeline,
    H,
    UpperHalves,
    W,
    recorded_frame,
    recorded_tables,
    table,
)
from rosbags.highlevel import AnyReader

from uois_sam.errors import InputError, SourceError
from uois_sam.replay.offline import bag_name, replay_bag
from uois_sam.replay.options import ReplayOptions
from uois_sam.replay.results import (
    INSTANCE_CLOUDS,
    INSTANCES,
    LABEL_IMAGE,
    OVERLAY,
    PART_CLOUDS,
    PART_LABEL_IMAGE,
    PARTS,
    SCENE_CLOUD,
)
from uois_sam.replay.run import ReplayRun


def replay(bag: Path, out: Path, **options: Any) -> ReplayRun:
    pipeline: Any = BrightPipeline()
    return replay_bag(bag, out, ReplayOptions(**options), pipeline=pipeline)


def read(path: Path) -> dict[str, list[tuple[int, Any]]]:
    """Time of recording and message by topic."""
    found: dict[str, list[tuple[int, Any]]] = {}
    with AnyReader([path]) as reader:
        for connection, recorded, raw in reader.messages():
            found.setdefault(connection.topic, []).append((recorded, reader.deserialize(raw, connection.msgtype)))
    return found


def report(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "report.json").read_text())
    return content


@pytest.mark.parametrize("name", ["x.mcap", "x.db3", "x.bag"])
def test_results_lie_beside_what_was_read(tmp_path: Path, name: str) -> None:
    bag = recorded_tables(tmp_path / name)
    run = replay(bag, tmp_path / "out")
    found = read(tmp_path / "out" / "x.mcap")
    assert set(found) == {COLOUR, DEPTH, INFO, INSTANCES, LABEL_IMAGE, SCENE_CLOUD, INSTANCE_CLOUDS}
    assert {topic: len(messages) for topic, messages in found.items()} == dict.fromkeys(found, 4) | {INFO: 1}
    for k, count in enumerate((2, 3, 1, 4)):
        recorded, answer = found[INSTANCES][k]
        assert recorded == START + k * STEP
        assert (answer.header.stamp.sec * 10**9 + answer.header.stamp.nanosec, answer.header.frame_id) == (
            START + k * STEP,
            FRAME_ID,
        )
        assert [one.label for one in answer.instances] == list(range(1, count + 1))
        assert (answer.width, answer.height, answer.label_image.encoding) == (W, H, "16UC1")
        assert np.array_equal(found[LABEL_IMAGE][k][1].data, answer.label_image.data)
        labels = answer.label_image.data.view(np.uint16).reshape(H, W)
        assert np.array_equal(labels, table(count)[1])
        clouds = found[INSTANCE_CLOUDS][k][1]
        assert len(clouds.clouds) == count
        assert clouds.clouds[0].centroid.z == pytest.approx(0.6)
        assert found[SCENE_CLOUD][k][1].width > 100
    assert (run.bag, run.mode, run.answered, run.dropped) == (bag.name, "offline", 4, 0)
    assert [frame.stamp for frame in run.frames] == [START + k * STEP for k in range(4)]
    assert [len(frame.ids) for frame in run.frames] == [2, 3, 1, 4]
    assert list(run.frames[0].stages) == ["encode", "decode", "clouds", "write"]
    assert run.frames[0].stages["encode"] == pytest.approx(0.004)
    assert all(
        a.answered is not None and b.given >= a.answered for a, b in zip(run.frames, run.frames[1:], strict=False)
    )


def test_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    bag = recorded_tables(tmp_path / "x.mcap", truth=True)
    written = []
    for out in ("one", "two"):
        replay(bag, tmp_path / out, overlay=True)
        written.append((tmp_path / out / "x.mcap").read_bytes())
    assert written[0] == written[1]


def test_overlays_are_there_when_asked_for(tmp_path: Path) -> None:
    bag = recorded_tables(tmp_path / "x.mcap")
    replay(bag, tmp_path, overlay=True)
    found = read(tmp_path / "x.mcap")
    assert len(found[OVERLAY]) == 4
    assert found[OVERLAY][0][1].encoding == "rgb8"


def test_colour_alone_and_compressed(tmp_path: Path) -> None:
    picture, _ = table(3)
    png = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
    topic = COLOUR + "/compressed"
    bag = write_bag(tmp_path / "x.mcap", [compressed(topic, png, "rgb8; png compressed bgr8")])
    run = replay(bag, tmp_path / "out")
    found = read(tmp_path / "out" / "x.mcap")
    assert set(found) == {topic, INSTANCES, LABEL_IMAGE}
    assert list(run.frames[0].stages) == ["encode", "decode", "write"]
    assert len(run.frames[0].ids) == 3


def test_scores_where_the_bag_has_the_truth(tmp_path: Path) -> None:
    bag = recorded_tables(tmp_path / "x.mcap", truth=True)
    said: list[str] = []
    pipeline: Any = BrightPipeline()
    replay_bag(bag, tmp_path / "out", ReplayOptions(), pipeline=pipeline, say=said.append)
    assert said[0].startswith(f"bag x, 10.0 Hz: colour {COLOUR}")
    assert said[1].startswith(f"truth: topic {TRUTH}, 4 label images; objects from 1 on, none ignored (detected")
    written = report(tmp_path / "out")
    scores = written["scores"]
    assert scores["mean"]["overlap_f"] == 1
    assert (scores["images"], scores["objects"], scores["identity_switches"]) == (4, 10, 0)
    assert [row["name"] for row in scores["rows"]] == [f"{(START + k * STEP) / 1e9:.3f}" for k in range(4)]
    assert TRUTH in read(tmp_path / "out" / "x.mcap")
    assert written["frames_in"] == written["answered"] == 4
    assert written["topics"] == said[0]
    assert "Scores against the ground truth" in (tmp_path / "out" / "report.html").read_text()


def test_no_scores_without_truth(tmp_path: Path) -> None:
    replay(recorded_tables(tmp_path / "x.mcap"), tmp_path / "out")
    assert report(tmp_path / "out")["scores"] is None
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Lowest mean score" in page
    assert "identity switches" not in page


def test_labels_of_other_images_give_no_scores_and_a_note(tmp_path: Path) -> None:
    picture, label = table(2)
    messages = [image(COLOUR, picture, "rgb8"), image("/gt", label, "16UC1", START + STEP)]
    replay(write_bag(tmp_path / "x.mcap", messages), tmp_path / "out", labels="/gt")
    assert report(tmp_path / "out")["scores"] is None
    note = "No scores: of topic /gt, 1 label images, none has the stamp of an answered image."
    assert note in (tmp_path / "out" / "report.html").read_text()


def test_a_named_rule_of_the_labels(tmp_path: Path) -> None:
    bag = recorded_tables(tmp_path / "x.mcap", (3,), truth=True)
    replay(bag, tmp_path / "out", first_object=2, ignore=1)
    scores = report(tmp_path / "out")["scores"]
    assert (scores["first_object"], scores["ignore"], scores["objects"]) == (2, 1, 2)
    assert scores["mean"]["overlap_f"] == 1


def test_frames_that_cannot_be_used_are_told_and_passed_over(tmp_path: Path) -> None:
    grey = image(COLOUR, np.full((H, W, 3), 127, np.uint8), "rgb8", START + STEP)
    skew = image(COLOUR, np.zeros((H, W, 3), np.uint8), "rgb8", START + 2 * STEP, step=1)
    frames = [recorded_frame(k, 2, depth=False) for k in (0, 3)]
    bag = write_bag(tmp_path / "x.mcap", [*frames[0], grey, skew, *frames[1]])
    done: list[tuple[int, int]] = []
    pipeline: Any = BrightPipeline()
    run = replay_bag(
        bag, tmp_path / "out", ReplayOptions(), pipeline=pipeline, progress=lambda a, b: done.append((a, b))
    )
    assert [frame.stamp for frame in run.frames] == [START, START + 3 * STEP]
    assert run.refused[0] == "the image is grey all over"
    assert "step is 1" in run.refused[1]
    assert sum(report(tmp_path / "out")["refused"].values()) == 2
    assert len(read(tmp_path / "out" / "x.mcap")[INSTANCES]) == 2
    assert done == [(1, 4), (4, 4)]


def test_images_without_depth_of_their_time_are_told(tmp_path: Path) -> None:
    messages = [info(INFO, W, H), *recorded_frame(0, 1), *recorded_frame(1, 1, depth=False), *recorded_frame(2, 1)]
    run = replay(write_bag(tmp_path / "x.mcap", messages), tmp_path / "out")
    assert len(run.frames) == 2
    assert list(run.refused) == ["no depth within half a frame of its stamp"]


def test_a_bag_that_ends_early_is_replayed_as_far_as_it_goes(tmp_path: Path) -> None:
    bag = recorded_tables(tmp_path / "x.db3", (2,) * 30, depth=False)
    file = bag / "x.db3"
    whole = file.read_bytes()
    at = len(whole) * 6 // 10
    file.write_bytes(whole[:at] + bytes(len(whole) // 5) + whole[at + len(whole) // 5 :])
    run = replay(bag, tmp_path / "out")
    assert 0 < len(run.frames) < 30
    assert "damaged, truncated or foreign" in run.ended
    assert len(read(tmp_path / "out" / "x.mcap")[INSTANCES]) == len(run.frames)
    assert "The replay ended early" in (tmp_path / "out" / "report.html").read_text()


def test_recordings_of_no_use(tmp_path: Path) -> None:
    grey = image(COLOUR, np.full((H, W, 3), 127, np.uint8), "rgb8")
    cases: list[tuple[str, Any, type[Exception], str]] = [
        ("empty.mcap", [], SourceError, "no image topic at all, it is empty"),
        ("words.mcap", [text(COLOUR)], SourceError, rf"only {COLOUR} \(std_msgs/msg/String\)"),
        ("grey.mcap", [grey], InputError, "no frame of .* can be used: the image is grey all over"),
    ]
    for name, messages, kind, says in cases:
        with pytest.raises(kind, match=says) as caught:
            replay(write_bag(tmp_path / name, messages), tmp_path / "out")
        assert "\n" not in str(caught.value)
        assert not list((tmp_path / "out").glob("*.mcap"))


def test_the_output_never_replaces_the_input(tmp_path: Path) -> None:
    folder = recorded_tables(tmp_path / "x.mcap")
    file = folder / "x.mcap"
    for bag in (file, folder):
        with pytest.raises(InputError, match="would lie in the bag that is read, or replace it"):
            replay(bag, folder)
    assert len(read(file)[COLOUR]) == 4


def test_names_of_outputs(tmp_path: Path) -> None:
    assert [bag_name(tmp_path / n) for n in ("a.b.mcap", "old.bag", "rosbag2_2024", "v1.2")] == [
        "a.b",
        "old",
        "rosbag2_2024",
        "v1.2",
    ]


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    here = Path(__file__).parent
    head = f"import sys; sys.path[:0] = [{str(here)!r}, {str(here.parent)!r}]\n"
    words = [sys.executable, "-c", head + textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)


def test_a_full_disk_leaves_what_was_written_readable(tmp_path: Path) -> None:
    """The largest size of a file stands in for the disk."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 100, (H, W, 3), np.uint8) for _ in range(30)]
    bag = write_bag(tmp_path / "x.mcap", [image(COLOUR, p, "rgb8", START + k * STEP) for k, p in enumerate(noise)])
    code = """
        import resource
        from pathlib import Path
        from replay_doubles import BrightPipeline
        from uois_sam.errors import SourceError
        from uois_sam.replay.offline import replay_bag
        from uois_sam.replay.options import ReplayOptions
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
        try:
            replay_bag(Path(sys.argv[1]), Path(sys.argv[2]), ReplayOptions(), pipeline=BrightPipeline())
        except SourceError as error:
            print(error)
        """
    done = run_python(code, bag, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "cannot write recording" in done.stdout
    assert "File too large; what was written until then can be read" in done.stdout
    found = read(tmp_path / "out" / "x.mcap")
    assert 2 < len(found[INSTANCES]) < 30
    assert np.array_equal(found[COLOUR][1][1].data, noise[1].ravel())
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["x.mcap"]


def test_it_runs_without_ros(tmp_path: Path) -> None:
    bag = recorded_tables(tmp_path / "x.mcap")
    code = """
        import os
        from pathlib import Path
        os.environ.pop("AMENT_PREFIX_PATH", None)
        for name in ("rclpy", "uois_sam_msgs", "sensor_msgs", "ament_index_python"):
            sys.modules[name] = None
        from replay_doubles import BrightPipeline
        from uois_sam.replay.offline import replay_bag
        from uois_sam.replay.options import ReplayOptions
        replay_bag(Path(sys.argv[1]), Path(sys.argv[2]), ReplayOptions(), pipeline=BrightPipeline())
        """
    done = run_python(code, bag, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert len(read(tmp_path / "out" / "x.mcap")[INSTANCES]) == 4


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> str:
    """The parts of `UpperHalves`, as --parts names them."""
    monkeypatch.setattr("uois_sam.parts.finder.load_part_segmenter", lambda *_: UpperHalves())
    return "wps_sam"


def test_parts_are_there_when_asked_for(tmp_path: Path, parts: str) -> None:
    run = replay(recorded_tables(tmp_path / "x.mcap"), tmp_path / "out", parts=parts)
    assert [frame.parts for frame in run.frames] == [2, 3, 1, 4]
    assert report(tmp_path / "out")["parts"] == {"mean": 2.5, "least": 1, "most": 4}
    assert "parts" in report(tmp_path / "out")["stage_ms"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "parts: top 4" in page
    assert "parts per frame" in page
    found = read(tmp_path / "out" / "x.mcap")
    listed = found[PARTS][0][1].parts
    assert [(part.instance_id, part.name, part.graspable, part.preference) for part in listed] == [
        (1, "top", True, 1.0),
        (2, "top", True, 1.0),
    ]
    assert np.unique(found[PART_LABEL_IMAGE][0][1].data.view(np.uint16)).tolist() == [0, 1, 2]
    clouds = found[PART_CLOUDS][0][1].clouds
    assert [cloud.name for cloud in clouds] == ["top", "top"]
    fields = [field.name for field in found[INSTANCE_CLOUDS][0][1].clouds[0].cloud.fields]
    assert fields == ["x", "y", "z", "rgb", "grasp"]


def test_without_parts_nothing_is_said_of_them(tmp_path: Path) -> None:
    replay(recorded_tables(tmp_path / "x.mcap"), tmp_path / "out")
    assert report(tmp_path / "out")["parts"] == {}
    assert "parts" not in (tmp_path / "out" / "report.html").read_text()


def test_the_messages_are_those_of_the_running_nodes(tmp_path: Path, parts: str) -> None:
    pytest.importorskip("rclpy", reason="rclpy is not on this machine")
    convert = pytest.importorskip("uois_sam.nodes.convert", reason="the ROS messages are not on this machine")
    from rclpy.serialization import deserialize_message
    from sensor_msgs.msg import Image, PointCloud2
    from uois_sam_msgs.msg import InstanceArray, InstanceCloudArray, PartArray, PartCloudArray

    from uois_sam.grasping.clouds import instance_cloud, scene_cloud
    from uois_sam.grasping.part_clouds import part_clouds
    from uois_sam.grasping.settings import CloudSettings
    from uois_sam.nodes import part_messages
    from uois_sam.nodes.listener import TOPICS
    from uois_sam.parts.preference import grasp_of_points, with_preferences
    from uois_sam.types import Camera

    bag = recorded_tables(tmp_path / "x.mcap", (2,))
    replay(bag, tmp_path / "out", overlay=True, parts=parts)
    with AnyReader([tmp_path / "out" / "x.mcap"]) as reader:
        written = {c.topic: (c.msgtype, bytes(raw)) for c, _, raw in reader.messages()}
    named = {t.name: t.type_name for t in TOPICS.values()}
    assert all(named[topic] == kind for topic, (kind, _) in written.items())
    header = deserialize_message(written[INSTANCES][1], InstanceArray).header
    picture, _ = table(2)
    instances = BrightPipeline().segment(picture)
    depth = np.full((H, W), 0.6, np.float32)
    camera = Camera(150.0, 150.0, (W - 1) / 2, (H - 1) / 2, W, H, FRAME_ID)
    settings = CloudSettings()
    scene = scene_cloud(depth, camera, picture, instances.label_image, settings)
    clouds = [instance_cloud(depth, camera, picture, instances, k, settings) for k in (1, 2)]
    tops = with_preferences(UpperHalves().segment(picture, instances), lambda _: 1.0, 0.3)
    grasps = [grasp_of_points([top], c.pixels, H, W) for top, c in zip(tops, clouds, strict=True)]
    cut = [part_clouds(c, [top], W)[0] for top, c in zip(tops, clouds, strict=True)]
    wanted = {
        INSTANCES: (InstanceArray, convert.instances_to_msg(instances, header)),
        LABEL_IMAGE: (Image, convert.label_image_to_msg(instances.label_image, header)),
        OVERLAY: (Image, convert.image_to_msg(instances.overlay(picture), header)),
        SCENE_CLOUD: (PointCloud2, convert.cloud_to_msg(scene, header)),
        INSTANCE_CLOUDS: (
            InstanceCloudArray,
            InstanceCloudArray(
                header=header,
                clouds=[convert.instance_cloud_to_msg(c, header, g) for c, g in zip(clouds, grasps, strict=True)],
            ),
        ),
        PARTS: (PartArray, part_messages.parts_to_msg(tops, header)),
        PART_LABEL_IMAGE: (Image, convert.label_image_to_msg(tops.label_image(), header)),
        PART_CLOUDS: (
            PartCloudArray,
            PartCloudArray(header=header, clouds=[part_messages.part_cloud_to_msg(c, header) for c in cut]),
        ),
    }
    assert wanted.keys() == written.keys() - {COLOUR, DEPTH, INFO}
    for topic, (kind, message) in wanted.items():
        assert deserialize_message(written[topic][1], kind) == message, topic
