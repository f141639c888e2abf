"""Looks at each answered frame of a replay: scores where the truth is known, and pictures for the report."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from dataclasses import replace

import numpy as np

from uois_sam.commands.demo_record import EvenSample
from uois_sam.commands.report.document import Picture, embedded
from uois_sam.commands.report.pictures import colour_depth
from uois_sam.commands.report.worst import WorstImages
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.evaluation.metrics import score_labels
from uois_sam.evaluation.results import Evaluation, ImageScores
from uois_sam.evaluation.switches import IdentitySwitches
from uois_sam.parts.overlay import overlay_parts
from uois_sam.replay.report import ReplayScores, ShownFrame
from uois_sam.replay.truth import Labels
from uois_sam.types import Frame, Instances, Parts

SAMPLES = 12
WORST = 8
_WIDTH = 640  # pixels of a picture in the page


class ReplayJudge:
    """Takes the answered frames in their order.

    Args:
        labels: the truth; None where there is none.
        rule: which labels are objects.
    """

    def __init__(self, labels: Labels | None = None, rule: LabelRule | None = None) -> None:
        self._labels = labels
        self._rule = rule or LabelRule()
        self._rows: list[ImageScores] = []
        self._switches = IdentitySwitches()
        self._worst = WorstImages(WORST, self._rule)
        self._lowest: list[tuple[float, str, ShownFrame]] = []
        self._samples: EvenSample[_Sample] = EvenSample(SAMPLES)

    def see(self, frame: Frame, instances: Instances, parts: Parts | None = None) -> None:
        """Take a frame with its stamp, its instances, and their parts where they were looked for.

        Raises:
            InputError: its label image is damaged or of another size.
        """
        row = self._score(frame, instances)
        sample = _Sample()
        self._samples.offer(sample)
        if sample in self._samples.kept():  # only now, for pictures take time, and whole frames memory
            sample.shown = _shown(frame, instances, parts, row)
        if self._labels is None and len(instances):
            mean = float(np.mean(instances.score))
            if len(self._lowest) < WORST or mean < self._lowest[-1][0]:
                shown = _shown(frame, instances, parts, None)
                insort(self._lowest, (mean, frame.name, shown), key=lambda kept: kept[:2])
                del self._lowest[WORST:]

    def scores(self) -> ReplayScores | None:
        """Scores of the frames that have a truth; None where none has."""
        if self._labels is None or not self._rows:
            return None
        described = self._labels.describe()
        return ReplayScores(Evaluation(tuple(self._rows)), self._rule, self._switches.count, described)

    def samples(self) -> list[ShownFrame]:
        """Frames evenly spaced over those that came."""
        return [sample.shown for sample in self._samples.kept() if sample.shown is not None]

    def worst(self) -> list[ShownFrame]:
        """The worst frames, worst first: by overlap F where there is a truth, else by the mean score."""
        if self._labels is None:
            return [shown for _, _, shown in self._lowest]
        return [ShownFrame(kept.row.name, _score_facts(kept.row), kept.pictures) for kept in self._worst.worst()]

    def _score(self, frame: Frame, instances: Instances) -> ImageScores | None:
        if self._labels is None or frame.stamp is None:
            return None
        label = self._labels.find(frame.stamp, (frame.image.shape[0], frame.image.shape[1]))
        if label is None:
            return None
        truth, ignored = self._rule.objects(label), self._rule.ignored(label)
        row = ImageScores(frame.name, score_labels(instances.label_image, truth, ignored))
        seen = np.where(ignored, np.uint16(0), instances.label_image)
        self._switches.see(truth, seen, instances.id.tolist())
        self._worst.see(replace(frame, label=label), instances.label_image, row)
        self._rows.append(row)
        return row


class _Sample:
    """A frame that may be shown; its pictures once that is sure."""

    shown: ShownFrame | None = None


def _shown(frame: Frame, instances: Instances, parts: Parts | None, row: ImageScores | None) -> ShownFrame:
    """Image, overlay, parts and depth of a frame."""
    count = f"{len(instances)} instance{'' if len(instances) == 1 else 's'}"
    pictures = [
        Picture(embedded(frame.image, _WIDTH), "image"),
        Picture(embedded(instances.overlay(frame.image), _WIDTH), count),
    ]
    if parts is not None:
        names = ", ".join(f"{name} {n}" if n > 1 else name for name, n in Counter(p.name for p in parts).items())
        pictures.append(Picture(embedded(overlay_parts(frame.image, parts), _WIDTH), f"parts: {names or 'none'}"))
    if frame.depth is not None:
        coloured, low, high = colour_depth(frame.depth)
        pictures.append(Picture(embedded(coloured, _WIDTH), f"depth, {low:.2f} m (blue) to {high:.2f} m (red)"))
    facts = [count]
    if len(instances):
        facts.append(
            f"mean score {float(np.mean(instances.score)):.2f}, lowest {float(instances.score.min()):.2f}"
        )
    return ShownFrame(frame.name, [*facts, *(_score_facts(row) if row is not None else [])], pictures)


def _score_facts(row: ImageScores) -> list[str]:
    scores = row.scores
    return [
        f"overlap F {100 * scores.overlap_f:.0f} (P {100 * scores.overlap_precision:.0f}, "
        f"R {100 * scores.overlap_recall:.0f})",
        f"boundary F {100 * scores.boundary_f:.0f}",
        f"{scores.predicted} found, {scores.objects} true",
    ]
