"""The camera node, and the stack composed and in separate processes: the same names, every frame its own masks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from doubles import BLOBS, DEVICE
from probe import Inbox, NodeProcess, Probe, clouds_of, instances_of, values
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from uois_sam.nodes.convert import depth_from_msg, image_from_msg
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.topics import CAMERA_INFO, DEPTH, IMAGE, SENSOR_QOS


def squares(image: Image) -> int:
    """How many things the double drew into a frame: four fit in a row of the 160 x 120 table."""
    rgb = image_from_msg(image)
    centres = rgb[21::38, 21::38, 0][:3, :4]
    return int(np.count_nonzero(centres > 160))


def topics_of(probe: Probe, namespace: str) -> dict[str, list[str]]:
    """Names and types under a namespace, the node's own plumbing left out."""
    found = probe.node.get_topic_names_and_types() + probe.node.get_service_names_and_types()
    return {
        name.removeprefix(namespace): types
        for name, types in found
        if name.startswith(f"{namespace}/") and "/perception" not in name
    }


def test_camera_publishes_image_depth_and_intrinsics_with_one_stamp(probe: Probe) -> None:
    process = NodeProcess("camera", "-r", "__ns:=/solo", source="counting", loop=True)
    try:
        info = probe.listen(CameraInfo, f"/solo/{CAMERA_INFO}", SENSOR_QOS)
        depth = probe.listen(Image, f"/solo/{DEPTH}", SENSOR_QOS)
        image = probe.listen(Image, f"/solo/{IMAGE}", SENSOR_QOS)

        def together() -> tuple[Image, Image, CameraInfo] | None:
            for one in list(image.messages):
                same = [i.wait(lambda m, one=one: m.header == one.header, 0.0) for i in (depth, info)]
                if all(m is not None for m in same):
                    return one, same[0], same[1]
            return None

        one, its_depth, its_info = probe.until(together, "three messages with one header")
        assert (one.encoding, its_depth.encoding) == ("rgb8", "16UC1")
        assert one.header.frame_id == "camera_color_optical_frame"
        np.testing.assert_allclose(depth_from_msg(its_depth), 0.6, atol=1e-6)
        assert (its_info.k[0], its_info.width, its_info.height) == (150.0, 160, 120)
        refused = probe.set("/solo/camera", rate=-1.0)[0]
        assert "out of range" in refused.reason
        assert probe.set("/solo/camera", rate=40.0)[0].successful
    finally:
        assert process.stop() == 0


def test_a_camera_whose_source_ends_says_so_or_ends_with_it(probe: Probe) -> None:
    image = probe.listen(Image, f"/ending/{IMAGE}", SENSOR_QOS)
    stays = NodeProcess("camera", "-r", "__ns:=/ending", source="counting", loop=False, wait_for_subscribers=1)
    try:
        assert "has ended" in probe.status("/ending/camera", lambda s: "has ended" in s.message).message
        assert stays.alive
    finally:
        assert stays.stop() == 0
    image.clear()
    ends = NodeProcess(
        "camera",
        "-r",
        "__ns:=/ending",
        source="counting",
        loop=False,
        exit_at_end=True,
        wait_for_subscribers=1,
        use_source_stamps=True,
    )
    assert ends.wait() == 0
    stamps = [stamp_ns(m.header.stamp) for m in image.messages]
    assert stamps == [1_050_000_000, 1_100_000_000, 1_150_000_000, 1_200_000_000, 1_250_000_000]
    assert [squares(m) for m in image.messages] == [1, 2, 3, 4, 5]


def test_a_source_that_is_not_there_fails_configure_and_can_be_tried_again(probe: Probe, tmp_path: Path) -> None:
    process = NodeProcess("camera", "-r", "__ns:=/lost", source=f"folder:{tmp_path}/nothing")
    try:
        assert "\n" not in process.line("configure failed: there is nothing at")
        assert probe.set("/lost/camera", source="counting")[0].successful
        assert probe.change("/lost/camera", "configure")
        assert probe.change("/lost/camera", "activate")
        probe.status("/lost/camera", lambda s: int(values(s)["frames answered"]) > 0)
    finally:
        assert process.stop() == 0


