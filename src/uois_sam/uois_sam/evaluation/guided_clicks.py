"""How many clicks the labels of Guided SAM cost (section 4.2, figure 4b), by an imagined annotator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.prototypes import (
    PrototypeSettings,
    UncertaintyOrder,
    find_prototypes,
    reduce_features,
    side_by_side,
)
from uois_sam.training.patch_sets import PatchSet

FOUND = 0.9
"""Share of the patches with a part after which the annotator stops."""


@dataclass(frozen=True)
class PartClicks:
    """What one part took.

    Attributes:
        name: of the part.
        present: patches with it, of those that are shown.
        prototypes: that were judged: one click each.
        patches: that were corrected afterwards: one click each.
    """

    name: str
    present: int
    prototypes: int
    patches: int

    @property
    def total(self) -> int:
        """All clicks."""
        return self.prototypes + self.patches


def count_clicks(
    patches: PatchSet,
    grid: PatchGrid,
    settings: PrototypeSettings,
    progress: Callable[[int, int], None] | None = None,
) -> list[PartClicks]:
    """Let somebody who knows the labels judge prototypes, as on the page of `uois-sam annotate parts`.

    The patches that lie side by side are grouped; prototypes come in the order of doubt. A click says of all
    patches of a prototype what most of them are, and one more click corrects each of the others, until `FOUND` of
    the part's patches are labelled.

    Args:
        patches: all patches of some images, image by image.
        grid: that they belong to.
        settings: of the prototypes.
        progress: told after each part how many are done, and of how many.

    Raises:
        InputError: scikit-learn is not installed.
    """
    rows = (np.unique(patches.image)[:, None] * len(grid) + side_by_side(grid)).reshape(-1)
    points = reduce_features(patches.features[rows], settings)
    prototypes = find_prototypes(points, settings)
    order = UncertaintyOrder(points, prototypes)
    counted = []
    for k, name in enumerate(patches.names):
        counted.append(_judge(name, patches.labels[rows, k], prototypes, order, k))
        if progress is not None:
            progress(k + 1, len(patches.names))
    return counted


def _judge(
    name: str, truth: NDArray[np.int8], prototypes: list[NDArray[np.int64]], order: UncertaintyOrder, part: int
) -> PartClicks:
    said = np.full(len(truth), -1, np.int8)
    waiting = np.ones(len(prototypes), bool)
    present, judged, corrected = int((truth == 1).sum()), 0, 0
    while (said == 1).sum() < FOUND * present:
        rank = np.where(waiting, order(part, said), -np.inf)
        shown = int(rank.argmax())
        own = prototypes[shown]
        with_it = int((truth[own] == 1).sum())
        said[own], waiting[shown] = truth[own], False
        judged, corrected = judged + 1, corrected + min(with_it, len(own) - with_it)
    return PartClicks(name, present, judged, corrected)
