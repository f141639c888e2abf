"""The shipped Fast DDS profile carries images whatever is in them, and opens no network connection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROFILE = Path(__file__).resolve().parents[2] / "config" / "fastdds_shm.xml"

PUBLISHER = """
import sys

import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

VALUE = int(sys.argv[1])
rclpy.init()
node = rclpy.create_node("publisher")
publisher = node.create_publisher(Image, "image", qos_profile_sensor_data)
image = Image(height=480, width=640, step=1920, encoding="rgb8", data=bytes([VALUE]) * (480 * 1920))
node.create_timer(0.05, lambda: publisher.publish(image))
rclpy.spin(node)
"""

SUBSCRIBER = """
import psutil
import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

rclpy.init()
node = rclpy.create_node("subscriber")
received = []
node.create_subscription(Image, "image", received.append, qos_profile_sensor_data)
while not received:
    rclpy.spin_once(node)
print(len(received[0].data), len(psutil.Process().net_connections()))
"""


# At one place near the end of a large message that is not fragmented, Fast DDS takes 0x80 for its own mark,
# and cuts the message there.
@pytest.mark.parametrize("value", [0x00, 0x80])
def test_an_image_reaches_another_process_without_the_network(domain: int, value: int) -> None:
    environ = os.environ | {
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(PROFILE),
        "ROS_DOMAIN_ID": str(domain),
        "RMW_IMPLEMENTATION": "rmw_fastrtps_cpp",
    }
    environ.pop("ROS_AUTOMATIC_DISCOVERY_RANGE", None)
    with subprocess.Popen([sys.executable, "-c", PUBLISHER, str(value)], env=environ) as publisher:
        try:
            subscriber = subprocess.run(
                [sys.executable, "-c", SUBSCRIBER], env=environ, capture_output=True, text=True, timeout=240
            )
        finally:
            publisher.kill()
    assert subscriber.stdout.split() == [str(480 * 1920), "0"], subscriber.stderr
