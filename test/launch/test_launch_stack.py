"""Composed and in separate processes, with and without a namespace: the same topics, each frame answered."""

from __future__ import annotations

import unittest
from typing import Any

import launch_testing
import launch_testing.asserts
import pytest
from launched import Answers, ProbeTestCase, executable, launched
from probe import values

from launch import LaunchDescription

ROOMS = ("camera", "grasp_bridge", "segmentation")


@pytest.mark.launch_test
@launch_testing.parametrize(
    "composed, namespace", [("true", ""), ("false", ""), ("true", "cell/left"), ("false", "cell")]
)
def generate_test_description(composed: str, namespace: str) -> LaunchDescription:
    return launched({"composed": composed, "namespace": namespace, "rate": "4"})


class TestStack(ProbeTestCase):
    def test_every_frame_is_answered(self, composed: str, namespace: str) -> None:
        prefix = f"/{namespace}" if namespace else ""
        answers = Answers(self.probe, prefix)
        for room in ROOMS:
            self.probe.active(f"{prefix}/{room}")
        for _ in range(3):
            image, instances, labels = answers.next()
            assert (labels.height, labels.width) == (image.height, image.width) == (480, 640)
            assert instances.instances
        for room in ROOMS:
            self.probe.status(f"{prefix}/{room}", lambda s: int(values(s)["frames answered"]) > 0)

    def test_nothing_lies_outside_the_namespace(self, composed: str, namespace: str) -> None:
        prefix = f"/{namespace}/" if namespace else "/"
        for room in ROOMS:
            self.probe.active(f"{prefix}{room}")
        found = set(self.probe.node.get_node_names_and_namespaces())
        names = {f"{space.rstrip('/')}/{name}" for name, space in found} - {"/probe"}
        process = {f"{prefix}perception"} if composed == "true" else set()
        assert names == {f"{prefix}{room}" for room in ROOMS} | process

    def test_processes_are_as_asked_for(self, proc_info: Any, composed: str, namespace: str) -> None:
        names = sorted(executable(name) for name in proc_info.process_names())
        assert names == (["perception"] if composed == "true" else list(ROOMS))


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_all_end_well(self, proc_info: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
