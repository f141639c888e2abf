"""Scores of a segmentation over a data set: per image, their means, and how sure the means are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.boundary import BoundaryKind
from uois_sam.evaluation.metrics import Scores, score_labels
from uois_sam.types import Frame, Instances

Segment = Callable[[Frame], "Instances | NDArray[np.integer]"]

FIGURES = (
    "overlap_precision",
    "overlap_recall",
    "overlap_f",
    "boundary_precision",
    "boundary_recall",
    "boundary_f",
    "percent75",
)
_RESAMPLES = 2000
_SEED = 0


@dataclass(frozen=True)
class ImageScores:
    """Scores of the image called `name`."""

    name: str
    scores: Scores


@dataclass(frozen=True)
class Mean:
    """Mean of one figure over the images, with the bounds of its 95 % bootstrap interval; fractions of 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """Scores of a data set, one row per image."""

    rows: tuple[ImageScores, ...]

    def means(self) -> dict[str, Mean]:
        """Each of `FIGURES` averaged over the images (F too: the mean of F, not the F of means).

        The interval is the 2.5 to 97.5 percentile of the means of 2000 resamples of the images, seed fixed.
        """
        values = np.array([[getattr(row.scores, figure) for figure in FIGURES] for row in self.rows])
        n = len(values)
        draws = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)
        low, high = np.percentile(draws @ values / n, (2.5, 97.5), axis=0)
        mean = values.mean(axis=0)
        return {f: Mean(float(mean[k]), float(low[k]), float(high[k])) for k, f in enumerate(FIGURES)}

    def worst(self, count: int) -> list[ImageScores]:
        """The rows of the lowest overlap F, lowest first; boundary F and name break ties."""
        return sorted(self.rows, key=lambda r: (r.scores.overlap_f, r.scores.boundary_f, r.name))[:count]

    def as_dict(self) -> dict[str, Any]:
        """What `to_json` writes; scores are fractions of 1."""
        means = self.means()
        return {
            "images": len(self.rows),
            "objects": sum(row.scores.objects for row in self.rows),
            "predicted": sum(row.scores.predicted for row in self.rows),
            "mean": {figure: mean.value for figure, mean in means.items()},
            "interval95": {figure: [mean.low, mean.high] for figure, mean in means.items()},
            "rows": [{"name": row.name, **asdict(row.scores)} for row in self.rows],
        }

    def to_json(self) -> str:
        """Counts, means, intervals and rows as a JSON document."""
        return json.dumps(self.as_dict(), indent=1)

    def table(self) -> str:
        """The means in per cent, in the columns of the papers' tables, and their intervals."""
        means = list(self.means().values())
        objects = sum(row.scores.objects for row in self.rows)
        lines = [
            ("", "overlap P", "R", "F", "boundary P", "R", "F", "%75"),
            ("mean", *(f"{100 * m.value:.1f}" for m in means)),
            ("95 %", *(f"{100 * m.low:.1f}-{100 * m.high:.1f}" for m in means)),
        ]
        widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
        text = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([*text, f"{len(self.rows)} images, {objects} objects"])


def evaluate(
    dataset: Sequence[Frame],
    segment: Segment,
    rule: LabelRule,
    use_depth: bool = True,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    boundary: BoundaryKind = "davis",
) -> Evaluation:
    """Segment and score every frame of a data set.

    Args:
        dataset: frames with labels.
        segment: gives the instances of a frame, or an (H, W) integer label image, positive labels objects.
        rule: which labels are objects and which pixels count for nobody.
        use_depth: False hides depth from `segment`.
        workers: threads that read, segment and score; with more than one, all of them call `segment`.
        progress: told after each image how many are done, and of how many.
        boundary: which boundary map; see `boundary_map`.

    Raises:
        InputError: the data set is empty, a frame has no label, or a segmentation does not fit its frame.
    """
    if not len(dataset):
        raise InputError("the data set has no frame; nothing to evaluate")
    if workers < 1:
        raise InputError(f"workers is {workers}; wanted 1 or more threads")

    def score(index: int) -> ImageScores:
        frame = dataset[index]
        if frame.label is None:
            raise InputError(f"frame {frame.name!r} has no ground truth; give label/{frame.name}.png")
        found = segment(frame if use_depth else replace(frame, depth=None))
        prediction = found.label_image if isinstance(found, Instances) else found
        try:
            scores = score_labels(prediction, rule.objects(frame.label), rule.ignored(frame.label), boundary)
        except InputError as error:
            raise InputError(f"frame {frame.name!r}: {error}") from error
        return ImageScores(frame.name, scores)

    rows = []
    for row in _each(score, len(dataset), workers):
        rows.append(row)
        if progress is not None:
            progress(len(rows), len(dataset))
    return Evaluation(tuple(rows))


def _each(score: Callable[[int], ImageScores], count: int, workers: int) -> Iterator[ImageScores]:
    """In order; one worker is the calling thread."""
    if workers == 1:
        yield from map(score, range(count))
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from pool.map(score, range(count))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
