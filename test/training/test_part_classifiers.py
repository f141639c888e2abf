"""Patch classifiers: training, and parity with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from uois_sam.datasets.part_image import ChosenImages, PartImage
from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.labels import PatchLabels
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.training.feature_cache import FeatureCache
from uois_sam.training.guided_sam import ClassifierTraining, fit_classifier, split_folds
from uois_sam.training.patch_sets import (
    PatchDescriber,
    PatchSet,
    draw_patches,
    patches_of_labels,
    patches_of_masks,
)
from uois_sam.training.platt import fit_sigmoid

GRID = PatchGrid(4, 2)


def two_parts(per_image: int = 30, images: int = 6) -> PatchSet:
    """Part "right" where the first feature is large, "rare" far out along the second."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(per_image * images, 5)).astype(np.float32)
    noisy = features + 0.3 * rng.normal(size=features.shape)
    labels = np.stack([noisy[:, 0] > 0.3, noisy[:, 1] > 1.0], 1).astype(np.int8)
    return PatchSet(("right", "rare"), features, labels, np.repeat(np.arange(images), per_image))


def test_probabilities_are_those_of_scikit_learn() -> None:
    svm = pytest.importorskip("sklearn.svm")
    calibration = pytest.importorskip("sklearn.calibration")
    patches, settings = two_parts(), ClassifierTraining()
    classifier = fit_classifier(patches, settings)
    features = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
    found = classifier.probability(torch.from_numpy(features)).numpy()
    mean, deviation = patches.features.mean(0), patches.features.std(0) + 1e-6
    for k in range(2):
        target = patches.labels[:, k] == 1
        folds = split_folds(target, patches.image, settings.folds, settings.seed)
        machine = svm.SVC(C=settings.c, kernel="rbf", gamma=1 / 5, class_weight="balanced")
        theirs = calibration.CalibratedClassifierCV(machine, cv=list(folds), ensemble=False)
        theirs.fit((patches.features - mean) / deviation, target)
        expected = theirs.predict_proba((features - mean) / deviation)[:, 1]
        assert found[:, k] == pytest.approx(expected, abs=5e-3)
        alone = machine.fit((patches.features - mean) / deviation, target)
        decision = classifier.decision(torch.from_numpy(features)).numpy()[:, k]
        assert decision == pytest.approx(alone.decision_function((features - mean) / deviation), abs=5e-3)


def test_parts_are_learned() -> None:
    patches = two_parts()
    found = fit_classifier(patches, ClassifierTraining()).probability(torch.from_numpy(patches.features)).numpy()
    assert ((found > 0.5) == (patches.labels == 1)).mean() > 0.85


def test_patches_of_which_nobody_spoke_are_left_out_for_that_part() -> None:
    svm = pytest.importorskip("sklearn.svm")
    patches = two_parts()
    labels = patches.labels.copy()
    wrong = np.arange(len(labels)) % 2 == 0
    labels[wrong, 0] = -1
    halved = PatchSet(patches.names, patches.features, labels, patches.image)
    one = fit_classifier(halved, ClassifierTraining())
    standard = (patches.features - one.mean.numpy()) / one.deviation.numpy()
    machine = svm.SVC(C=3, gamma=1 / 5, class_weight="balanced").fit(standard[~wrong], patches.labels[~wrong, 0])
    found = one.decision(torch.from_numpy(patches.features)).numpy()[:, 0]
    assert found == pytest.approx(machine.decision_function(standard), abs=5e-3)
    assert len(halved.known().labels) == len(labels)
    assert len(halved.only(["right"]).known().labels) == (~wrong).sum()


def test_one_image_is_enough() -> None:
    patches = two_parts(images=1)
    found = fit_classifier(patches, ClassifierTraining()).probability(torch.from_numpy(patches.features))
    assert bool(found.isfinite().all())


def test_what_cannot_be_learned() -> None:
    patches = two_parts()
    labels = patches.labels.copy()
    labels[:, 1] = 0
    labels[3, 1] = 1
    with pytest.raises(InputError, match="'rare' has 1 patches with it and 179 without; label two"):
        fit_classifier(PatchSet(patches.names, patches.features, labels, patches.image), ClassifierTraining())
    with pytest.raises(InputError, match="folds 1"):
        ClassifierTraining(folds=1)


