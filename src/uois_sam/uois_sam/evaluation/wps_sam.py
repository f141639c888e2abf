"""WPS-SAM beside Det-SAM and the upper bound of true prompts (WPS-SAM, tables 1, 4 and 6) on any data set."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.datasets.part_labels import PartDataset, PartLabels
from uois_sam.errors import InputError
from uois_sam.evaluation.part_scores import PartEvaluation, merge_kinds, score_parts
from uois_sam.parts.wps_sam.wps_sam import WpsSam, draw, enlarged
from uois_sam.sam.protocol import Embedding, PromptableSegmenter, Prompts

KindsAndLogits = tuple[NDArray[np.int64], Tensor]
Answer = Callable[[Embedding, PartLabels], "KindsAndLogits | None"]
"""From an embedding, and the truth for true prompts, to (N,) kinds and (N, h, w) logits; None for no part."""


@dataclass(frozen=True)
class Method:
    """One row of the table before it is measured.

    Attributes:
        name: of the row.
        names: what its kinds mean.
        answer: what is measured.
    """

    name: str
    names: tuple[str, ...]
    answer: Answer


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: of the method.
        evaluation: its scores.
        seconds_per_frame: median time from embedding to low-resolution masks.
    """

    name: str
    evaluation: PartEvaluation
    seconds_per_frame: float

    def as_dict(self) -> dict[str, Any]:
        """The row for a JSON document."""
        return {"name": self.name, "seconds_per_frame": self.seconds_per_frame, **self.evaluation.as_dict()}


def true_prompt_methods(segmenter: PromptableSegmenter, names: tuple[str, ...]) -> list[Method]:
    """Table 1: what the segmenter draws for true boxes and their centres, the bound of all that prompt it."""

    def answer(prompts: Callable[[PartLabels], Prompts]) -> Answer:
        def drawn(embedding: Embedding, labels: PartLabels) -> KindsAndLogits | None:
            return (labels.kinds, draw(segmenter, embedding, prompts(labels))) if len(labels) else None

        return drawn

    boxes = answer(lambda labels: Prompts(boxes=torch.from_numpy(labels.boxes)))
    points = answer(lambda labels: Prompts.from_points(torch.from_numpy(labels.points)))
    return [Method("true points", names, points), Method("true boxes", names, boxes)]


def model_methods(model: WpsSam) -> list[Method]:
    """Table 4 and 6: a trained prompter; the boxes of Det-SAM also by their centres."""
    description = model.prompter.description

    def masks(embedding: Embedding, labels: PartLabels) -> KindsAndLogits | None:
        found = model.masks(embedding)
        return None if found is None else (found.kinds.cpu().numpy(), found.logits)

    def centres(embedding: Embedding, labels: PartLabels) -> KindsAndLogits | None:
        found = model.prompter.propose(embedding)
        if found.prompts is None or found.prompts.boxes is None:
            return None
        middle = (found.prompts.boxes[:, :2] + found.prompts.boxes[:, 2:]) / 2 - 0.5
        return found.kinds.cpu().numpy(), draw(model.segmenter, embedding, Prompts.from_points(middle))

    if description.kind == "det-sam":
        return [
            Method("Det-SAM, centres of boxes", description.names, centres),
            Method("Det-SAM, boxes", description.names, masks),
        ]
    proposals = ", cells" if description.by_cells else ""
    return [Method(f"WPS-SAM, {description.supervision}{proposals}", description.names, masks)]


def measure(
    methods: Sequence[Method],
    segmenter: PromptableSegmenter,
    dataset: PartDataset,
    indices: Sequence[int],
    *,
    with_depth: bool,
    kinds: Collection[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Row]:
    """Measure all rows, each frame encoded once.

    Args:
        methods: the rows.
        segmenter: that they prompt.
        dataset, indices: the frames.
        with_depth: show depth to the segmenter.
        kinds: names that are scored, all where None; those that a method does not know count as missed for it.
        progress: told after each frame how many are done, and of how many.

    Raises:
        InputError: a frame has no masks to score against, or cannot be read.
    """
    evaluations = [PartEvaluation() for _ in methods]
    seconds: list[list[float]] = [[] for _ in methods]
    for done, index in enumerate(indices, start=1):
        frame, labels = dataset[index], dataset.parts(index)
        size = (frame.image.shape[0], frame.image.shape[1])
        if labels.masks is None and len(labels):
            raise InputError(f"{frame.name} has boxes but no masks; scoring wants masks")
        truth = {} if labels.masks is None else merge_kinds(dataset.part_names, labels.kinds, labels.masks)
        truth = {kind: mask for kind, mask in truth.items() if kinds is None or kind in kinds}
        with torch.no_grad():
            embedding = segmenter.encode(
                frame.image, frame.depth if with_depth else None, frame.camera if with_depth else None
            )
            for method, evaluation, times in zip(methods, evaluations, seconds, strict=True):
                started = time.perf_counter()
                answer = method.answer(embedding, labels)
                times.append(time.perf_counter() - started)
                found = {}
                if answer is not None:
                    found = merge_kinds(method.names, answer[0], enlarged(answer[1], size))
                evaluation.rows += score_parts(frame.name, found, truth)
        if progress is not None:
            progress(done, len(indices))
    return [
        Row(method.name, evaluation, float(np.median(times)) if times else 0.0)
        for method, evaluation, times in zip(methods, evaluations, seconds, strict=True)
    ]
