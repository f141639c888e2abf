"""PartCLIPSeg's table 5: the same training without the attention losses, with separation, and with both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from uois_sam.datasets.ov_parts import VocabularyDataset
from uois_sam.evaluation.parts_metrics import PartFigures
from uois_sam.evaluation.parts_zero_shot import PartFrames, measure_parts
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.predict import Setting
from uois_sam.training.part_clipseg import PartClipSegTraining, train_part_clipseg


@dataclass(frozen=True)
class Variant:
    """A row of the table: its name, the folder of its run, and which losses it keeps."""

    name: str
    folder: str
    separation: bool
    enhancement: bool


VARIANTS = (
    Variant("without both", "without", False, False),
    Variant("separation", "separation", True, False),
    Variant("separation and enhancement", "both", True, True),
)


def ablate(
    dataset: VocabularyDataset,
    name: str,
    judged: tuple[VocabularyDataset, PartFrames],
    runs: Path,
    settings: PartClipSegTraining,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, dict[Setting, PartFigures]]:
    """Train and score each variant from the same seed; finished runs in `runs` are not trained again.

    Args:
        dataset, name: the training part of a set, and what it is called.
        judged: the set whose vocabulary names the classes, unseen ones included, and the frames of it that count.
        runs: folder of the runs.
        settings: of all runs; the weights of the losses that a variant leaves out are 0 in it.
        device: to train on.
        progress: told of the frames scored.
    """
    rows = {}
    for variant in VARIANTS:
        own = replace(
            settings,
            separation_weight=settings.separation_weight if variant.separation else 0.0,
            enhancement_weight=settings.enhancement_weight if variant.enhancement else 0.0,
        )
        folder = train_part_clipseg(dataset, name, runs / variant.folder, own, device)
        model = PartClipSegModel.from_folder(folder, device)
        rows[variant.name] = measure_parts(model, judged[1], judged[0].vocabulary, progress)
    return rows
