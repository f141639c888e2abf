"""Scores, boundary maps and the assignment against the literal reference, on random scenes."""

from __future__ import annotations

import math
from dataclasses import astuple

import metrics_reference as reference
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from uois_sam.evaluation.boundary import boundary_map, near, tolerance
from uois_sam.evaluation.metrics import score_labels
from uois_sam.evaluation.munkres import munkres

# Radii of 1, 1, 2, 3 and 7 pixels.
CANVASES = [(9, 11), (30, 40), (240, 320), (480, 640), (1080, 1920)]
KINDS = st.sampled_from(["davis", "contour"])


@st.composite
def scenes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Prediction, truth and ignored pixels: blocks of random labels somewhere on a canvas, also over its edge."""
    height, width = draw(st.sampled_from(CANVASES))
    names = draw(st.lists(st.integers(1, 65535), min_size=4, max_size=4, unique=True))
    cells, block = draw(st.tuples(st.integers(1, 4), st.integers(1, 4))), draw(st.integers(1, 6))
    drawn = []
    place = draw(st.integers(-5, 5)), draw(st.integers(-5, 5))
    from_end = draw(st.booleans()), draw(st.booleans())
    for _ in range(2):
        small = draw(hnp.arrays(np.uint8, cells, elements=st.integers(0, 4)))
        blocks = np.kron(np.array([0, *names])[small], np.ones((block, block), np.int64))
        y, x = (
            at + draw(st.integers(-2, 2)) + (size - extent if last else 0)
            for at, last, size, extent in zip(place, from_end, (height, width), blocks.shape, strict=True)
        )
        canvas = np.zeros((height + 80, width + 80), np.int64)
        canvas[40 + y : 40 + y + blocks.shape[0], 40 + x : 40 + x + blocks.shape[1]] = blocks
        drawn.append(canvas[40 : 40 + height, 40 : 40 + width])
    ignore = None
    if draw(st.booleans()):
        ignore = np.zeros((height, width), bool)
        ignore[draw(st.integers(0, 12)) :: draw(st.integers(1, 7)), draw(st.integers(0, 12)) :] = True
    return drawn[0], drawn[1], ignore


@given(scenes(), KINDS)
def test_scores_are_those_of_the_definitions(scene: tuple, kind: str) -> None:
    expected = reference.score(*scene, kind)
    assert astuple(score_labels(*scene, kind)) == pytest.approx(expected, abs=1e-12, rel=0)


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 3).map(float))
)
def test_the_assignment_is_the_classical_one_where_many_are_as_good(cost: np.ndarray) -> None:
    assert munkres(cost) == reference.classical_munkres(cost.tolist())


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(0, 1)))
def test_the_assignment_is_the_classical_one_for_any_costs(cost: np.ndarray) -> None:
    assert munkres(cost) == reference.classical_munkres(cost.tolist())


@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))), KINDS)
def test_boundary_maps_are_those_of_the_definitions(mask: np.ndarray, kind: str) -> None:
    pixels = {(y, x) for y, x in np.argwhere(mask).tolist()}
    draw = reference.davis_map if kind == "davis" else reference.contour_map
    expected = draw(pixels, *mask.shape) if pixels else set()
    assert {(y, x) for y, x in np.argwhere(boundary_map(mask, kind)).tolist()} == expected


@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))), st.integers(1, 7))
def test_what_is_near_is_that_of_the_definition(mask: np.ndarray, radius: int) -> None:
    pixels = {(y, x) for y, x in np.argwhere(mask).tolist()}
    inside = {(y, x) for y in range(mask.shape[0]) for x in range(mask.shape[1])}
    found = {(y, x) for y, x in np.argwhere(near(mask, radius)).tolist()}
    assert found == reference.near(pixels, radius) & inside


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_the_tolerance_is_that_of_the_definition(height: int, width: int) -> None:
    assert tolerance((height, width)) == math.ceil(0.003 * math.sqrt(height**2 + width**2))
