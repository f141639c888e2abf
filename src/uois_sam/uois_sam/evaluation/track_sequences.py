"""Tracking over recorded sequences: true masks and the model's, ids by the tracker and by IoU alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.iou_matching import IouMatcher
from uois_sam.evaluation.tracking import FrameOverlap, TrackingCounts, overlap, score_sequence, total
from uois_sam.segmentation.pipeline import EmbeddedFrame, Pipeline
from uois_sam.segmentation.tracking import Tracker
from uois_sam.types import Instances, relabel

Progress = Callable[[int, int], None]


class GivesIds(Protocol):
    """A way to give ids to the instances of one frame after the other."""

    def update(self, frame: EmbeddedFrame, instances: Instances, stamp: int | None = None) -> Instances:
        """The instances with their ids."""


METHODS: Mapping[str, Callable[[], GivesIds]] = {"IoU alone": IouMatcher, "tracker": Tracker}
MASKS = ("true", "model")


@dataclass(frozen=True)
class TrackingRow:
    """What one method made of one kind of masks.

    Attributes:
        masks: one of `MASKS`. method: a key of `METHODS`.
        sequences: counts of each sequence by its name.
        milliseconds: median of a frame.
    """

    masks: str
    method: str
    sequences: Mapping[str, TrackingCounts]
    milliseconds: float

    @property
    def total(self) -> TrackingCounts:
        """Of all sequences together."""
        return total(self.sequences.values())


def open_sequences(folder: Path) -> list[FolderDataset]:
    """The sequence in a folder, or those in the folders below it, by name.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    if (folder / "color").is_dir():
        return [FolderDataset(folder)]
    found = sorted(path.parent for path in folder.glob("*/color") if path.is_dir())
    if not found:
        raise InputError(
            f"{folder} holds no sequence; give a folder with color/ and label/, or one of such folders"
        )
    return [FolderDataset(path) for path in found]


def measure(
    sequences: Sequence[FolderDataset], rules: Sequence[LabelRule], pipeline: Pipeline, progress: Progress
) -> list[TrackingRow]:
    """Track every sequence by every method, under both kinds of masks.

    Args:
        sequences: frames in order; their labels are the same for a thing in all frames of a sequence.
        rules: how the labels of each are read.
        pipeline: embeds the frames, and finds the model's masks.
        progress: called with frames done and frames in all.

    Raises:
        InputError: a frame cannot be read, or has no label.
    """
    counts: dict[tuple[str, str], dict[str, TrackingCounts]] = {(m, n): {} for m in MASKS for n in METHODS}
    spent: dict[tuple[str, str], list[float]] = {key: [] for key in counts}
    done, frames = 0, sum(len(sequence) for sequence in sequences)
    for sequence, rule in zip(sequences, rules, strict=True):
        trackers = {key: METHODS[key[1]]() for key in counts}
        overlaps: dict[tuple[str, str], list[FrameOverlap]] = {key: [] for key in counts}
        for frame in sequence:
            if frame.label is None:
                raise InputError(
                    f"frame {frame.name!r} of {sequence.path} has no label; tracking is scored with truth"
                )
            embedded = pipeline.encode(frame.image, frame.depth, frame.camera)
            instances = {
                "true": Instances.from_label_image(relabel(rule.objects(frame.label))),
                "model": pipeline.segment(embedded),
            }
            for key, tracker in trackers.items():
                start = time.perf_counter()
                tracked = tracker.update(embedded, instances[key[0]], frame.stamp)
                spent[key].append(1e3 * (time.perf_counter() - start))
                overlaps[key].append(overlap(frame.label, rule, tracked))
            done += 1
            progress(done, frames)
        for key, found in overlaps.items():
            counts[key][sequence.path.name] = score_sequence(found)
    return [TrackingRow(*key, counts[key], float(np.median(spent[key]))) for key in counts]
