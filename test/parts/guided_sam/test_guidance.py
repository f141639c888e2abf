from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from uois_sam.parts.guided_sam.guidance import find_regions, single_patches
from uois_sam.parts.guided_sam.patches import PatchGrid

GRID = PatchGrid(8, 2)
AREA = (10, 20, 80, 80)


def probabilities(**patches: float) -> np.ndarray:
    """(49,) zero but for patches named by row and column, e.g. p23."""
    found = np.zeros(49, np.float32)
    for name, value in patches.items():
        found[7 * int(name[1]) + int(name[2])] = value
    return found


def test_overlapping_patches_are_one_region() -> None:
    found = find_regions(probabilities(p00=0.6, p01=0.9, p12=0.8), GRID, AREA, 0.5)
    assert len(found) == 1
    (region,) = found
    assert region.box == (10, 20, 50, 50)
    assert region.score == pytest.approx(0.9)
    assert region.peak == (29.5, 29.5)
    assert region.centre == (29.5, 34.5)
    assert region.patches.tolist() == [0, 1, 9]


def test_patches_that_only_touch_are_apart() -> None:
    found = find_regions(probabilities(p00=0.6, p02=0.9), GRID, AREA, 0.5)
    assert [region.box for region in found] == [(30, 20, 50, 40), (10, 20, 30, 40)]


def test_a_region_comes_apart_into_its_patches() -> None:
    probability = probabilities(p00=0.6, p01=0.9)
    (region,) = find_regions(probability, GRID, AREA, 0.5)
    patches = single_patches(region, probability, GRID, AREA)
    assert [patch.box for patch in patches] == [(10, 20, 30, 40), (20, 20, 40, 40)]
    assert [patch.peak for patch in patches] == [patch.centre for patch in patches] == [(19.5, 29.5), (29.5, 29.5)]
    assert [patch.score for patch in patches] == pytest.approx([0.6, 0.9])


def test_cells_know_more_than_patches() -> None:
    (region,) = find_regions(probabilities(p00=0.8, p01=1.0, p02=0.2), GRID, AREA, 0.5)
    assert region.box == (10, 20, 40, 40)
    assert region.likelihood == pytest.approx(np.array([[0.8, 0.9, 0.6], [0.4, 0.45, 0.3]]))
    patch = single_patches(region, probabilities(p00=0.8, p01=1.0), GRID, AREA)[1]
    assert patch.likelihood == pytest.approx(np.array([[0.9, 0.5], [0.45, 0.25]]))


def test_nothing_above_the_threshold() -> None:
    assert find_regions(probabilities(p00=0.5), GRID, AREA, 0.5) == []


@given(arrays(np.float32, 49, elements=st.floats(0, 1, width=32)), st.floats(0, 0.99))
def test_every_sure_patch_is_in_one_region(probability: np.ndarray, threshold: float) -> None:
    found = find_regions(probability, GRID, AREA, threshold)
    together = np.sort(np.concatenate([region.patches for region in found])) if found else np.zeros(0)
    assert together.tolist() == np.flatnonzero(probability > threshold).tolist()
    assert [region.score for region in found] == sorted((region.score for region in found), reverse=True)
    for region in found:
        x0, y0, x1, y1 = region.box
        assert x0 < region.peak[0] < x1
        assert y0 < region.peak[1] < y1
