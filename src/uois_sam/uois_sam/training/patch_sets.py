"""Labelled patches to train Guided SAM's classifiers on, from masks or from patch annotations (section 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.datasets.image_files import read_color
from uois_sam.datasets.part_image import PartImages
from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.features import PatchFeatures
from uois_sam.parts.guided_sam.labels import PatchLabels
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.training.feature_cache import FeatureCache


@dataclass(frozen=True)
class PatchSet:
    """M patches of a number of images, and whether each contains each of P parts.

    Attributes:
        names: of the parts.
        features: (M, C) float16 or float32.
        labels: (M, P) int8: 1 contains it, 0 does not, -1 nobody said.
        image: (M,) int64, number of the image that a patch comes from.
    """

    names: tuple[str, ...]
    features: NDArray[np.floating]
    labels: NDArray[np.int8]
    image: NDArray[np.int64]

    def of_images(self, images: Sequence[int]) -> PatchSet:
        """The patches of some images."""
        return self._rows(np.isin(self.image, images))

    def known(self) -> PatchSet:
        """The patches of which somebody said something."""
        return self._rows(np.any(self.labels >= 0, axis=1))

    def only(self, names: Sequence[str]) -> PatchSet:
        """The labels of some parts."""
        columns = [self.names.index(name) for name in names]
        return replace(self, names=tuple(names), labels=self.labels[:, columns])

    def _rows(self, rows: NDArray[np.bool_]) -> PatchSet:
        return replace(self, features=self.features[rows], labels=self.labels[rows], image=self.image[rows])


@dataclass(frozen=True)
class PatchDescriber:
    """Patch features of images, kept on disk if wanted.

    Attributes:
        features: of cells.
        grid: of patches.
        cache: of the features' network and one set of images, or None.
    """

    features: PatchFeatures
    grid: PatchGrid
    cache: FeatureCache | None = None

    def __call__(self, name: str, image: NDArray[np.uint8]) -> NDArray[np.float16]:
        """(P, C) float16 features of all patches of an (H, W, 3) uint8 RGB image; `name` tells it from others."""

        def make() -> tuple[Tensor, ...]:
            return (self.features([image], self.grid),)

        key = f"{name}_{self.grid.cells}_{self.features.channels}"
        maps = make()[0] if self.cache is None else self.cache.get(key, make)[0]
        half: NDArray[np.float16] = self.grid.pool(maps)[0].half().cpu().numpy()
        return half


def patches_of_masks(
    images: PartImages,
    names: Sequence[str],
    describe: PatchDescriber,
    min_coverage: float,
    progress: Callable[[int, int], None] | None = None,
) -> PatchSet:
    """Every patch of images with masks; it contains a part that fills `min_coverage` of it or more.

    Raises:
        InputError: there are no images.
    """
    found, labels = [], []
    for k in range(len(images)):
        image = images[k]
        found.append(describe(image.name, image.image))
        covered = [describe.grid.coverage(image.mask(name)) >= min_coverage for name in names]
        labels.append(np.stack(covered, 1).astype(np.int8))
        if progress is not None:
            progress(k + 1, len(images))
    return gather(names, found, labels)


def patches_of_labels(
    folder: Path,
    labels: PatchLabels,
    describe: PatchDescriber,
    progress: Callable[[int, int], None] | None = None,
) -> PatchSet:
    """The patches of a folder's images that a person has labelled.

    Raises:
        InputError: an image cannot be read, or nothing is labelled.
    """
    found, said = [], []
    for k, (file, of_image) in enumerate(labels.images.items()):
        found.append(describe(file, read_color(folder / file)))
        said.append(of_image)
        if progress is not None:
            progress(k + 1, len(labels.images))
    return gather(labels.names, found, said).known()


def gather(
    names: Sequence[str], features: Sequence[NDArray[np.float16]], labels: Sequence[NDArray[np.int8]]
) -> PatchSet:
    """The patches of several images as one set; one array of features and one of labels per image.

    Raises:
        InputError: there are no images.
    """
    if not features:
        raise InputError("there are no images to take patches from; give a folder with labelled images")
    image = np.repeat(np.arange(len(features)), [len(f) for f in features])
    return PatchSet(tuple(names), np.concatenate(features), np.concatenate(labels), image)


def draw_patches(
    patches: PatchSet, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """About `count` patches, those of rare parts rather than those of common ones.

    Each patch is drawn on its own, with a chance that grows with the rarity of the rarest thing said of it
    (contains this part; contains none). Parts on few patches keep nearly all of them.

    Returns:
        Rising indices, and how many patches each of them stands for (1 / its chance).
    """
    total = len(patches.labels)
    if total <= count:
        return np.arange(total), np.ones(total)
    kinds = np.concatenate([patches.labels == 1, ~(patches.labels == 1).any(1, keepdims=True)], 1)
    rarity = (kinds / np.maximum(kinds.sum(0), 1)).max(1)
    low, high = 0.0, count / rarity.min()
    for _ in range(60):  # the factor with which the chances sum to `count`
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(1, middle * rarity).sum() < count else (low, middle)
    chance = np.minimum(1, high * rarity)
    drawn = np.flatnonzero(rng.random(total) < chance)
    return drawn, 1 / chance[drawn]
