"""From probabilities of patches to regions of interest with a point each (Guided SAM, eq. 1, section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from uois_sam.parts.guided_sam.patches import PatchGrid


@dataclass(frozen=True)
class Region:
    """A region of interest of one part.

    Attributes:
        box: x0, y0, x1, y1, edges in pixels of the image that the grid lies on.
        peak: x, y of the centre of its surest patch, in pixels (the paper's likelihood prompt).
        score: probability of that patch, 0 to 1.
        patches: (K,) int64 numbers of its patches in the grid.
        likelihood: (rows, columns) float32 of the cells that make up the box: the mean probability of all patches
            that hold a cell. Finer than patches, which overlap.
    """

    box: tuple[float, float, float, float]
    peak: tuple[float, float]
    score: float
    patches: NDArray[np.int64]
    likelihood: NDArray[np.float32]

    @property
    def centre(self) -> tuple[float, float]:
        """x, y of the box's centre, in pixels."""
        return box_centre(self.box)


def find_regions(
    probability: NDArray[np.float32], grid: PatchGrid, area: tuple[int, int, int, int], threshold: float
) -> list[Region]:
    """Group the patches that are sure enough and overlap, directly or through others.

    Args:
        probability: (P,) of one part.
        grid: that the patches belong to.
        area: x, y, w, h in pixels: where in the image the grid lies.
        threshold: c_t; patches above it take part.

    Returns:
        By falling score.
    """
    chosen = np.flatnonzero(probability > threshold)
    if len(chosen) == 0:
        return []
    places = grid.places()[chosen]
    apart = np.abs(places[:, None] - places[None]).max(2)
    count, group = connected_components(apart < grid.span, directed=False)
    found = _Patches(probability, grid.to_cells(probability), grid, grid.boxes(area))
    regions = [found.region(chosen[group == k]) for k in range(count)]
    return sorted(regions, key=lambda region: -region.score)


def single_patches(
    region: Region, probability: NDArray[np.float32], grid: PatchGrid, area: tuple[int, int, int, int]
) -> list[Region]:
    """Each patch of a region as a region of its own (patch guidance, section 3.4); `area` as `find_regions`."""
    found = _Patches(probability, grid.to_cells(probability), grid, grid.boxes(area))
    return [found.region(region.patches[k : k + 1]) for k in range(len(region.patches))]


@dataclass(frozen=True)
class _Patches:
    """All patches of an area: their probabilities (P,), the cells' (cells, cells), and boxes (P, 4)."""

    probability: NDArray[np.float32]
    likelihood: NDArray[np.float32]
    grid: PatchGrid
    boxes: NDArray[np.float32]

    def region(self, patches: NDArray[np.int64]) -> Region:
        own, places = self.boxes[patches], self.grid.places()[patches]
        surest = int(np.argmax(self.probability[patches]))
        low, high = own[:, :2].min(0), own[:, 2:].max(0)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        (row, column), (last_row, last_column) = places.min(0), places.max(0) + self.grid.span
        likelihood = self.likelihood[row:last_row, column:last_column]
        score = float(self.probability[patches[surest]])
        return Region(box, box_centre(own[surest]), score, patches, likelihood)


def box_centre(box: Sequence[float] | NDArray[np.floating]) -> tuple[float, float]:
    """x, y of the centre of a box of edges x0, y0, x1, y1, where pixel centres lie at integers."""
    return float((box[0] + box[2]) / 2 - 0.5), float((box[1] + box[3]) / 2 - 0.5)
