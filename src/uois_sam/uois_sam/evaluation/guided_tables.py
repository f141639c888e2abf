"""All tables of the Guided SAM paper on one set of images with masks of parts (sections 4.3 to 4.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
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
FUSED = (Variant.ROI_GGSAM, Variant.ROI_CGSAM, Variant.ROI_LGSAM)
"""What section 4.6 chooses from: "the three ROI-based methods"."""
FUSED_WITH_OURS = (*FUSED, Variant.ROI_MGSAM, Variant.ROI_PGSAM)


@dataclass(frozen=True)
class CurvePoint:
    """Figure 7 at one number of training images: means over the parts.

    Attributes:
        images: number of training images.
        auc: of the patches; parts that the images do not show count as 0.5.
        iou: of each variant.
        fused: with the best of the paper's ROI variants for each part (the upper bound of section 4.6).
        fused_with_ours: with the best of all ROI variants.
    """

    images: int
    auc: float
    iou: dict[str, float]
    fused: float
    fused_with_ours: float


@dataclass(frozen=True)
class GuidedTables:
    """What was measured on the held-out images.

    Attributes:
        names: of the P parts.
        auc: (P,) table 1; NaN for parts that the held-out images do not show.
        columns: of `overlaps`: the variants by name, and `PERFECT`.
        overlaps: tables 2 and 3.
        true_patches: the same of the ROI variants, guided by the patches' true labels: what the classifiers lose.
        fusion, fusion_with_ours: figure 6, over the paper's and over all ROI variants.
        curve: figure 7.
    """

    names: tuple[str, ...]
    auc: NDArray[np.float64]
    columns: tuple[str, ...]
    overlaps: Overlaps
    true_patches: Overlaps
    fusion: list[Fusion]
    fusion_with_ours: list[Fusion]
    curve: list[CurvePoint]

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        iou, rois = self.overlaps.iou(), roi_columns(self.columns)
        true_iou = self.true_patches.iou()

        def by_part(values: NDArray[np.floating]) -> dict[str, float]:
            return dict(zip(self.names, values.tolist(), strict=True))

        return {
            "parts": list(self.names),
            "auc": {
                name: None if np.isnan(auc) else float(auc) for name, auc in zip(self.names, self.auc, strict=True)
            },
            "mean_auc": float(np.nanmean(self.auc)),
            "iou": {column: by_part(iou[:, v]) for v, column in enumerate(self.columns)},
            "mean_iou": dict(zip(self.columns, iou.mean(0).tolist(), strict=True)),
            "iou_true_patches": {self.columns[v]: by_part(true_iou[:, k]) for k, v in enumerate(rois)},
            "mean_iou_true_patches": {self.columns[v]: float(true_iou[:, k].mean()) for k, v in enumerate(rois)},
            "fusion": self._fused(FUSED, self.fusion),
            "fusion_with_ours": self._fused(FUSED_WITH_OURS, self.fusion_with_ours),
            "learning_curve": [vars(point) for point in self.curve],
        }

    def _fused(self, variants: Sequence[Variant], fusion: Sequence[Fusion]) -> dict[str, Any]:
        columns = roi_columns(self.columns, variants)
        overlaps = self.overlaps.of(columns)
        lower, upper = bounds(overlaps)
        best = choose_variants(overlaps)
        return {
            "lower": lower,
            "upper": upper,
            "seen": {f.seen: {"mean": f.mean, "draws": f.iou.mean(1).tolist()} for f in fusion},
            "best_variant": {name: self.columns[columns[v]] for name, v in zip(self.names, best, strict=True)},
        }


def roi_columns(columns: Sequence[str], variants: Sequence[Variant] = FUSED_WITH_OURS) -> list[int]:
    """Which columns are of some variants, by default of all that draw regions."""
    return [v for v, column in enumerate(columns) if column in {variant.value for variant in variants}]


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
    probability: NDArray[np.float32],
    drawing: Drawing,
    settings: ClassifierTraining,
    curve: Sequence[int],
    progress: Callable[[str], AbstractContextManager[Callable[[int, int], None]]],
) -> GuidedTables:
    """Measure on some images what was trained on others.

    Args:
        images: held out, in the order of `held`.
        training, held: their patches, of the same parts.
        probability: (M, P) of the held-out patches, see `classify`.
        drawing: the variants to measure.
        settings: of the classifiers.
        curve: numbers of training images of the learning curve, besides all of them; the first of the training
            images are taken.
        progress: a progress bar of a title.
    """
    names = training.names
    columns = (*(variant.value for variant in drawing.variants), PERFECT)
    rois = replace(drawing, variants=tuple(v for v in drawing.variants if v in FUSED_WITH_OURS))
    with progress("draw") as bar:
        overlaps = _overlaps(images, names, probability, held, drawing, True, bar)
    with progress("draw, true patches") as bar:
        truth = (held.labels == 1).astype(np.float32)
        true_patches = _overlaps(images, names, truth, held, rois, False, bar)
    shown = [v.value for v in rois.variants]
    points = []
    for count in curve:
        few = classify(training.of_images(range(count)), held, settings)
        with progress(f"draw, trained on {count}") as bar:
            own = _overlaps(images, names, few, held, rois, False, bar)
        points.append(_point(count, few, held, own, shown))
    total = len(np.unique(training.image))
    points.append(_point(total, probability, held, overlaps.of(roi_columns(columns)), shown))
    counts = [2**k for k in range(7)]
    paper, ours = (overlaps.of(roi_columns(columns, variants)) for variants in (FUSED, FUSED_WITH_OURS))
    return GuidedTables(
        names,
        _auc(probability, held),
        columns,
        overlaps,
        true_patches,
        fusion_curve(paper, counts),
        fusion_curve(ours, counts),
        points,
    )


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
    means = dict(zip(columns, overlaps.iou().mean(0).tolist(), strict=True))
    auc = float(np.nan_to_num(_auc(probability, held), nan=0.5).mean())
    fused = (bounds(overlaps.of(roi_columns(columns, variants)))[1] for variants in (FUSED, FUSED_WITH_OURS))
    return CurvePoint(count, auc, means, *fused)
