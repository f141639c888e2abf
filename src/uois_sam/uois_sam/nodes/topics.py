"""Names and quality of service of the topics; relative names, so that one namespace is one camera."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from uois_sam.sources.camera_topics import CAMERA_INFO as CAMERA_INFO
from uois_sam.sources.camera_topics import DEPTH as DEPTH
from uois_sam.sources.camera_topics import IMAGE as IMAGE

INSTANCES = "segmentation/instances"
"""What the segmentation node calls `~/instances`."""

PARTS = "part_segmentation/parts"
"""What the part segmentation node calls `~/parts`."""

SENSOR_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
)
"""Camera topics: the newest frame wins, and a reliable publisher is taken too."""

RESULT_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=5,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)
"""Results: none is lost between two nodes that keep up."""
