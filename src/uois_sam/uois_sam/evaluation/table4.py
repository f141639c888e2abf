"""The ablation of UOIS-SAM's components (table IV) on any data set and model, beside the classical baseline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.boundary import BoundaryKind
from uois_sam.evaluation.classical import segment_frame
from uois_sam.evaluation.evaluate import Segment, evaluate
from uois_sam.evaluation.results import Evaluation
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.hpg import (
    ForegroundGridPrompter,
    GridPrompter,
    HeatmapPromptGenerator,
    Prompter,
    Proposal,
)
from uois_sam.segmentation.pipeline import Pipeline
from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.types import Frame

GEOMETRY = "plane removal + depth edges"


@dataclass
class CountedPrompts:
    """A prompter that remembers how many points it gave for each frame."""

    prompter: Prompter
    counts: list[int] = field(default_factory=list)

    def propose(self, image: NDArray[np.uint8], embedding: Embedding, settings: SegmentationSettings) -> Proposal:
        """What the prompter proposes."""
        proposal = self.prompter.propose(image, embedding, settings)
        self.counts.append(len(proposal.points))
        return proposal


@dataclass(frozen=True)
class Method:
    """One row of the table before it is measured.

    Attributes:
        name: of the row.
        segment: what is measured; None where it cannot be.
        missing: why it cannot.
        prompts: of each frame so far; None for what needs no prompts.
        needs_depth: whether it sees nothing but depth, whatever the model is given.
    """

    name: str
    segment: Segment | None
    missing: str = ""
    prompts: Sequence[int] | None = None
    needs_depth: bool = False


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: of the method.
        missing: why there is nothing else; empty where there is.
        evaluation: its scores.
        seconds_per_frame: median time to segment a frame, without reading and scoring it.
        prompts_per_frame: mean number of point prompts; None for what needs none.
    """

    name: str
    missing: str = ""
    evaluation: Evaluation | None = None
    seconds_per_frame: float | None = None
    prompts_per_frame: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The row for a JSON document."""
        if self.evaluation is None:
            return {"name": self.name, "missing": self.missing}
        return {
            "name": self.name,
            "seconds_per_frame": self.seconds_per_frame,
            "prompts_per_frame": self.prompts_per_frame,
            **self.evaluation.as_dict(),
        }


def methods(pipeline: Pipeline) -> list[Method]:
    """The rows of UOIS-SAM's table IV that a model can give, and the geometric baseline.

    1. SAM's automatic generator as the paper uses it: a grid of 32 x 32 points, SAM's own scores. The generator's
       filters (predicted IoU, stability, box NMS, several masks of a prompt) are left out: "for a fair comparison,
       all variants use the same post-processing" (section IV-C), which is the pipeline's, settings included.
    2. + foreground: those points of the grid that lie on HPG's foreground.
    3. + heatmap: HPG's points.
    4. + HDNet: the refined scores; the whole of UOIS-SAM.

    A model whose settings ask for `min_foreground` has it from the second row on: there is no foreground before.
    """
    hpg = pipeline.prompter
    rows = [_method("SAM's automatic grid", pipeline, GridPrompter())]
    if isinstance(hpg, HeatmapPromptGenerator):
        rows += [
            _method("+ foreground", pipeline, ForegroundGridPrompter(hpg)),
            _method("+ heatmap", pipeline, hpg),
            _method("+ HDNet", pipeline, hpg, pipeline.hdnet) if pipeline.hdnet else _lacking("+ HDNet", "HDNet"),
        ]
    else:
        rows += [_lacking(name, "HPG") for name in ("+ foreground", "+ heatmap", "+ HDNet")]
    return [*rows, Method(GEOMETRY, segment_frame, needs_depth=True)]


def _lacking(name: str, part: str) -> Method:
    return Method(name, None, f"the model has no {part}")


def _method(name: str, pipeline: Pipeline, prompter: Prompter, hdnet: HDNet | None = None) -> Method:
    counted = CountedPrompts(prompter)
    used = replace(pipeline, prompter=counted, hdnet=hdnet, stage_ms={})
    return Method(name, lambda frame: used(frame.image, frame.depth, frame.camera), prompts=counted.counts)


def measure(
    method: Method,
    dataset: Sequence[Frame],
    rule: LabelRule,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    boundary: BoundaryKind = "davis",
) -> Row:
    """Score and time one method; arguments as `evaluate` has them.

    A method that needs depth says so where a frame has none.

    Raises:
        InputError, UoisSamError: as `evaluate`.
    """
    if method.segment is None:
        return Row(method.name, method.missing)
    segment, seconds = method.segment, []

    def timed(frame: Frame) -> Any:
        start = time.perf_counter()
        found = segment(frame)
        seconds.append(time.perf_counter() - start)
        return found

    try:
        evaluation = evaluate(dataset, timed, rule, workers, progress, boundary)
    except InputError as error:
        if not method.needs_depth:
            raise
        return Row(method.name, str(error))  # a frame without depth: the rows before it have read all else
    prompts = None if method.prompts is None else float(np.mean(method.prompts))
    return Row(method.name, "", evaluation, float(np.median(seconds)), prompts)
