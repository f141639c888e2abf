"""A process that dies is started again where that is asked for, and the others go on meanwhile."""

from __future__ import annotations

import os
import signal
import time
import unittest
from typing import Any

import launch_testing
import launch_testing.asserts
import pytest
from launch.events.process import ProcessStarted
from launched import Answers, ProbeTestCase, executable, launched
from probe import WAIT, freeing_shared_memory

from launch import LaunchDescription


@pytest.mark.launch_test
@launch_testing.parametrize(
    "composed, victim", [("true", "perception"), ("false", "segmentation"), ("false", "camera")]
)
def generate_test_description(composed: str, victim: str) -> LaunchDescription:
    return launched({"composed": composed, "respawn": "true", "rate": "4"})


class TestRespawn(ProbeTestCase):
    def test_frames_are_answered_again(self, proc_info: Any, composed: str, victim: str) -> None:
        answers = Answers(self.probe)
        answers.next()
        before = pids(proc_info)

        def started() -> bool:
            event = next(event for event in proc_info if executable(event.process_name) == victim)
            return isinstance(event, ProcessStarted) and event.pid != before[victim]

        with freeing_shared_memory(before[victim]), proc_info.proc_event:
            os.kill(before[victim], signal.SIGKILL)
            killed = time.time_ns()
            assert proc_info.proc_event.wait_for(started, WAIT), f"{victim} was not started again"
        answers.next(after_ns=killed)
        after = pids(proc_info)
        assert [name for name in before if before[name] != after[name]] == [victim]


def pids(proc_info: Any) -> dict[str, int]:
    """Process ids by executable."""
    return {executable(event.process_name): event.pid for event in proc_info}


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_all_end_well(self, proc_info: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
