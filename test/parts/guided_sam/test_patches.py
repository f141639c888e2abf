from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.patches import PatchGrid

GRID = PatchGrid(8, 2)


def test_patches_tile_the_area_with_overlap() -> None:
    assert len(GRID) == 49
    boxes = GRID.boxes((10, 20, 80, 160))
    assert boxes[0].tolist() == [10, 20, 30, 60]
    assert boxes[1].tolist() == [20, 20, 40, 60]
    assert boxes[7].tolist() == [10, 40, 30, 80]
    assert boxes[-1].tolist() == [70, 140, 90, 180]


def test_the_paper_has_patches_of_a_fourteenth() -> None:
    x0, y0, x1, y1 = PatchGrid().boxes((0, 0, 560, 280))[0]
    assert (x1 - x0, y1 - y0) == (560 / 14, 280 / 14)


@given(st.integers(0, 48), st.integers(16, 100), st.integers(16, 100))
def test_a_patch_filled_by_a_mask_is_covered(patch: int, width: int, height: int) -> None:
    x0, y0, x1, y1 = GRID.boxes((0, 0, width, height))[patch]
    mask = np.zeros((height, width), bool)
    mask[int(np.floor(y0)) : int(np.ceil(y1)), int(np.floor(x0)) : int(np.ceil(x1))] = True
    coverage = GRID.coverage(mask)
    assert coverage.shape == (49,)
    assert coverage[patch] == pytest.approx(1)
    far = np.abs(GRID.places() - GRID.places()[patch]).max(1) > GRID.span + 1
    assert (coverage[far] == 0).all()


def test_half_a_patch_is_half_covered() -> None:
    mask = np.zeros((64, 64), bool)
    mask[:, :8] = True
    assert GRID.coverage(mask)[:2] == pytest.approx([0.5, 0.0])


def test_features_are_means_of_cells() -> None:
    maps = torch.arange(64.0).view(1, 1, 8, 8)
    pooled = GRID.pool(maps)
    assert pooled.shape == (1, 49, 1)
    assert pooled[0, 0, 0] == (0 + 1 + 8 + 9) / 4
    assert pooled[0, 8, 0] == (9 + 10 + 17 + 18) / 4


def test_grids_and_maps_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="patches of 9 of 8 cells"):
        PatchGrid(8, 9)
    with pytest.raises(InputError, match="patches of 0"):
        PatchGrid(8, 0)
    with pytest.raises(InputError, match="8 x 8 cells"):
        GRID.pool(torch.zeros(1, 1, 7, 8))
