"""UOIS-SAM's inference: embed a frame, find prompts, decode them, refine the scores, choose the instances."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.adaptation.correction import Correction
from uois_sam.adaptation.interactive import Click, InteractiveSession
from uois_sam.adaptation.settings import PAPER_LEARNING_RATE
from uois_sam.errors import InputError
from uois_sam.sam.protocol import Embedding, MaskCandidates, PromptableSegmenter, Prompts
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.hpg import HeatmapPromptGenerator, Prompter, WithGeometry
from uois_sam.segmentation.postprocess import choose_instances
from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.segmentation.tracking import Tracker
from uois_sam.types import Camera, Instances

_CHUNK = 15
"""Prompts decoded at once: half of HPG's 30, whose maps stay in a CPU's cache; bounds memory for a grid's 1024."""


@dataclass(frozen=True, eq=False)
class EmbeddedFrame:
    """A frame and what the image encoder made of it: all that further prompts on it, and tracking, need.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        embedding: of the image.
        depth: (H, W) float32, metres, 0 where unknown; None where nobody measured it.
        camera: intrinsics of image and depth; None where unknown.
    """

    image: NDArray[np.uint8]
    embedding: Embedding
    depth: NDArray[np.float32] | None = None
    camera: Camera | None = None


@dataclass
class Pipeline:
    """UOIS-SAM (Cao et al., 2024, fig. 2): segmenter, prompt generator and HDNet with their thresholds.

    Attributes:
        segmenter: any `PromptableSegmenter`.
        prompter: HPG, or a grid of points.
        hdnet: refines the scores; None leaves the segmenter's own.
        settings: may be replaced between frames.
        learning_rate: that suits the segmenter where corrections teach it and it goes on serving.
        tracker: gives the instances of a stream's frames ids that stay, see `track`.
        stage_ms: milliseconds of each stage of the last frame: encode, prompts, decode, postprocess, and track
            where it was a stream's.
    """

    segmenter: PromptableSegmenter
    prompter: Prompter
    hdnet: HDNet | None = None
    settings: SegmentationSettings = field(default_factory=SegmentationSettings)
    learning_rate: float = PAPER_LEARNING_RATE
    tracker: Tracker = field(default_factory=Tracker)
    stage_ms: dict[str, float] = field(default_factory=dict)

    def __call__(
        self,
        image: NDArray[np.uint8],
        depth: NDArray[np.float32] | None = None,
        camera: Camera | None = None,
    ) -> Instances:
        """Segment one frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            depth: (H, W) float32, metres, 0 where unknown, registered to the image.
            camera: intrinsics; depth is used only with them, and only where `uses_depth`.

        Raises:
            InputError: image or depth is not as described.
        """
        return self.segment(self.encode(image, depth, camera))

    @torch.no_grad()
    def encode(
        self,
        image: NDArray[np.uint8],
        depth: NDArray[np.float32] | None = None,
        camera: Camera | None = None,
    ) -> EmbeddedFrame:
        """Run the image encoder, the only costly part that depends on the image alone.

        Raises:
            InputError: image or depth is not as `__call__` describes it.
        """
        with self._timed("encode"):
            return EmbeddedFrame(image, self.segmenter.encode(image, depth, camera), depth, camera)

    @torch.no_grad()
    def segment(self, frame: EmbeddedFrame) -> Instances:
        """Find all instances of an encoded frame, best score first; their ids are their labels."""
        embedding = frame.embedding
        with self._timed("prompts"):
            proposal = self.prompter.propose(frame.image, embedding, self.settings)
        if len(proposal.points) == 0:
            self.stage_ms.update(decode=0.0, postprocess=0.0)
            return Instances.empty(*embedding.image_size)
        with self._timed("decode"):
            candidates = self.decode(embedding, Prompts.from_points(proposal.points))
            scores = self.refine(candidates, proposal.points, embedding)
        with self._timed("postprocess"):
            return choose_instances(
                candidates,
                scores,
                proposal.points,
                None if proposal.maps is None else proposal.maps.foreground,
                embedding.image_size,
                self.settings,
            )

    def track(self, frame: EmbeddedFrame, stamp: int | None = None) -> Instances:
        """Find all instances of the next frame of a stream, with ids that stay with the things (docs/tracking.md).

        Where the tracker's settings switch tracking off, ids are labels.

        Args:
            frame: later than those before.
            stamp: of the frame, nanoseconds; None where the stream has no clock.
        """
        instances = self.segment(frame)
        with self._timed("track"):
            if self.tracker.settings.tracking:
                return self.tracker.update(frame, instances, stamp)
            self.tracker.reset()
            return instances

    @property
    def uses_depth(self) -> bool:
        """Whether depth makes a difference: to the segmenter, to HPG, or to HDNet."""
        hpg = self.prompter
        prompts = isinstance(hpg, HeatmapPromptGenerator) and (
            isinstance(hpg.backbone, WithGeometry) or self.settings.standing_height > 0
        )
        scores = self.hdnet is not None and self.hdnet.evidence
        return self.segmenter.uses_depth or prompts or scores

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        """Decode any number of prompts, a chunk at a time."""
        chunks = [prompts[k : k + _CHUNK] for k in range(0, len(prompts), _CHUNK)]
        return MaskCandidates.concatenate([self.segmenter.decode(embedding, chunk) for chunk in chunks])

    def refine(self, candidates: MaskCandidates, points: Tensor, embedding: Embedding) -> Tensor:
        """(M, 4) IoU scores of the candidates of (M, 2) points, refined by HDNet where there is one (eq. 5)."""
        if self.hdnet is None:
            return candidates.scores
        return self.hdnet(candidates, self.hdnet.gather(candidates, points, embedding))

    def correct(
        self,
        frame: EmbeddedFrame,
        instances: Instances,
        instance_id: int | None,
        clicks: Sequence[Click],
        *,
        anew: bool = False,
    ) -> tuple[Instances, Correction]:
        """Let a person's clicks redraw one instance, or add one.

        Args:
            frame: the encoded frame that `instances` belong to.
            instances: as they are.
            instance_id: which to redraw; None adds a new one.
            clicks: at least one; each is decoded with those before it and their mask.
            anew: draw the instance from the clicks alone, whatever its mask was.

        Returns:
            New instances, the corrected mask on top of the others, ids as they were, a further one for what is
            new; and what the clicks said. Of a frame that `track` answered, things keep these ids from then on.

        Raises:
            InputError: no clicks, clicks outside the image, no such id, a first click that is not on a new thing,
                or a correction that leaves nothing.
        """
        row = None if instance_id is None else _row_of(instances, instance_id)
        initial = None if row is None or anew else instances.mask(row + 1)
        session = InteractiveSession(self.segmenter, frame.embedding, initial)
        for click in clicks:
            session.add_click(click.x, click.y, click.positive)
        if not session.answers:
            raise InputError("0 clicks; give at least one")
        prompt = np.array([clicks[0].x, clicks[0].y], np.float32)
        if instance_id is None:
            instance_id = self.tracker.new_id(instances)
        corrected = _replaced(instances, row, instance_id, session.mask, session.answers[-1].score, prompt)
        self.tracker.learn(frame, corrected, instance_id)
        return corrected, Correction(frame.embedding, initial, session.clicks)

    def _timed(self, stage: str) -> _Stopwatch:
        return _Stopwatch(self.stage_ms, stage)


