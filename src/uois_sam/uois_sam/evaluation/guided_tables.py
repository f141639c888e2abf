"""All tables of the Guided SAM paper on one set of images with masks of parts (sections 4.3 to 4.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from uois_sam.datasets.part_image import PartImages
from uois_sam.errors import InputError
from uois_sam.evaluation.fusion import Fusion, bounds, choose_variants, fusion_curve
from uois_sam.evaluation.guided_sam import Drawing, Overlaps, measure_overlaps, patch_auc
from uois_sam.parts.guided_sam.settings import Variant
from uois_sam.training.guided_sam import ClassifierTraining, check_trainable, fit_classifier
from uois_sam.training.patch_sets import PatchSet

PERFECT = "perfect"
"""Column of the perfect guidance: what the segmenter alone loses."""
_FUSED = (Variant.ROI_GGSAM, Variant.ROI_CGSAM, Variant.ROI_LGSAM)  # section 4.6: "the three ROI-based methods"


@dataclass(frozen=True)
class CurvePoint:
    """Figure 7 at one number of training images: means over the parts.

    Attributes:
        images: number of training images.
        auc: of the patches; parts that the images do not show count as 0.5.
        iou: of each variant.
        fused: with the best ROI variant of each part (the upper bound of section 4.6).
    """

    images: int
    auc: float
    iou: dict[str, float]
    fused: float


@dataclass(frozen=True)
class GuidedTables:
    """What was measured on the held-out images.

    Attributes:
        names: of the P parts.
        auc: (P,) table 1; NaN for parts that the held-out images do not show.
        columns: of `overlaps`: the variants by name, and `PERFECT`.
        overlaps: tables 2 and 3.
        fusion: figure 6, over the ROI variants.
        curve: figure 7.
    """

    names: tuple[str, ...]
    auc: NDArray[np.float64]
    columns: tuple[str, ...]
    overlaps: Overlaps
    fusion: list[Fusion]
    curve: list[CurvePoint]

    @property
    def fused_columns(self) -> list[int]:
        """The columns that the fusion chooses from."""
        return fused_columns(self.columns)

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        iou = self.overlaps.iou()
        lower, upper = bounds(self.overlaps.of(self.fused_columns))
        best = choose_variants(self.overlaps.of(self.fused_columns))
        return {
            "parts": list(self.names),
            "auc": {
                name: None if np.isnan(auc) else float(auc) for name, auc in zip(self.names, self.auc, strict=True)
            },
            "mean_auc": float(np.nanmean(self.auc)),
            "iou": {
                column: dict(zip(self.names, iou[:, v].tolist(), strict=True))
                for v, column in enumerate(self.columns)
            },
            "mean_iou": dict(zip(self.columns, iou.mean(0).tolist(), strict=True)),
            "best_variant": {
                name: self.columns[self.fused_columns[v]] for name, v in zip(self.names, best, strict=True)
            },
            "fusion": {
                "lower": lower,
                "upper": upper,
                "seen": {f.seen: {"mean": f.mean, "draws": f.iou.mean(1).tolist()} for f in self.fusion},
            },
            "learning_curve": [vars(point) for point in self.curve],
        }


def fused_columns(columns: Sequence[str]) -> list[int]:
    """Which columns are of variants that section 4.6 fuses."""
    return [v for v, column in enumerate(columns) if column in {variant.value for variant in _FUSED}]


def classify(training: PatchSet, held: PatchSet, settings: ClassifierTraining) -> NDArray[np.float32]:
    """(M, P) probabilities of the held-out patches; 0 for parts that the training patches do not show."""
    names = [name for name in training.names if _trainable(training.only([name]))]
    probability = np.zeros((len(held.features), len(training.names)), np.float32)
    if names:
        classifier = fit_classifier(training.only(names), settings)
        columns = [training.names.index(name) for name in names]
        for image in np.unique(held.image):
            rows = held.image == image
            features = torch.from_numpy(held.features[rows].astype(np.float32))
            probability[np.ix_(rows, columns)] = classifier.probability(features).numpy()
    return probability


def _trainable(patches: PatchSet) -> bool:
    try:
        check_trainable(patches)
    except InputError:
        return False
    return True


def measure_tables(
    images: PartImages,
    training: PatchSet,
    held: PatchSet,
    drawing: Drawing,
    settings: ClassifierTraining,
    curve: Sequence[int],
    progress: Callable[[str], AbstractContextManager[Callable[[int, int], None]]],
) -> GuidedTables:
    """Train on some images and measure on others.

    Args:
        images: held out, in the order of `held`.
        training, held: their patches, of the same parts.
        drawing: the variants to measure.
        settings: of the classifiers.
        curve: numbers of training images of the learning curve, besides all of them; the first of the training
            images are taken.
        progress: a progress bar of a title.
    """
    names = training.names
    columns = (*(variant.value for variant in drawing.variants), PERFECT)
    probability = classify(training, held, settings)
    with progress("draw") as bar:
        overlaps = _overlaps(images, names, probability, held, drawing, True, bar)
    fused = overlaps.of(fused_columns(columns))
    points = []
    rois = Drawing(
        drawing.drawer, drawing.grid, drawing.threshold, tuple(v for v in drawing.variants if v in _FUSED)
    )
    for count in curve:
        few = classify(training.of_images(range(count)), held, settings)
        with progress(f"draw, trained on {count}") as bar:
            own = _overlaps(images, names, few, held, rois, False, bar)
        points.append(_point(count, few, held, own, [v.value for v in rois.variants]))
    total = len(np.unique(training.image))
    points.append(_point(total, probability, held, fused, [v.value for v in rois.variants]))
    counts = [2**k for k in range(7)]
    return GuidedTables(names, _auc(probability, held), columns, overlaps, fusion_curve(fused, counts), points)


def _overlaps(
    images: PartImages,
    names: Sequence[str],
    probability: NDArray[np.float32],
    held: PatchSet,
    drawing: Drawing,
    perfect: bool,
    progress: Callable[[int, int], None],
) -> Overlaps:
    return measure_overlaps(images, names, lambda i: probability[held.image == i], drawing, perfect, progress)


def _auc(probability: NDArray[np.float32], held: PatchSet) -> NDArray[np.float64]:
    return np.array([patch_auc(probability[:, p], held.labels[:, p] == 1) for p in range(len(held.names))])


def _point(
    count: int, probability: NDArray[np.float32], held: PatchSet, overlaps: Overlaps, columns: Sequence[str]
) -> CurvePoint:
    iou = overlaps.iou()
    means = dict(zip(columns, iou.mean(0).tolist(), strict=True))
    return CurvePoint(
        count, float(np.nan_to_num(_auc(probability, held), nan=0.5).mean()), means, bounds(overlaps)[1]
    )