def test_a_device_that_vanishes_is_reported_and_taken_up_again(
    probe: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "video"
    device.touch()
    monkeypatch.setenv(DEVICE, str(device))
    assert os.environ[DEVICE]
    image = probe.listen(Image, f"/plug/{IMAGE}", SENSOR_QOS)
    process = NodeProcess("camera", "-r", "__ns:=/plug", source="device:test")
    try:
        assert image.wait() is not None
        device.unlink()
        gone = probe.status("/plug/camera", lambda s: s.level == b"\x02")
        assert "camera device test" in gone.message
        process.line("stopped delivering images.*trying again every second")
        image.clear()
        device.touch()
        assert image.wait() is not None
        probe.status("/plug/camera", lambda s: s.level == b"\x00")
    finally:
        assert process.stop() == 0


class Listening:
    """Everything that the stack publishes under a namespace."""

    def __init__(self, probe: Probe, namespace: str) -> None:
        self.image: Inbox = probe.listen(Image, f"{namespace}/{IMAGE}", SENSOR_QOS)
        self.instances = instances_of(probe, f"{namespace}/")
        self.clouds = clouds_of(probe, f"{namespace}/")
        self.overlay = probe.listen(Image, f"{namespace}/segmentation/overlay")
        self.label_image = probe.listen(Image, f"{namespace}/segmentation/label_image")
        self.scene = probe.listen(PointCloud2, f"{namespace}/grasp_bridge/scene_cloud")

    def check(self, frames: int) -> None:
        """Whole sets of a number of frames: each topic answers the image of its stamp."""
        inboxes = (self.image, self.instances, self.clouds, self.overlay, self.label_image, self.scene)
        assert all(inbox.wait() is not None for inbox in inboxes)
        for inbox in inboxes:  # from here on, all of them are known to the publishers
            inbox.clear()
        checked = 0
        seen: set[int] = set()
        while checked < frames:
            clouds = self.clouds.wait(lambda m: stamp_ns(m.header.stamp) not in seen)
            assert clouds is not None
            stamp = stamp_ns(clouds.header.stamp)
            seen.add(stamp)

            def same(message: object, header: object = clouds.header) -> bool:
                return bool(message.header == header)  # type: ignore[attr-defined]

            image = self.image.wait(same, 1.0)
            if image is None:
                continue  # best effort: we may have missed what the node has seen
            count = squares(image)
            instances = self.instances.wait(same)
            assert len(instances.instances) == len(clouds.clouds) == count
            labels = np.frombuffer(self.label_image.wait(same).data, np.uint16)
            assert labels.max() == count
            overlay = image_from_msg(self.overlay.wait(same))
            assert (overlay != image_from_msg(image)).any(2).sum() == np.count_nonzero(labels)
            scene = self.scene.wait(same)
            assert [f.name for f in scene.fields] == ["x", "y", "z", "rgb", "label"]
            checked += 1


def test_composed_and_separate_look_alike_and_every_frame_has_its_own_masks(probe: Probe) -> None:
    common = {"model": BLOBS, "source": "counting", "loop": True, "rate": 8.0}
    composed = NodeProcess("perception", "-r", "__ns:=/one", camera=True, **common)
    separate = [
        NodeProcess(name, "-r", "__ns:=/many", **common) for name in ("segmentation", "grasp_bridge", "camera")
    ]
    try:
        for namespace in ("/one", "/many"):
            for node in ("segmentation", "grasp_bridge", "camera"):
                probe.active(f"{namespace}/{node}")
            Listening(probe, namespace).check(frames=6)
        one, many = topics_of(probe, "/one"), topics_of(probe, "/many")
        assert one == many
        assert one["/segmentation/instances"] == ["uois_sam_msgs/msg/InstanceArray"]
        assert one["/grasp_bridge/instance_clouds"] == ["uois_sam_msgs/msg/InstanceCloudArray"]
        assert not [name for name in one if name.startswith("/camera/camera/") and name.split("/")[3] == "camera"]
    finally:
        assert [p.stop() for p in (composed, *separate)] == [0, 0, 0, 0]
