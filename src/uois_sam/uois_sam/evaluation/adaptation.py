"""Clicks on the objects of a data set, with adaptation of every kind (Schön et al., 2024, tables 1 to 4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from uois_sam.adaptation.adapter import DecoderAdapter
from uois_sam.adaptation.annotator import SimulatedAnnotator, Target
from uois_sam.adaptation.settings import AdaptationSettings
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.clicks import Goal, failure_rate, number_of_clicks
from uois_sam.sam.protocol import Embedding, PromptableSegmenter
from uois_sam.types import Frame


@dataclass(frozen=True)
class ObjectTrace:
    """How the clicks on one object went.

    Attributes:
        image: name of the frame.
        label: of the object in it.
        ious: after the first click, the second, ...
    """

    image: str
    label: int
    ious: tuple[float, ...]


@dataclass(frozen=True)
class GoalRow:
    """What a configuration did for one goal.

    Attributes:
        goal: n and IoU.
        clicks: NoC.
        failures: FR, 0 to 1.
        traces: one for each object, as they came.
    """

    goal: Goal
    clicks: float
    failures: float
    traces: tuple[ObjectTrace, ...]


@dataclass(frozen=True)
class ConfigurationRow:
    """A row of the tables.

    Attributes:
        settings: of adaptation.
        goals: one for each goal.
        seconds_per_object: that decoding and learning took for the goals, with the simulated clicks.
    """

    settings: AdaptationSettings
    goals: tuple[GoalRow, ...]
    seconds_per_object: float

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document; failure rates and IoU are fractions of 1."""
        return {
            "configuration": self.settings.label,
            "settings": asdict(self.settings),
            "seconds_per_object": self.seconds_per_object,
            "goals": {
                row.goal.label: {
                    "noc": row.clicks,
                    "fr": row.failures,
                    "objects": [
                        {
                            "image": trace.image,
                            "label": trace.label,
                            "clicks": row.goal.reached(trace.ious),
                            "ious": [round(iou, 4) for iou in trace.ious],
                        }
                        for trace in row.traces
                    ],
                }
                for row in self.goals
            },
        }


def measure(
    frames: Sequence[Frame],
    rule: LabelRule,
    segmenter: PromptableSegmenter,
    configurations: Sequence[AdaptationSettings],
    goals: Sequence[Goal],
    min_area: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[ConfigurationRow]:
    """Click on every object of every frame, once for each configuration and goal; the order is the frames'.

    An image is read and embedded once; all configurations click on its objects before the next.

    Args:
        frames: with ground truth.
        rule: which labels are objects, and which pixel counts for nobody.
        segmenter: stays as it is; each run has a decoder of its own.
        configurations: rows.
        goals: n and IoU of each pair of columns.
        min_area: pixels; objects with fewer that count are left out.
        progress: told after each frame how many are done, and of how many.

    Raises:
        InputError: a frame has no ground truth, or no frame has an object.
    """
    runs = [_runs(segmenter, settings, goals) for settings in configurations]
    for done, frame in enumerate(frames, 1):
        embedding: Embedding | None = None
        for label, target in targets(frame, rule, min_area):
            if embedding is None:
                embedding = segmenter.encode(frame.image, frame.depth, frame.camera)
            for run in (run for of_row in runs for run in of_row):
                run.annotate(frame.name, label, target, embedding)
        if progress is not None:
            progress(done, len(frames))
    return [_row(settings, of_row) for settings, of_row in zip(configurations, runs, strict=True)]


def targets(frame: Frame, rule: LabelRule, min_area: int = 1) -> Iterator[tuple[int, Target]]:
    """The objects of a frame, with their labels in rising order.

    Raises:
        InputError: the frame has no ground truth.
    """
    if frame.label is None:
        raise InputError(f"frame {frame.name!r} has no ground truth; give its labels")
    objects, void = rule.objects(frame.label), rule.ignored(frame.label)
    for label, area in zip(*np.unique(objects, return_counts=True), strict=True):
        if label != 0 and area >= min_area:
            yield int(label), Target(objects == label, void)


class _Run:
    """One decoder that is led over all objects, for some goals."""

    def __init__(
        self, segmenter: PromptableSegmenter, settings: AdaptationSettings, goals: Sequence[Goal]
    ) -> None:
        self.adapter = DecoderAdapter(segmenter, settings)
        self.goals = goals
        self.traces: list[ObjectTrace] = []
        self.seconds = 0.0

    def annotate(self, image: str, label: int, target: Target, embedding: Embedding) -> None:
        start = time.perf_counter()
        annotator = SimulatedAnnotator(target)
        session = self.adapter.begin(embedding)
        ious: list[float] = []
        while not all(len(ious) >= goal.clicks or goal.reached(ious) for goal in self.goals):
            click = annotator.next_click(session.mask)
            if click is None:
                break
            ious.append(target.iou(session.add_click(click.x, click.y, click.positive)))
            self.adapter.learn_from_clicks(session)
        self.adapter.finish(session)
        self.traces.append(ObjectTrace(image, label, tuple(ious)))
        self.seconds += time.perf_counter() - start


def _runs(segmenter: PromptableSegmenter, settings: AdaptationSettings, goals: Sequence[Goal]) -> list[_Run]:
    """A run for each goal; one for all where no object teaches anything to the next, for then it does not matter
    how far the clicks on an object go."""
    if not settings.lasting:
        return [_Run(segmenter, settings, goals)]
    return [_Run(segmenter, settings, [goal]) for goal in goals]


def _row(settings: AdaptationSettings, runs: Sequence[_Run]) -> ConfigurationRow:
    rows = tuple(
        GoalRow(
            goal,
            number_of_clicks([trace.ious for trace in run.traces], goal),
            failure_rate([trace.ious for trace in run.traces], goal),
            tuple(run.traces),
        )
        for run in runs
        for goal in run.goals
    )
    seconds = sum(run.seconds for run in runs) / len(runs[0].traces)
    return ConfigurationRow(settings, rows, seconds)
