"""A model that is not there: one line says so, everything stays up, and a good one can be given."""

from __future__ import annotations

import unittest
from typing import Any

import launch_testing
import launch_testing.asserts
import pytest
from launched import Answers, ProbeTestCase, launched

from launch import LaunchDescription

MODEL = "no/such/model"


@pytest.mark.launch_test
@launch_testing.parametrize("composed", ["true", "false"])
def generate_test_description(composed: str) -> LaunchDescription:
    return launched({"composed": composed, "model": MODEL, "rate": "4"})


class TestBadModel(ProbeTestCase):
    def test_it_is_told_and_another_is_taken(self, composed: str) -> None:
        report = self.probe.status("/segmentation", lambda s: "configure failed" in s.message)
        assert report.level == b"\x02"
        line = self.probe.log.wait(lambda m: m.name == "segmentation" and "configure failed" in m.msg)
        assert MODEL in line.msg
        assert "\n" not in line.msg
        assert self.probe.state("/segmentation") == "unconfigured"
        self.probe.active("/grasp_bridge")

        assert self.probe.set("/segmentation", model="uois-sam-tiny")[0].successful
        assert self.probe.change("/segmentation", "configure")
        assert self.probe.change("/segmentation", "activate")
        Answers(self.probe).next()


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_all_end_well(self, proc_info: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
