"""What the launch tests share: the launch file as it is installed, what it publishes, and who listens."""

from __future__ import annotations

import unittest
from pathlib import Path
from typing import Any

import rclpy
from ament_index_python.packages import get_package_share_directory
from launch.actions import GroupAction, IncludeLaunchDescription, SetLaunchConfiguration
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_testing.actions import ReadyToTest
from probe import WAIT, Probe, clouds_of, instances_of
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from uois_sam_msgs.msg import InstanceArray

from launch import LaunchDescription
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.topics import IMAGE, SENSOR_QOS

LAUNCH_FILE = Path(get_package_share_directory("uois_sam")) / "launch" / "perception.launch.py"


def launched(*stacks: dict[str, str]) -> LaunchDescription:
    """A test's description: the launch file once for each set of arguments."""
    return LaunchDescription(
        [
            SetLaunchConfiguration("sigterm_timeout", str(WAIT)),  # a busy machine is no failure
            *(
                GroupAction(
                    [
                        IncludeLaunchDescription(
                            PythonLaunchDescriptionSource(str(LAUNCH_FILE)), launch_arguments=arguments.items()
                        )
                    ]
                )
                for arguments in stacks
            ),
            ReadyToTest(),
        ]
    )


class ProbeTestCase(unittest.TestCase):
    """Tests of what was launched, with a node of their own that listens and asks.

    Attributes:
        probe: the node.
    """

    probe: Probe

    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        cls.probe = Probe()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.probe.close()
        rclpy.shutdown()


def executable(process_name: str) -> str:
    """What launch calls "camera-4" is a "camera"."""
    return process_name.rpartition("-")[0]


class Answers:
    """Images of one namespace, and what the stack makes of them."""

    def __init__(self, probe: Probe, namespace: str = "") -> None:
        self._probe = probe
        self._image = probe.listen(Image, f"{namespace}/{IMAGE}", SENSOR_QOS)
        self._instances = instances_of(probe, f"{namespace}/")
        self._clouds = clouds_of(probe, f"{namespace}/")
        self._label_image = probe.listen(Image, f"{namespace}/segmentation/label_image")

    def next(self, after_ns: int = 0) -> tuple[Image, InstanceArray, Image]:
        """Image, instances and label image of one header, for which there are clouds too.

        Args:
            after_ns: only of frames with a later stamp.
        """
        inboxes = (self._image, self._instances, self._label_image)
        for inbox in (*inboxes, self._clouds):
            inbox.clear()

        def whole() -> tuple[Any, ...] | None:
            for header in [m.header for m in list(self._clouds.messages) if stamp_ns(m.header.stamp) > after_ns]:
                found = tuple(inbox.wait(lambda m, h=header: same(m.header, h), 0.0) for inbox in inboxes)
                if all(message is not None for message in found):
                    return found
            return None

        image, instances, label_image = self._probe.until(whole, "an answered frame")
        return image, instances, label_image


def same(one: Header, other: Header) -> bool:
    """Whether two messages are of one frame."""
    return bool(one == other)
