"""A pipeline and the frames it saw last, so that a person's corrections find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uois_sam.errors import InputError
from uois_sam.nodes.frames import StampedFrame
from uois_sam.nodes.held import HeldFrames
from uois_sam.types import Frame, Instances

if TYPE_CHECKING:
    from uois_sam.adaptation.correction import Correction
    from uois_sam.adaptation.interactive import Click
    from uois_sam.segmentation.pipeline import EmbeddedFrame, Pipeline


@dataclass(frozen=True)
class SegmentedFrame:
    """A frame, its embedding and its instances."""

    frame: StampedFrame
    embedded: EmbeddedFrame
    instances: Instances


@dataclass(frozen=True)
class Corrected:
    """A frame after a correction.

    Attributes:
        frame: with all its instances.
        label: of the corrected one.
        correction: what was said.
    """

    frame: SegmentedFrame
    label: int
    correction: Correction


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
        """Segment the stream's next frame, its things with the ids that they had, and hold it.

        Raises:
            InputError: image or depth cannot be used.
        """
        embedded = self._encode(stamped.frame)
        segmented = SegmentedFrame(stamped, embedded, self.pipeline.track(embedded, stamped.stamp))
        self._held.add(stamped.stamp, segmented)
        return segmented

    def segment_only(self, frame: Frame) -> Instances:
        """Segment a frame that is none of the stream's, without holding it; its ids are its labels.

        Raises:
            InputError: image or depth cannot be used.
        """
        return self.pipeline.segment(self._encode(frame))

    @property
    def newest(self) -> SegmentedFrame:
        """The frame that was answered last.

        Raises:
            InputError: there is none yet.
        """
        return self._held.find(0)

    def point_at(self, x: float, y: float) -> Corrected:
        """Let a person point at a thing in the newest frame.

        It is drawn from that click alone, in place of the instance that lies there, or as a new one.

        Raises:
            InputError: the pixel lies outside the image, or no frame has been answered.
        """
        held = self.newest
        height, width = held.instances.label_image.shape
        if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
            raise InputError(f"click ({x:g}, {y:g}) lies outside the {width} x {height} image")
        label = int(held.instances.label_image[round(y), round(x)])
        there = int(held.instances.id[label - 1]) if label else None
        from uois_sam.adaptation.interactive import Click  # imports PyTorch, which takes seconds

        return self.correct(0, there, [Click(x, y, True)], anew=True)

    def correct(
        self, stamp: int, instance_id: int | None, clicks: Sequence[Click], *, anew: bool = False
    ) -> Corrected:
        """Correct an instance of a held frame; later corrections of the frame build on it.

        Args:
            stamp: nanoseconds; 0 for the newest frame.
            instance_id: None for a new instance.
            clicks: at least one.
            anew: draw it from the clicks alone, whatever its mask was.

        Raises:
            InputError: the frame is not held, there is no such instance, the clicks do not fit, or nothing is
                left.
        """
        held = self._held.find(stamp)
        instances, correction = self.pipeline.correct(
            held.embedded, held.instances, instance_id, clicks, anew=anew
        )
        before = set(held.instances.id.tolist())
        wanted = {instance_id} if instance_id is not None else set(instances.id.tolist()) - before
        label = next((k for k, number in enumerate(instances.id.tolist(), 1) if number in wanted), None)
        if label is None:
            raise InputError("nothing is left of the instance after these clicks; click on the thing itself")
        corrected = replace(held, instances=instances)
        self._held.replace(held.frame.stamp, corrected)
        return Corrected(corrected, label, correction)

    def _encode(self, frame: Frame) -> EmbeddedFrame:
        return self.pipeline.encode(frame.image, frame.depth if self.use_depth else None, frame.camera)
