"""Opens every frame of a data set and measures what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.labelled import LabelledDataset
from uois_sam.errors import InputError


@dataclass
class CheckReport:
    """What `check_dataset` found.

    Attributes:
        frames: all of them, also those with a problem.
        sizes: (width, height) of the images in pixels, and how many have it.
        objects: number of objects of each sound frame.
        measured: share of pixels with a depth, 0 to 1, of each sound frame with depth.
        depths: median depth in metres of each sound frame with a measured pixel.
        cameras: sound frames with intrinsics.
        problems: one line each.
    """

    frames: int
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    objects: list[int] = field(default_factory=list)
    measured: list[float] = field(default_factory=list)
    depths: list[float] = field(default_factory=list)
    cameras: int = 0
    problems: list[str] = field(default_factory=list)


def check_dataset(
    dataset: LabelledDataset, rule: LabelRule, progress: Callable[[int, int], None] | None = None
) -> CheckReport:
    """Read every frame; a frame that cannot be used becomes a problem of the report.

    Args:
        dataset: to look at.
        rule: which labels are objects.
        progress: told after each frame how many are done, and of how many.
    """
    report = CheckReport(len(dataset))
    for k in range(len(dataset)):
        _check_frame(dataset, k, rule, report)
        if progress is not None:
            progress(k + 1, len(dataset))
    return report


def _check_frame(dataset: LabelledDataset, index: int, rule: LabelRule, report: CheckReport) -> None:
    name = dataset.names[index]
    try:
        frame = dataset[index]
    except InputError as error:
        report.problems.append(f"{name}: {error}")
        return
    height, width = frame.image.shape[:2]
    report.sizes[width, height] += 1
    if frame.label is None:
        report.problems.append(f"{name}: no ground truth")
        return
    report.objects.append(len(np.setdiff1d(rule.objects(frame.label), [0])))
    report.cameras += frame.camera is not None
    if frame.depth is not None:
        known = frame.depth > 0
        report.measured.append(float(known.mean()))
        if known.any():
            report.depths.append(float(np.median(frame.depth[known])))
