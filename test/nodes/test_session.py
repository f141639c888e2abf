"""Frames that are held for corrections, over a pipeline whose answers are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from std_msgs.msg import Header

from uois_sam.adaptation.interactive import Click
from uois_sam.errors import InputError
from uois_sam.nodes.frames import StampedFrame
from uois_sam.nodes.session import SegmentationSession
from uois_sam.nodes.stamps import to_time
from uois_sam.types import Camera, Frame, Instances

CLICKS = [Click(1.0, 1.0, True)]


class OnePixel:
    """Finds one pixel; a correction adds another instance, or takes all of them away."""

    def __init__(self) -> None:
        self.saw: list[Any] = []
        self.stamps: list[int | None] = []

    def encode(self, image: np.ndarray, depth: np.ndarray | None, camera: Camera | None) -> np.ndarray:
        self.saw.append((depth, camera))
        return image

    def segment(self, image: np.ndarray) -> Instances:
        labels = np.zeros(image.shape[:2], np.uint16)
        labels[0, 0] = 1
        return Instances.from_label_image(labels)

    def track(self, image: np.ndarray, stamp: int | None) -> Instances:
        self.stamps.append(stamp)
        return self.segment(image)

    def correct(
        self, image: np.ndarray, instances: Instances, instance_id: int | None, clicks: Any, *, anew: bool
    ) -> tuple[Instances, Any]:
        self.saw.append(anew)
        labels = instances.label_image.copy()
        if instance_id is None:
            labels[1, len(instances)] = len(instances) + 1
        else:
            labels[:] = 0
        return Instances.from_label_image(labels), clicks


def frame(stamp: int) -> StampedFrame:
    camera = Camera(1, 1, 0, 0, 4, 2)
    content = Frame(np.zeros((2, 4, 3), np.uint8), np.ones((2, 4), np.float32), camera)
    return StampedFrame(Header(stamp=to_time(stamp)), content)


def session(keep: int = 2, use_depth: bool = True) -> tuple[SegmentationSession, OnePixel]:
    pipeline = OnePixel()
    return SegmentationSession(pipeline, keep, use_depth), pipeline  # type: ignore[arg-type]


def test_corrections_build_on_each_other_and_name_the_new_instance() -> None:
    s, _ = session()
    assert len(s.segment(frame(10)).instances) == 1
    first = s.correct(10, None, CLICKS)
    assert (len(first.frame.instances), first.label, first.correction) == (2, 2, CLICKS)
    second = s.correct(0, None, CLICKS)
    assert (len(second.frame.instances), second.label) == (3, 3)
    assert second.frame.frame.stamp == 10


def test_a_correction_that_leaves_nothing_is_refused_and_forgotten() -> None:
    s, _ = session()
    s.segment(frame(10))
    with pytest.raises(InputError, match="nothing is left"):
        s.correct(10, 1, CLICKS)
    assert len(s.correct(10, None, CLICKS).frame.instances) == 2


def test_only_the_newest_frames_are_held_and_a_lone_image_never_is() -> None:
    s, pipeline = session(keep=2)
    for stamp in (10, 20, 30):
        s.segment(frame(stamp))
    s.segment_only(frame(40).frame)
    assert s.correct(0, None, CLICKS).frame.frame.stamp == 30
    with pytest.raises(InputError, match="not held"):
        s.correct(10, None, CLICKS)
    assert pipeline.stamps == [10, 20, 30]


@pytest.mark.parametrize("use_depth", [True, False])
def test_depth_reaches_the_pipeline_only_if_wanted(use_depth: bool) -> None:
    s, pipeline = session(use_depth=use_depth)
    s.segment(frame(10))
    ((depth, camera),) = pipeline.saw
    assert (depth is not None) == use_depth
    assert camera == Camera(1, 1, 0, 0, 4, 2)


def test_a_person_points_at_a_thing_or_beside_all() -> None:
    pipeline = OnePixel()
    session = SegmentationSession(pipeline, 2, use_depth=True)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no frame has been answered"):
        session.point_at(0, 0)
    session.segment(frame(1))
    corrected = session.point_at(2.0, 1.0)
    assert (corrected.label, corrected.frame.instances.id.tolist()) == (2, [1, 2])
    assert corrected.correction == [Click(2.0, 1.0, True)]
    assert pipeline.saw[-1] is True
    for x, y in ((-1.0, 0.0), (0.0, 1.5), (3.5, 0.0)):
        with pytest.raises(InputError, match="outside the 4 x 2 image"):
            session.point_at(x, y)
    with pytest.raises(InputError, match="nothing is left"):
        session.point_at(0.4, 0.0)
