"""Finds out how a data set's ground truth is to be read where nobody says so."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.labelled import LabelledDataset
from uois_sam.errors import InputError
from uois_sam.types import Frame

_LOOKED_AT = 12
_ALMOST = 0.98


def choose_rule(dataset: LabelledDataset) -> tuple[LabelRule, str]:
    """The rule of a data set, and where it comes from in words.

    A published set has its own. For a folder, what dataset.json says is taken as it is; where it says nothing
    about labels, a dozen frames are looked at.

    Raises:
        InputError: a frame that is looked at cannot be read.
    """
    if not isinstance(dataset, FolderDataset):
        return dataset.rule, "as the set is published"
    path = dataset.path / "dataset.json"
    if path.is_file() and {"first_object", "ignore"} & json.loads(path.read_bytes()).keys():
        return dataset.rule, "dataset.json"
    step = max(1, len(dataset) // _LOOKED_AT)
    return detect_rule([dataset[k] for k in range(0, len(dataset), step)][:_LOOKED_AT])


def detect_rule(frames: Sequence[Frame]) -> tuple[LabelRule, str]:
    """The rule that labels and depth of some frames suggest, and why.

    Sets that were labelled in the depth map (OSD) have label 0 where there is no depth, 1 on the table, and
    objects from 2 on: 0 means "not labelled" there and counts for nobody. In all others 0 is the background and
    objects start at 1.

    Raises:
        InputError: a frame has no label.
    """
    unlabelled = unmeasured = tables = judged = 0
    for frame in frames:
        if frame.label is None:
            raise InputError(f"frame {frame.name!r} has no ground truth; give label/{frame.name}.png")
        if frame.depth is None:
            continue
        zero = frame.label == 0
        unlabelled += int(np.count_nonzero(zero))
        unmeasured += int(np.count_nonzero(zero & (frame.depth <= 0)))
        area = np.bincount(frame.label.ravel())
        tables += int(area[1:].argmax() == 0) if len(area) > 1 else 0
        judged += 1
    if unlabelled and unmeasured >= _ALMOST * unlabelled and 2 * tables > judged:
        return LabelRule(2, 0), "detected: label 0 is where there is no depth, and label 1 the largest surface"
    return LabelRule(), "detected: label 0 is background"
