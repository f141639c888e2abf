"""Instances as vision_msgs, with stand-ins of those messages: the package has no wheel."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from std_msgs.msg import Header

from uois_sam.nodes import detections
from uois_sam.types import Instances


def detection(**values: Any) -> SimpleNamespace:
    position = SimpleNamespace(x=0.0, y=0.0)
    box = SimpleNamespace(center=SimpleNamespace(position=position), size_x=0.0, size_y=0.0)
    return SimpleNamespace(bbox=box, results=[], **values)


def hypothesis() -> SimpleNamespace:
    return SimpleNamespace(hypothesis=SimpleNamespace(class_id="", score=0.0))


def test_each_instance_is_a_detection_with_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detections, "Detection2D", detection, raising=False)
    monkeypatch.setattr(detections, "Detection2DArray", SimpleNamespace)
    monkeypatch.setattr(detections, "ObjectHypothesisWithPose", hypothesis, raising=False)
    labels = np.zeros((8, 10), np.uint16)
    labels[2:5, 4:8] = 1
    header = Header(frame_id="optical")
    message = detections.detections_to_msg(
        replace(Instances.from_label_image(labels, np.array([0.75], np.float32)), id=np.array([7])), header
    )
    (one,) = message.detections
    assert (message.header, one.header, one.id) == (header, header, "7")
    box = one.bbox
    assert (box.center.position.x, box.center.position.y, box.size_x, box.size_y) == (6.0, 3.5, 4.0, 3.0)
    assert (one.results[0].hypothesis.class_id, one.results[0].hypothesis.score) == ("object", 0.75)
