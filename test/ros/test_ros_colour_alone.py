"""A source without depth, through the camera node: nobody waits for depth that will never come."""

from __future__ import annotations

from pathlib import Path

import cv2
from doubles import BLOBS, table
from probe import NodeProcess, Probe, instances_of

from uois_sam.nodes.topics import CAMERA_INFO, DEPTH, IMAGE


def test_images_without_depth_are_answered(probe: Probe, tmp_path: Path) -> None:
    path = tmp_path / "three.png"
    cv2.imwrite(str(path), table(3)[..., ::-1])
    inbox = instances_of(probe, "/colour/")
    perception = NodeProcess("perception", "-r", "__ns:=/colour", model=BLOBS)
    probe.active("/colour/segmentation")
    camera = NodeProcess("camera", "-r", "__ns:=/colour", source=str(path), loop=True)
    try:
        answer = inbox.wait()
        assert answer is not None
        assert len(answer.instances) == 3
        # The probe may find the camera later than perception did, and finds its image publisher last.
        probe.until(lambda: probe.node.count_publishers(f"/colour/{IMAGE}"), "the probe sees the camera")
        publishers = {name: probe.node.count_publishers(f"/colour/{name}") for name in (IMAGE, DEPTH, CAMERA_INFO)}
        assert publishers == {IMAGE: 1, DEPTH: 0, CAMERA_INFO: 0}
    finally:
        assert camera.stop() == 0
        assert perception.stop() == 0


def test_a_folder_of_damaged_images_fails_configure(probe: Probe, tmp_path: Path) -> None:
    (tmp_path / "color").mkdir()
    (tmp_path / "color" / "a.png").write_bytes(b"damaged")
    process = NodeProcess("camera", "-r", "__ns:=/damaged", source=str(tmp_path), loop=True)
    try:
        assert "no frame that can be used" in process.line("configure failed")
    finally:
        assert process.stop() == 0
