"""Every argument of the launch file reaches the nodes that it is for."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

import launch_testing
import launch_testing.asserts
import pytest
from launched import ProbeTestCase, launched
from probe import WAIT

from launch import LaunchDescription

ARGUMENTS = {
    "namespace": "cell",
    "parts": "true",
    "log_level": "debug",
    "source": "synthetic",
    "rate": "3",
    "loop": "false",
    "model": "some/model",
    "device": "cuda:1",
    "use_depth": "false",
    "adaptation": "none",
    "image_transport": "compressed",
    "target_frame": "base_link",
    "autostart": "false",
}
NODES = {
    "camera": {"source": "synthetic", "rate": 3.0, "loop": False, "frame_id": "from_the_file"},
    "segmentation": {
        "model": "some/model",
        "device": "cuda:1",
        "use_depth": False,
        "adaptation": "none",
        "image_transport": "compressed",
        "keep_frames": 7,
    },
    "part_segmentation": {
        "model": "some/model",
        "device": "cuda:1",
        "use_depth": False,
    },
    "grasp_bridge": {"target_frame": "base_link", "image_transport": "compressed", "scene_voxel": 0.005},
}
CONFIG = """
/**/segmentation: {ros__parameters: {keep_frames: 7, model: from_the_file}}
/**/camera: {ros__parameters: {frame_id: from_the_file}}
"""


@pytest.mark.launch_test
@launch_testing.parametrize("composed", ["true", "false"])
def generate_test_description(composed: str) -> tuple[LaunchDescription, dict[str, Any]]:
    folder = tempfile.TemporaryDirectory()
    config = Path(folder.name) / "mine.yaml"
    config.write_text(CONFIG)
    return launched({**ARGUMENTS, "composed": composed, "config": str(config)}), {"folder": folder}


class TestArguments(ProbeTestCase):
    def test_parameters_are_as_given(self, composed: str) -> None:
        for node, wanted in NODES.items():
            assert self.probe.state(f"/cell/{node}") == "unconfigured"
            found = {name: self.probe.get(f"/cell/{node}", name) for name in wanted}
            assert found == {name: [value] for name, value in wanted.items()}, node
        if composed == "false":
            assert self.probe.get("/cell/grasp_bridge", "use_parts") == [True]

    def test_the_log_level_is_as_given(self, proc_output: Any, composed: str) -> None:
        proc_output.assertWaitFor("[DEBUG]", timeout=WAIT)


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_all_end_well(self, proc_info: Any, folder: Any) -> None:
        folder.cleanup()
        launch_testing.asserts.assertExitCodes(proc_info)
