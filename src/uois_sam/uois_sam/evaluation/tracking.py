"""How well ids stay with things over a sequence: IDF1, identity switches and HOTA of instance masks.

IDF1 follows Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking" (2016);
identity switches follow Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR
MOT Metrics" (2008), with matches kept from frame to frame; HOTA follows Luiten et al., "HOTA: A Higher Order
Metric for Evaluating Multi-Object Tracking" (2020). Details are those of the public TrackEval package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.types import Instances

SAME = 0.5
"""Least IoU at which a mask counts as that of a thing, for IDF1 and switches."""

ABSENT = 10
"""Frames out of sight after which having the id of before is counted by itself."""

ALPHAS = np.arange(0.05, 0.99, 0.05)
"""The thresholds that HOTA is averaged over (section 4.4)."""

_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class FrameOverlap:
    """True and found things of one frame.

    Attributes:
        true: (n,) int64 ids that the truth gives, each once.
        found: (m,) int64 ids that were found, each once.
        iou: (n, m) float64 of their masks.

    Raises:
        InputError: shapes do not fit, or an id comes twice.
    """

    true: NDArray[np.int64]
    found: NDArray[np.int64]
    iou: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.iou.shape != (len(self.true), len(self.found)):
            raise InputError(
                f"IoU is {self.iou.shape}; wanted ({len(self.true)}, {len(self.found)}), true by found"
            )
        for name, ids in (("true", self.true), ("found", self.found)):
            if len(np.unique(ids)) != len(ids):
                raise InputError(f"{name} ids {ids.tolist()} name a thing twice in one frame")


def overlap(label: NDArray[np.uint16], rule: LabelRule, instances: Instances) -> FrameOverlap:
    """Compare the instances of a frame with its truth.

    Args:
        label: (H, W) uint16 whose values are ids that hold over the sequence.
        rule: which of them are objects; ignored pixels count for nobody, and instances all on them are left out.
        instances: as found, with their ids.

    Raises:
        InputError: the label image is of another size, or two instances have one id.
    """
    if label.shape != instances.label_image.shape:
        raise InputError(f"truth is {label.shape}, instances are {instances.label_image.shape}; score equal sizes")
    valid = ~rule.ignored(label)
    objects = rule.objects(label)[valid]
    true, row = np.unique(objects, return_inverse=True)
    painted = instances.label_image[valid].astype(np.int64)
    count = len(instances) + 1
    shared = np.bincount(row * count + painted, minlength=len(true) * count).reshape(len(true), count)
    union = shared.sum(1, keepdims=True) + shared.sum(0) - shared
    iou = shared / np.maximum(union, 1)
    seen = shared.sum(0)[1:] > 0
    return FrameOverlap(
        true[true > 0].astype(np.int64), instances.id[seen].astype(np.int64), iou[true > 0][:, 1:][:, seen]
    )


@dataclass(frozen=True)
class TrackingCounts:
    """What sequences are summed from; `+` joins two.

    Attributes:
        frames: how many.
        id_true_positives, id_false_positives, id_false_negatives: of masks, under the best assignment of found to
            true ids over each whole sequence.
        switches: times that a thing came to have another id than it had last.
        absences: times that a thing came back after `ABSENT` frames or more in which no pixel of it was seen.
        recovered: those after which it had the id that it had before.
        true_positives, false_positives, false_negatives: (19,) of masks at each of `ALPHAS`.
        association: (19,) sum of the association Jaccard index over the true positives.
    """

    frames: int
    id_true_positives: int
    id_false_positives: int
    id_false_negatives: int
    switches: int
    absences: int
    recovered: int
    true_positives: NDArray[np.float64]
    false_positives: NDArray[np.float64]
    false_negatives: NDArray[np.float64]
    association: NDArray[np.float64]

    def __add__(self, other: TrackingCounts) -> TrackingCounts:
        return TrackingCounts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def idf1(self) -> float:
        """F measure of masks with the right id, 0 to 1."""
        wrong = self.id_false_positives + self.id_false_negatives
        return self.id_true_positives / max(1.0, self.id_true_positives + 0.5 * wrong)

    @property
    def detection(self) -> float:
        """DetA: Jaccard index of the masks, whatever their ids, averaged over `ALPHAS`."""
        return float(np.mean(self._detection))

    @property
    def association_accuracy(self) -> float:
        """AssA: how much the tracks of matched masks agree, averaged over `ALPHAS`."""
        return float(np.mean(self._association))

    @property
    def hota(self) -> float:
        """Geometric mean of detection and association, averaged over `ALPHAS`."""
        return float(np.mean(np.sqrt(self._detection * self._association)))

    @property
    def _detection(self) -> NDArray[np.float64]:
        every = self.true_positives + self.false_positives + self.false_negatives
        return np.asarray(self.true_positives / np.maximum(1, every))

    @property
    def _association(self) -> NDArray[np.float64]:
        return np.asarray(self.association / np.maximum(1, self.true_positives))

    def as_dict(self) -> dict[str, float]:
        """Figures by name, as a document has them."""
        return {
            "idf1": self.idf1,
            "switches": self.switches,
            "absences": self.absences,
            "recovered": self.recovered,
            "hota": self.hota,
            "deta": self.detection,
            "assa": self.association_accuracy,
            "frames": self.frames,
        }


def score_sequence(frames: Sequence[FrameOverlap]) -> TrackingCounts:
    """Score the frames of one sequence, in their order; ids of another sequence mean other things."""
    renumbered = _renumber(frames)
    return TrackingCounts(len(frames), *_id_counts(renumbered), *_changes(renumbered), *_hota_counts(renumbered))


def total(sequences: Iterable[TrackingCounts]) -> TrackingCounts:
    """The counts of all sequences together.

    Raises:
        InputError: there is none.
    """
    listed = list(sequences)
    if not listed:
        raise InputError("no sequence was scored; give at least one")
    summed = listed[0]
    for counts in listed[1:]:
        summed = summed + counts
    return summed


@dataclass(frozen=True)
class _Numbered:
    """Frames whose ids are 0 .. N - 1 and 0 .. M - 1."""

    frames: list[FrameOverlap]
    true_count: NDArray[np.float64]
    found_count: NDArray[np.float64]


def _renumber(frames: Sequence[FrameOverlap]) -> _Numbered:
    none = np.zeros(0, np.int64)
    true, true_count = np.unique(np.concatenate([none, *(f.true for f in frames)]), return_counts=True)
    found, found_count = np.unique(np.concatenate([none, *(f.found for f in frames)]), return_counts=True)
    numbered = [
        FrameOverlap(np.searchsorted(true, f.true), np.searchsorted(found, f.found), f.iou) for f in frames
    ]
    return _Numbered(numbered, true_count.astype(float), found_count.astype(float))


def _id_counts(sequence: _Numbered) -> tuple[int, int, int]:
    """IDTP, IDFP and IDFN: each true id has one found id or none, whichever leaves most masks right."""
    matches = np.zeros((len(sequence.true_count), len(sequence.found_count)))
    for frame in sequence.frames:
        rows, columns = np.nonzero(frame.iou >= SAME)
        matches[frame.true[rows], frame.found[columns]] += 1
    right = int(matches[linear_sum_assignment(-matches)].sum())
    return right, int(sequence.found_count.sum()) - right, int(sequence.true_count.sum()) - right


def _changes(sequence: _Numbered) -> tuple[int, int, int]:
    """Switches, absences, and those after which the id was that of before."""
    seen_at = np.full(len(sequence.true_count), -1)
    last = np.full(len(sequence.true_count), -1)
    previous = last.copy()
    away = np.zeros(len(last), bool)  # since it was matched last
    switches = absences = recovered = 0
    for number, frame in enumerate(sequence.frames):
        away[frame.true] |= (seen_at[frame.true] >= 0) & (number - seen_at[frame.true] > ABSENT)
        seen_at[frame.true] = number
        if len(frame.true) == 0 or len(frame.found) == 0:
            continue
        score = frame.iou + 1000.0 * (frame.found[None] == previous[frame.true][:, None])
        score[frame.iou < SAME - _EPS] = 0
        rows, columns = linear_sum_assignment(-score)
        matched = score[rows, columns] > _EPS
        true, found = frame.true[rows[matched]], frame.found[columns[matched]]
        switches += int(np.sum((last[true] >= 0) & (last[true] != found)))
        back = away[true] & (last[true] >= 0)
        absences += int(back.sum())
        recovered += int(np.sum(back & (last[true] == found)))
        away[true] = False
        last[true] = found
        previous[:] = -1
        previous[true] = found
    return switches, absences, recovered


def _hota_counts(sequence: _Numbered) -> tuple[NDArray[np.float64], ...]:
    """TP, FP, FN and the sum of association scores at each of `ALPHAS` (HOTA, eq. 8 to 15)."""
    true_count, found_count = sequence.true_count[:, None], sequence.found_count[None]
    potential = np.zeros((len(sequence.true_count), len(sequence.found_count)))
    for frame in sequence.frames:
        union = frame.iou.sum(0) + frame.iou.sum(1, keepdims=True) - frame.iou
        potential[np.ix_(frame.true, frame.found)] += np.where(
            union > _EPS, frame.iou / np.maximum(union, _EPS), 0
        )
    alignment = potential / np.maximum(true_count + found_count - potential, 1)
    hits = np.zeros(len(ALPHAS))
    matched = np.zeros((len(ALPHAS), *potential.shape))
    for frame in sequence.frames:
        rows, columns = linear_sum_assignment(-alignment[np.ix_(frame.true, frame.found)] * frame.iou)
        good = frame.iou[rows, columns] >= ALPHAS[:, None] - _EPS
        hits += good.sum(1)
        for alpha, pairs in enumerate(good):
            matched[alpha, frame.true[rows[pairs]], frame.found[columns[pairs]]] += 1
    jaccard = matched / np.maximum(1, true_count + found_count - matched)
    return hits, found_count.sum() - hits, true_count.sum() - hits, (matched * jaccard).sum((1, 2))
