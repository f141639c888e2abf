"""From a folder of images to the patches that a person labels, grouped and pictured (Guided SAM, section 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from uois_sam.annotation.part_session import GroupedPatches
from uois_sam.annotation.patch_pictures import PatchPictures
from uois_sam.datasets.image_files import read_color
from uois_sam.parts.guided_sam.prototypes import (
    PrototypeOrder,
    PrototypeSettings,
    SimilarityOrder,
    UncertaintyOrder,
    find_prototypes,
    reduce_features,
    side_by_side,
)
from uois_sam.training.patch_sets import PatchDescriber

if TYPE_CHECKING:
    from uois_sam.parts.guided_sam.clip_similarity import ClipSimilarity

_TYPICAL = 4  # patches of a prototype that CLIP looks at: its scores are averaged, and it takes long


@dataclass(frozen=True)
class PartPatches:
    """Attributes:
    grouped: the patches of all images that are labelled.
    points: (M, D) float32, where they lie among each other.
    pictures: of the images.
    """

    grouped: GroupedPatches
    points: NDArray[np.float32]
    pictures: PatchPictures


def collect_patches(
    folder: Path,
    files: Sequence[str],
    describe: PatchDescriber,
    settings: PrototypeSettings,
    progress: Callable[[int, int], None] | None = None,
) -> PartPatches:
    """Read, describe and group the patches of a folder's images that lie side by side.

    Raises:
        InputError: an image cannot be read, or scikit-learn is not installed.
    """
    chosen = side_by_side(describe.grid)
    pictures = PatchPictures(describe.grid)
    found = []
    for k, file in enumerate(files):
        image = read_color(folder / file)
        pictures.add(image)
        found.append(describe(file, image)[chosen])
        if progress is not None:
            progress(k + 1, len(files))
    points = reduce_features(np.concatenate(found), settings)
    grouped = GroupedPatches(
        describe.grid,
        tuple(files),
        np.repeat(np.arange(len(files)), len(chosen)),
        np.tile(chosen, len(files)),
        find_prototypes(points, settings),
    )
    return PartPatches(grouped, points, pictures)


def order_by_doubt(patches: PartPatches) -> PrototypeOrder:
    """By the uncertainty of what the labels so far teach."""
    return UncertaintyOrder(patches.points, patches.grouped.prototypes)


def order_by_clip(
    patches: PartPatches,
    names: Sequence[str],
    clip: ClipSimilarity,
    progress: Callable[[int, int], None] | None = None,
) -> PrototypeOrder:
    """By the mean similarity of each prototype's most typical patches to the parts' names."""
    grouped = patches.grouped
    scores = []
    for k, rows in enumerate(grouped.prototypes):
        crops = [patches.pictures.patch(int(grouped.image[r]), int(grouped.patch[r])) for r in rows[:_TYPICAL]]
        scores.append(clip(crops, names).mean(0))
        if progress is not None:
            progress(k + 1, len(grouped.prototypes))
    return SimilarityOrder(np.stack(scores))
