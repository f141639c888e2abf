"""Two cameras in two namespaces: each frame is answered where it was taken, and nowhere else."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import cv2
import launch_testing
import launch_testing.asserts
import pytest
from launched import Answers, ProbeTestCase, launched

from launch import LaunchDescription
from uois_sam.paths import bundled_sequence

SIZES = {"left": (480, 640), "right": (240, 320)}


def smaller_table(folder: Path) -> Path:
    """Some of the bundled table at half its size."""
    table = bundled_sequence()
    for kind in ("color", "depth"):
        (folder / kind).mkdir()
        for path in sorted((table / kind).iterdir())[:6]:
            image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            cv2.imwrite(str(folder / kind / f"{path.stem}.png"), image[::2, ::2])
    camera = json.loads((table / "camera.json").read_text())
    halved = {key: camera[key] / 2 for key in ("fx", "fy", "cx", "cy")} | {"width": 320, "height": 240}
    (folder / "camera.json").write_text(json.dumps(camera | halved))
    return folder


@pytest.mark.launch_test
def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    folder = tempfile.TemporaryDirectory()
    stacks = [
        {"namespace": "left", "rate": "2"},
        {
            "namespace": "right",
            "rate": "2",
            "composed": "false",
            "source": f"folder:{smaller_table(Path(folder.name))}",
        },
    ]
    return launched(*stacks), {"folder": folder}


class TestTwoCameras(ProbeTestCase):
    def test_each_answers_its_own_frames(self) -> None:
        for namespace, size in SIZES.items():
            answers = Answers(self.probe, f"/{namespace}")
            image, instances, labels = answers.next()
            assert (image.height, image.width) == (labels.height, labels.width) == size
            assert instances.instances


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_all_end_well(self, proc_info: Any, folder: Any) -> None:
        folder.cleanup()
        launch_testing.asserts.assertExitCodes(proc_info)