def test_folds_keep_images_whole_where_they_can() -> None:
    pytest.importorskip("sklearn")
    patches = two_parts()
    target = patches.labels[:, 0] == 1
    for train, test in split_folds(target, patches.image, 3, 0):
        assert not set(patches.image[train]) & set(patches.image[test])
    alone = np.zeros(len(target), np.int64)
    folds = split_folds(target, alone, 3, 0)
    assert np.array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(len(target)))


@given(st.floats(0.2, 4), st.floats(-2, 2))
def test_the_sigmoid_is_found_again(slope: float, offset: float) -> None:
    rng = np.random.default_rng(0)
    decision = rng.uniform(-3, 3, 6000)
    labels = rng.random(6000) < 1 / (1 + np.exp(-slope * decision + offset))
    a, b = fit_sigmoid(decision, labels, np.ones(6000))
    assert -a == pytest.approx(slope, rel=0.15, abs=0.1)
    assert b == pytest.approx(offset, abs=0.25)


def test_weights_stand_for_repetition() -> None:
    rng = np.random.default_rng(0)
    decision = rng.normal(size=50)
    labels = rng.random(50) < 1 / (1 + np.exp(-2 * decision))
    weights = rng.integers(1, 4, 50)
    repeated = fit_sigmoid(np.repeat(decision, weights), np.repeat(labels, weights), np.ones(weights.sum()))
    assert fit_sigmoid(decision, labels, weights.astype(float)) == pytest.approx(repeated, abs=1e-3)


def test_rare_parts_are_drawn_whole() -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros((20000, 2), np.int8)
    labels[:8000, 0] = 1
    labels[8000:8050, 1] = 1
    patches = PatchSet(("common", "rare"), np.zeros((20000, 1), np.float32), labels, np.zeros(20000, np.int64))
    drawn, weights = draw_patches(patches, 1000, rng)
    assert len(drawn) == pytest.approx(1000, abs=120)
    assert (labels[drawn, 1] == 1).sum() == 50
    assert (labels[drawn, 0] == 1).sum() > 300
    assert weights.sum() == pytest.approx(20000, rel=0.15)
    everything, ones = draw_patches(patches, 30000, rng)
    assert len(everything) == 20000
    assert (ones == 1).all()


class Red:
    """Mean red of each cell."""

    channels = 1

    def __init__(self) -> None:
        self.network = nn.Linear(1, 1)
        self.calls = 0

    def __call__(self, images: list[np.ndarray], grid: PatchGrid) -> torch.Tensor:
        self.calls += len(images)
        red = torch.stack([torch.from_numpy(image[..., 0].copy()).float() for image in images])
        return nn.functional.interpolate(red[:, None], size=(grid.cells, grid.cells), mode="area")


def test_labels_from_masks(tmp_path: Path) -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    image[:8, :8, 0] = 200
    images = [PartImage(str(k), image, {"handle": image[..., 0] > 0}) for k in range(2)]
    features = Red()
    describe = PatchDescriber(features, GRID, FeatureCache(tmp_path, features.network, "red"))
    for _ in range(2):
        patches = patches_of_masks(ChosenImages(images, [1, 0]), ["handle", "lid"], describe, 0.3)
    assert features.calls == 2
    assert patches.features[:9, 0].tolist() == [200, 100, 0, 100, 50, 0, 0, 0, 0]
    assert patches.labels[:9, 0].tolist() == [1, 1, 0, 1, 0, 0, 0, 0, 0]
    assert not patches.labels[:, 1].any()
    assert patches.of_images([1]).image.tolist() == [1] * 9
    with pytest.raises(InputError, match="no images"):
        patches_of_masks(ChosenImages(images, []), ["handle"], describe, 0.3)


def test_labels_from_a_person(tmp_path: Path) -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    image[..., 2] = 80
    cv2.imwrite(str(tmp_path / "a.png"), image)
    said = np.full((9, 1), -1, np.int8)
    said[2], said[4] = 1, 0
    labels = PatchLabels(GRID, ("handle",), {"a.png": said})
    patches = patches_of_labels(tmp_path, labels, PatchDescriber(Red(), GRID))
    assert patches.labels[:, 0].tolist() == [1, 0]
    assert patches.features[:, 0].tolist() == [80, 80]
    with pytest.raises(InputError, match=r"b\.png"):
        patches_of_labels(tmp_path, PatchLabels(GRID, ("handle",), {"b.png": said}), PatchDescriber(Red(), GRID))
