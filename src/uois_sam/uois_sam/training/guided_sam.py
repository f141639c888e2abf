"""Train Guided SAM's patch classifiers: one RBF support vector machine per part (section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.classifier import PatchClassifier
from uois_sam.training.patch_sets import PatchSet, draw_patches
from uois_sam.training.platt import fit_sigmoid

_CACHE_MB = 400


@dataclass(frozen=True)
class ClassifierTraining:
    """Everything that makes the classifiers beside the patches.

    Attributes:
        c: penalty of the support vector machines; the paper gives none. 3 did best on features of the bundled
            encoder; classes are weighted by their inverse frequency, since parts fill few patches.
        max_patches: how many patches are trained on; more are drawn from, see `draw_patches`. Time and memory grow
            with its square.
        folds: of the cross-validation that Platt's sigmoid is fitted on; images stay whole.
        min_coverage: share of a patch that a part must fill for the patch to contain it, where labels come from
            masks; a person who labels patches decides alone.
        seed: of the draw and the folds.

    Raises:
        InputError: a value is out of range.
    """

    c: float = 3.0
    max_patches: int = 6000
    folds: int = 3
    min_coverage: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        if self.c <= 0 or self.max_patches < 10 or self.folds < 2 or not 0 < self.min_coverage <= 1:
            raise InputError(
                f"c {self.c}, max_patches {self.max_patches}, folds {self.folds}, coverage {self.min_coverage};"
                " wanted above 0, 10 or more, 2 or more, and above 0 up to 1"
            )


def fit_classifier(
    patches: PatchSet,
    settings: ClassifierTraining,
    progress: Callable[[int, int], None] | None = None,
) -> PatchClassifier:
    """One machine per part of `patches.names`.

    Raises:
        InputError: a part has fewer than two patches with it, or without it, or scikit-learn is not installed.
    """
    check_trainable(patches)
    rng = np.random.default_rng(settings.seed)
    drawn, weights = draw_patches(patches, settings.max_patches, rng)
    features = patches.features[drawn].astype(np.float32)
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    standard = (features - mean) / deviation
    gamma = 1 / standard.shape[1]  # scikit-learn's "scale" on standardised features
    kernel = rbf_kernel(standard, gamma)
    machines = []
    for k in range(len(patches.names)):
        machines.append(_fit_part(kernel, patches.labels[drawn, k], patches.image[drawn], weights, settings))
        if progress is not None:
            progress(k + 1, len(patches.names))
    dual = np.stack([machine[0] for machine in machines], 1)
    used = dual.any(1)
    intercept, slope, offset = (np.array([machine[k] for machine in machines]) for k in (1, 2, 3))
    arrays = {
        "mean": mean,
        "deviation": deviation,
        "support": standard[used],
        "weights": dual[used],
        "intercept": intercept,
        "slope": slope,
        "offset": offset,
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array, np.float32)) for name, array in arrays.items()}
    return PatchClassifier(**tensors, gamma=gamma)


def check_trainable(patches: PatchSet) -> None:
    """Refuse a part that cannot be learned.

    Raises:
        InputError: it has fewer than two patches with it, or without it.
    """
    for name, labels in zip(patches.names, patches.labels.T, strict=True):
        with_it, without = int((labels == 1).sum()), int((labels == 0).sum())
        if min(with_it, without) < 2:
            raise InputError(
                f"part {name!r} has {with_it} patches with it and {without} without; label two or more of each"
            )


def rbf_kernel(standard: NDArray[np.float32], gamma: float) -> NDArray[np.float64]:
    """(M, M) float64 kernel of (M, C) features."""
    square = np.square(standard).sum(1)
    apart = square[:, None] + square[None] - 2 * standard @ standard.T
    return np.exp(-gamma * np.maximum(apart, 0).astype(np.float64))


def _fit_part(
    kernel: NDArray[np.float64],
    labels: NDArray[np.int8],
    image: NDArray[np.int64],
    weights: NDArray[np.float64],
    settings: ClassifierTraining,
) -> tuple[NDArray[np.float64], float, float, float]:
    """Dual coefficients of all patches, intercept, and Platt's slope and offset of one part."""
    known = np.flatnonzero(labels >= 0)
    target = labels[known] == 1
    own = kernel if len(known) == len(kernel) else kernel[np.ix_(known, known)]
    decision = np.zeros(len(known))
    for train, test in split_folds(target, image[known], settings.folds, settings.seed):
        machine = _machine(settings.c).fit(own[np.ix_(train, train)], target[train])
        decision[test] = machine.decision_function(own[np.ix_(test, train)])
    slope, offset = fit_sigmoid(decision, target, weights[known])
    machine = _machine(settings.c).fit(own, target)
    dual = np.zeros(len(kernel))
    dual[known[machine.support_]] = machine.dual_coef_[0]
    return dual, float(machine.intercept_[0]), slope, offset


def split_folds(
    target: NDArray[np.bool_], image: NDArray[np.int64], folds: int, seed: int
) -> Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Train and test patches of each fold: whole images where every training fold then has both classes.

    Patches of one image overlap, so a machine that saw half of them is too sure of the others; with very few
    images there is no other way.
    """
    _need_sklearn()
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    rows = np.zeros((len(target), 1))
    if len(np.unique(image)) >= folds and min(target.sum(), (~target).sum()) >= folds:
        by_image = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        found = list(by_image.split(rows, target, image))
        if all(0 < target[train].sum() < len(train) for train, _ in found):
            return found
    count = int(min(folds, target.sum(), (~target).sum()))
    return list(StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, target))


def _machine(c: float) -> Any:
    _need_sklearn()
    from sklearn.svm import SVC

    return SVC(C=c, kernel="precomputed", class_weight="balanced", cache_size=_CACHE_MB)


def _need_sklearn() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise InputError(
            "training Guided SAM needs scikit-learn, which is not installed; pip install scikit-learn"
        ) from None