class _Stopwatch:
    def __init__(self, times: dict[str, float], stage: str) -> None:
        self.times, self.stage = times, stage

    def __enter__(self) -> None:
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.times[self.stage] = 1e3 * (time.perf_counter() - self.start)


def _row_of(instances: Instances, instance_id: int) -> int:
    rows = np.flatnonzero(instances.id == instance_id)
    if len(rows) == 0:
        raise InputError(f"no instance {instance_id} in this frame; it has {instances.id.tolist()}")
    return int(rows[0])


def _replaced(
    instances: Instances,
    row: int | None,
    number: int,
    mask: NDArray[np.bool_],
    score: float,
    point: NDArray[np.float32],
) -> Instances:
    """The instances with the mask of id `number` redrawn (or added, for row None) on top of the others."""
    if not mask.any():
        raise InputError("the clicks leave no mask; click on the thing itself")
    labels = instances.label_image.copy()
    ids, scores, prompts = list(instances.id), list(instances.score), list(instances.prompt)
    if row is None:
        row = len(ids)
        ids.append(np.int64(number))
        scores.append(score)
        prompts.append(point)
    else:
        labels[labels == row + 1] = 0
        scores[row], prompts[row] = score, point
    labels[mask] = row + 1
    left = np.flatnonzero(np.bincount(labels.ravel(), minlength=len(ids) + 1)[1:])
    lookup = np.zeros(len(ids) + 1, np.uint16)
    lookup[left + 1] = np.arange(1, len(left) + 1)
    measured = Instances.from_label_image(
        lookup[labels], np.array(scores, np.float32)[left], np.array(prompts, np.float32)[left]
    )
    return replace(measured, id=np.array(ids, np.int64)[left])
