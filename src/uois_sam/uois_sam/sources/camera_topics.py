"""Names of a camera's topics; relative, so that one namespace is one camera. In a recording "/" goes before."""

from __future__ import annotations

IMAGE = "camera/camera/color/image_raw"
"""Colour image; the names are those of realsense-ros, so that its driver can stand in for the camera node."""

DEPTH = "camera/camera/aligned_depth_to_color/image_raw"
"""Depth registered to the colour image."""

CAMERA_INFO = "camera/camera/color/camera_info"
"""Intrinsics of both."""

TRUTH = "camera/camera/truth/label_image"
"""True labels of the colour image's pixels, where they are known: sensor_msgs/Image of 16UC1, 0 background."""
