"""A pipeline and the frames it saw last, so that a person's corrections find them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.nodes.frames import StampedFrame
from uois_sam.nodes.held import HeldFrames
from uois_sam.types import Frame, Instances

if TYPE_CHECKING:
    from uois_sam.segmentation.pipeline import EmbeddedFrame, Pipeline


@dataclass(frozen=True)
class SegmentedFrame:
    """A frame, its embedding and its instances."""

    frame: StampedFrame
    embedded: EmbeddedFrame
    instances: Instances


class SegmentationSession:
    """Segments frames and holds the newest; used by one thread alone.

    Attributes:
        pipeline: its settings may be replaced at any time.
        use_depth: whether the pipeline sees depth.
    """

    def __init__(self, pipeline: Pipeline, keep_frames: int, use_depth: bool) -> None:
        """`keep_frames`: how many frames are held."""
        self.pipeline = pipeline
        self.use_depth = use_depth
        self._held: HeldFrames[SegmentedFrame] = HeldFrames(keep_frames)

    def segment(self, stamped: StampedFrame) -> SegmentedFrame:
        """Segment a frame and hold it.

        Raises:
            InputError: image or depth cannot be used.
        """
        embedded = self._encode(stamped.frame)
        segmented = SegmentedFrame(stamped, embedded, self.pipeline.segment(embedded))
        self._held.add(stamped.stamp, segmented)
        return segmented

    def segment_only(self, frame: Frame) -> Instances:
        """Segment a frame without holding it.

        Raises:
            InputError: image or depth cannot be used.
        """
        return self.pipeline.segment(self._encode(frame))

    def correct(
        self, stamp: int, instance_id: int | None, points: NDArray[np.float32], labels: NDArray[np.int64]
    ) -> tuple[SegmentedFrame, int]:
        """Correct an instance of a held frame; later corrections of the frame build on it.

        Args:
            stamp: nanoseconds; 0 for the newest frame.
            instance_id: None for a new instance.
            points: (P, 2) float32, x, y in pixels.
            labels: (P,) int64, 1 on the thing, 0 off it.

        Returns:
            The frame with all its instances, and the label of the corrected one.

        Raises:
            InputError: the frame is not held, there is no such instance, the clicks do not fit, or nothing is
                left.
        """
        held = self._held.find(stamp)
        instances = self.pipeline.correct(held.embedded, held.instances, instance_id, points, labels)
        before = set(held.instances.id.tolist())
        wanted = {instance_id} if instance_id is not None else set(instances.id.tolist()) - before
        label = next((k for k, number in enumerate(instances.id.tolist(), 1) if number in wanted), None)
        if label is None:
            raise InputError("nothing is left of the instance after these clicks; click on the thing itself")
        corrected = replace(held, instances=instances)
        self._held.replace(held.frame.stamp, corrected)
        return corrected, label

    def _encode(self, frame: Frame) -> EmbeddedFrame:
        return self.pipeline.encode(frame.image, frame.depth if self.use_depth else None, frame.camera)
