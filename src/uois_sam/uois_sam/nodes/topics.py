"""Names and quality of service of the topics; relative names, so that one namespace is one camera."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

IMAGE = "camera/camera/color/image_raw"
"""Colour image; the names are those of realsense-ros, so that its driver can stand in for the camera node."""

DEPTH = "camera/camera/aligned_depth_to_color/image_raw"
"""Depth registered to the colour image."""

CAMERA_INFO = "camera/camera/color/camera_info"
"""Intrinsics of both."""

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
