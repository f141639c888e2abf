"""Boundary maps, by hand and against a pixel by pixel definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from uois_sam.evaluation.boundary import boundary_map, near, tolerance

masks = hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def picture(*rows: str) -> np.ndarray:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


RING = picture(".......", ".#####.", ".#####.", ".##.##.", ".#####.", ".#####.", ".......")


def test_davis_runs_up_and_left_of_the_edge_and_around_holes() -> None:
    expected = picture("######.", "#....#.", "#.##.#.", "#.##.#.", "#....#.", "######.", ".......")
    np.testing.assert_array_equal(boundary_map(RING), expected)


def test_contour_runs_on_the_mask_and_not_around_holes() -> None:
    expected = picture(".......", ".#####.", ".#...#.", ".#...#.", ".#...#.", ".#####.", ".......")
    np.testing.assert_array_equal(boundary_map(RING, "contour"), expected)


def test_the_border_of_the_image_is_an_edge_for_contours_only() -> None:
    full = np.ones((4, 5), bool)
    assert not boundary_map(full).any()
    np.testing.assert_array_equal(boundary_map(full, "contour"), picture("#####", "#...#", "#...#", "#####"))


@given(masks)
def test_davis_marks_pixels_that_differ_from_a_neighbour_right_below_or_both(mask: np.ndarray) -> None:
    h, w = mask.shape
    expected = np.zeros_like(mask)
    for y in range(h):
        for x in range(w):
            neighbours = [(y, min(x + 1, w - 1)), (min(y + 1, h - 1), x), (min(y + 1, h - 1), min(x + 1, w - 1))]
            expected[y, x] = any(mask[y, x] != mask[neighbour] for neighbour in neighbours)
    np.testing.assert_array_equal(boundary_map(mask), expected)


@given(masks)
def test_contours_lie_on_the_mask(mask: np.ndarray) -> None:
    contour = boundary_map(mask, "contour")
    assert not (contour & ~mask).any()
    assert contour.any() == mask.any()


@pytest.mark.parametrize(
    ("shape", "pixels"), [((480, 640), 3), ((240, 320), 2), ((720, 1280), 5), ((600, 800), 3), ((1, 1), 1)]
)
def test_tolerance_is_a_fraction_of_the_diagonal_rounded_up(shape: tuple[int, int], pixels: int) -> None:
    assert tolerance(shape) == pixels


@given(masks, st.integers(1, 4))
def test_near_is_within_the_radius(mask: np.ndarray, radius: int) -> None:
    ys, xs = np.nonzero(mask)
    v, u = np.mgrid[: mask.shape[0], : mask.shape[1]]
    squared = (v[..., None] - ys) ** 2 + (u[..., None] - xs) ** 2
    np.testing.assert_array_equal(near(mask, radius), (squared <= radius**2).any(axis=-1))
