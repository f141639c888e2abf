"""The motion that most pairs of points agree on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.segmentation.camera_motion import Similarity, estimate


def turn(angles: tuple[float, float, float]) -> np.ndarray:
    """(3, 3) rotation about x, y and z."""
    out = np.eye(3)
    for axis, angle in enumerate(angles):
        c, s = np.cos(angle), np.sin(angle)
        one = np.eye(3)
        i, j = [k for k in range(3) if k != axis]
        one[i, i], one[i, j], one[j, i], one[j, j] = c, -s, s, c
        out = one @ out
    return out


ANGLES = st.tuples(*[st.floats(-0.3, 0.3)] * 3)
SHIFTS = st.tuples(*[st.floats(-0.2, 0.2)] * 3)


@given(ANGLES, SHIFTS, st.integers(0, 2**32 - 1))
def test_finds_a_rigid_motion(angles: tuple[float, ...], shift: tuple[float, ...], seed: int) -> None:
    before = np.random.default_rng(seed).uniform(-0.4, 0.4, (8, 3))
    after = before @ turn(angles).T + shift
    found = estimate(before, after, np.ones(8), 0.02, rigid=True)
    assert np.allclose(found(before), after, atol=1e-6)
    assert np.linalg.det(found.rotation) == pytest.approx(1)


def test_finds_a_change_of_scale_in_the_image() -> None:
    before = np.array([[10.0, 20], [300, 40], [200, 400], [50, 300]])
    c, s = np.cos(0.1), np.sin(0.1)
    after = 1.1 * before @ np.array([[c, s], [-s, c]]) + (5, -7)
    found = estimate(before, after, np.ones(4), 10.0, rigid=False)
    assert found.scale == pytest.approx(1.1)
    assert np.allclose(found(before), after)


def test_things_that_move_by_themselves_have_little_say() -> None:
    rng = np.random.default_rng(1)
    before = rng.uniform(-0.4, 0.4, (10, 3))
    after = before @ turn((0.05, 0.1, 0.0)).T + (0.05, 0, 0.02)
    pushed = after.copy()
    pushed[:2] += 0.2
    found = estimate(before, pushed, np.ones(10), 0.02, rigid=True)
    assert np.abs(found(before) - after).max() < 0.01


@pytest.mark.parametrize("count", [1, 2])
def test_few_pairs_only_shift(count: int) -> None:
    before = np.arange(3.0 * count).reshape(count, 3)
    found = estimate(before, before + np.array([1, 2, 3]), np.ones(count), 0.1, rigid=True)
    assert np.array_equal(found.rotation, np.eye(3))
    assert np.allclose(found.shift, (1, 2, 3))


def test_three_points_on_a_line_and_three_in_one_place_give_a_rotation() -> None:
    for before in (np.outer(np.arange(3.0), (1, 1, 0)), np.ones((3, 3))):
        found = estimate(before, before + 0.5, np.ones(3), 0.1, rigid=True)
        assert np.allclose(found.rotation @ found.rotation.T, np.eye(3))
        assert np.allclose(found(before), before + 0.5)


def test_nothing_to_go_by_is_no_motion() -> None:
    none = np.zeros((0, 2))
    for found in (
        estimate(none, none, np.zeros(0), 1.0, rigid=False),
        estimate(np.ones((1, 2)), np.zeros((1, 2)), np.zeros(1), 1.0, rigid=False),
        Similarity.none(2),
    ):
        assert np.array_equal(found(np.array([[3.0, 4.0]])), [[3.0, 4.0]])
