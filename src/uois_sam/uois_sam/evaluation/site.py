"""What corrections on a few images of a new place do to the whole model, there and where it was good before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from uois_sam.adaptation.adapter import DecoderAdapter
from uois_sam.adaptation.annotator import SimulatedAnnotator, Target
from uois_sam.adaptation.rollback import CorrectionBuffer, UpdateReport, guarded_finish
from uois_sam.adaptation.settings import AdaptationSettings
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.adaptation import targets
from uois_sam.evaluation.clicks import Goal
from uois_sam.segmentation.pipeline import EmbeddedFrame, Pipeline
from uois_sam.types import Frame, Instances

GOAL = Goal(5, 0.85)
"""When a person is content with a mask, and with how many clicks they have had enough of it."""
_FOUND = 0.25
"""IoU from which a mask is corrected; a thing whose best mask is poorer is clicked on anew."""


@dataclass(frozen=True)
class SiteCorrection:
    """One thing whose mask was corrected.

    Attributes:
        image: name of the frame.
        label: of the thing in it.
        found: IoU of the best mask that the model gave it; 0 where there was none.
        ious: after the first click, the second, ...
        update: what became of the update; None where nothing is learned.
    """

    image: str
    label: int
    found: float
    ious: tuple[float, ...]
    update: UpdateReport | None


def correct_site(
    pipeline: Pipeline,
    frames: Sequence[Frame],
    rule: LabelRule,
    settings: AdaptationSettings,
    goal: Goal = GOAL,
    min_area: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Pipeline, list[SiteCorrection]]:
    """A simulated person corrects every thing that a running stack gets wrong, and the decoder learns from it.

    As in the stack each frame is segmented by what was learned from those before it, and an update that makes
    earlier corrections worse is taken back.

    Args:
        pipeline: stays as it is.
        frames: with ground truth, in their order.
        rule: which labels are things.
        settings: what is learned.
        goal: masks of that IoU are left alone; others get at most that many clicks.
        min_area: pixels; things with fewer that count are left out.
        progress: told after each frame how many are done, and of how many.

    Returns:
        The pipeline with the decoder that has learned, and what was corrected.

    Raises:
        InputError: a frame has no ground truth, or there is none.
    """
    if not len(frames):
        raise InputError("0 images to correct; give at least one")
    adapter = DecoderAdapter(pipeline.segmenter, settings)
    learned, buffer = replace(pipeline, segmenter=adapter.segmenter, stage_ms={}), CorrectionBuffer()
    corrections = []
    for done, frame in enumerate(frames, 1):
        embedded = learned.encode(frame.image, frame.depth, frame.camera)
        for label, target, mask, found in _wrong(learned.segment(embedded), frame, rule, goal.iou, min_area):
            ious, update = _correct(adapter, buffer, embedded, target, mask, goal)
            corrections.append(SiteCorrection(frame.name, label, found, ious, update))
        if progress is not None:
            progress(done, len(frames))
    return learned, corrections


def _wrong(
    instances: Instances, frame: Frame, rule: LabelRule, wanted: float, min_area: int
) -> Iterator[tuple[int, Target, NDArray[np.bool_] | None, float]]:
    """Things whose mask is not as wanted: label, truth, the mask to begin with, and its IoU."""
    for label, target in targets(frame, rule, min_area):
        covered = instances.label_image[target.truth]
        shares = np.bincount(covered, minlength=len(instances) + 1)[1:]
        best = int(shares.argmax()) + 1 if shares.any() else 0
        mask = instances.mask(best) if best else None
        found = 0.0 if mask is None else target.iou(mask)
        if found < wanted:
            yield label, target, mask if found >= _FOUND else None, found


def _correct(
    adapter: DecoderAdapter,
    buffer: CorrectionBuffer,
    embedded: EmbeddedFrame,
    target: Target,
    mask: NDArray[np.bool_] | None,
    goal: Goal,
) -> tuple[tuple[float, ...], UpdateReport | None]:
    annotator, session = SimulatedAnnotator(target), adapter.begin(embedded.embedding, mask)
    ious: list[float] = []
    while len(ious) < goal.clicks and not goal.reached(ious):
        click = annotator.next_click(session.mask)
        if click is None:
            break
        ious.append(target.iou(session.add_click(click.x, click.y, click.positive)))
        adapter.learn_from_clicks(session)
    return tuple(ious), guarded_finish(adapter, session, buffer) if ious else None
