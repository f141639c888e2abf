"""Depth edges, flying pixels, strands and pieces on the image's grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from uois_sam.grasping.outliers import jump_limit, main_pieces, supported, without_rim, without_strands
from uois_sam.types import Camera

CAMERA = Camera(200.0, 200.0, 19.5, 14.5, 40, 30)
EVERYWHERE = np.ones((30, 40), bool)


def plane(slope: float) -> np.ndarray:
    """(30, 40) depth of a plane whose depth rises by `slope` metres per pixel to the right."""
    return (1 + slope * np.arange(40, dtype=np.float32) * np.ones((30, 1), np.float32)).astype(np.float32)


def step() -> np.ndarray:
    """A surface at 0.8 m left of column 20, one at 1 m from there on."""
    depth = np.ones((30, 40), np.float32)
    depth[:, :20] = 0.8
    return depth


def test_the_limit_is_the_angle_to_the_viewing_ray() -> None:
    """At 1 m and f = 200 px pixels lie 5 mm apart; at 45 degrees the depths differ by as much."""
    limit = jump_limit(np.ones((1, 1), np.float32), CAMERA, 45.0)
    assert limit[0, 0] == pytest.approx(0.005)
    assert jump_limit(np.ones((1, 1), np.float32), CAMERA, 10.0)[0, 0] == pytest.approx(0.005 * 5.671, rel=1e-3)


@pytest.mark.parametrize(("slope", "kept"), [(0.0, True), (0.02, True), (0.07, False)])
def test_steep_surfaces_are_kept_up_to_the_angle(slope: float, kept: bool) -> None:
    depth = plane(slope)
    inner = supported(depth, EVERYWHERE, jump_limit(depth, CAMERA, 10.0))[2:-2, 2:10]
    assert inner.all() if kept else not inner.any()


@pytest.mark.parametrize("width", [1, 2])
def test_flying_pixels_are_dropped_and_both_surfaces_stay(width: int) -> None:
    depth = step()
    for k in range(width):
        depth[:, 20 + k] = 0.8 + 0.2 * (k + 1) / (width + 1)
    kept = supported(depth, EVERYWHERE, jump_limit(depth, CAMERA, 10.0))
    flying = np.zeros((30, 40), bool)
    flying[:, 20 : 20 + width] = True
    assert not kept[flying].any()
    assert kept[1:-1][~flying[1:-1]].all()


def test_specks_in_unmeasured_regions_are_dropped() -> None:
    measured = np.zeros((30, 40), bool)
    measured[5, 5] = measured[5, 6] = True
    measured[15:20, 15:20] = True
    kept = supported(np.ones((30, 40), np.float32), measured, np.full((30, 40), 0.01, np.float32))
    assert not kept[:10].any()
    assert kept[15:20, 15:20].sum() >= 21


def test_a_strand_of_the_surface_behind_is_dropped_from_a_mask() -> None:
    depth = step()
    mask = np.zeros((30, 40), bool)
    mask[5:25, 5:22] = True
    kept = without_strands(depth, mask, jump_limit(depth, CAMERA, 10.0))
    expected = mask.copy()
    expected[:, 20:] = False
    assert np.array_equal(kept, expected)


def test_a_thin_thing_stays_whole() -> None:
    depth = np.ones((30, 40), np.float32)
    mask = np.zeros((30, 40), bool)
    mask[10:12, 5:35] = True
    assert np.array_equal(without_strands(depth, mask, jump_limit(depth, CAMERA, 10.0)), mask)
    assert np.array_equal(without_rim(mask, 1), mask)


def test_the_rim_of_a_mask() -> None:
    mask = np.zeros((30, 40), bool)
    mask[0:20, 0:20] = True
    expected = np.zeros((30, 40), bool)
    expected[1:19, 1:19] = True
    assert np.array_equal(without_rim(mask, 1), expected)
    assert np.array_equal(without_rim(mask, 0), mask)


def pieces(depth: np.ndarray, mask: np.ndarray, gap: float = 0.03) -> np.ndarray:
    return main_pieces(depth, mask, jump_limit(depth, CAMERA, 10.0), gap)


def test_pieces_far_behind_and_specks_are_dropped() -> None:
    depth = step()
    mask = np.zeros((30, 40), bool)
    mask[5:25, 5:26] = True
    mask[2, 2] = True
    kept = pieces(depth, mask)
    assert np.array_equal(kept, mask & (depth < 0.9) & (np.arange(30)[:, None] > 2))
    assert np.array_equal(pieces(depth, mask, gap=0.3), mask & (np.arange(30)[:, None] > 2))


def test_a_thing_split_by_one_before_it_keeps_both_pieces() -> None:
    depth = np.ones((30, 40), np.float32)
    mask = np.ones((30, 40), bool)
    depth[:, 15:30] = 0.6
    mask[:, 15:30] = False
    assert np.array_equal(pieces(depth, mask), mask)


def test_an_empty_mask_has_no_pieces() -> None:
    nothing = np.zeros((30, 40), bool)
    assert not pieces(np.ones((30, 40), np.float32), nothing).any()
    assert not without_strands(np.ones((30, 40), np.float32), nothing, np.ones((30, 40), np.float32)).any()


@given(
    arrays(np.float32, (6, 7), elements=st.floats(width=32)),
    arrays(bool, (6, 7)),
    st.floats(0.5, 45),
)
def test_any_depth_gives_parts_of_the_mask(depth: np.ndarray, mask: np.ndarray, angle: float) -> None:
    measured = np.isfinite(depth) & (depth > 0) & (depth < 100)
    with np.errstate(all="ignore"):
        limit = jump_limit(depth, CAMERA, angle)
    surface = supported(depth, measured, limit)
    assert not (surface & ~measured).any()
    strands = without_strands(depth, mask & surface, limit)
    kept = main_pieces(depth, strands, limit, 0.03)
    assert not (kept & ~(mask & surface)).any()
    assert kept.any() == strands.any()
