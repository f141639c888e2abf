"""Instances as vision_msgs/Detection2DArray, where that package imports."""

from __future__ import annotations

from typing import Any

from std_msgs.msg import Header

from uois_sam.types import Instances

try:
    from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose
except ImportError:
    Detection2DArray = None


def detections_to_msg(instances: Instances, header: Header) -> Any:
    """One Detection2D per instance, with its id; class "object"; the box is that of the visible mask, px."""
    detections = []
    for instance in instances:
        x, y, w, h = instance.bbox
        detection = Detection2D(header=header, id=str(instance.id))
        detection.bbox.center.position.x = x + w / 2
        detection.bbox.center.position.y = y + h / 2
        detection.bbox.size_x = float(w)
        detection.bbox.size_y = float(h)
        result = ObjectHypothesisWithPose()
        result.hypothesis.class_id = "object"
        result.hypothesis.score = instance.score
        detection.results = [result]
        detections.append(detection)
    return Detection2DArray(header=header, detections=detections)
