"""Grasps to and from GraspGroup rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from uois_sam.errors import InputError
from uois_sam.grasping.grasps import Grasp, grasps_from_array, grasps_to_array

numbers = st.floats(-100, 100)
sizes = st.floats(0, 10)
rotations = st.integers(0, 2**31).map(lambda seed: Rotation.random(rng=np.random.default_rng(seed)).as_matrix())
grasps = st.builds(
    Grasp,
    score=numbers,
    width=sizes,
    height=sizes,
    depth=numbers,
    rotation=rotations,
    translation=st.tuples(numbers, numbers, numbers).map(np.array),
    object_id=st.integers(-1, 10**6),
)


def fields(grasp: Grasp) -> list[Any]:
    head = [grasp.score, grasp.width, grasp.height, grasp.depth, grasp.object_id]
    return [*head, grasp.rotation.tolist(), grasp.translation.tolist()]


@given(st.lists(grasps, max_size=5))
def test_rows_are_read_back(given: list[Grasp]) -> None:
    array = grasps_to_array(given)
    assert array.shape == (len(given), 17)
    assert array.dtype == np.float64
    assert [fields(g) for g in grasps_from_array(array)] == [fields(g) for g in given]


@given(grasps)
def test_rows_of_float32_are_read(grasp: Grasp) -> None:
    again = Grasp.from_row(grasp.to_row().astype(np.float32))
    assert np.allclose(again.rotation, grasp.rotation, atol=1e-6)


def test_the_order_of_columns() -> None:
    """graspnetAPI: score, width, height, depth, rotation row by row, translation, object_id."""
    rotation = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    row = Grasp(0.5, 0.08, 0.02, 0.03, rotation, np.array([1.0, 2, 3]), 7).to_row()
    assert row.tolist() == [0.5, 0.08, 0.02, 0.03, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 2, 3, 7]
    approach = Grasp.from_row(row).rotation[:, 0]
    assert approach.tolist() == [0, 1, 0]


GOOD = Grasp(0.5, 0.08, 0.02, 0.03, np.eye(3), np.zeros(3), 7).to_row()


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        (0, np.nan, "score nan"),
        (1, -0.1, "width -0.1"),
        (2, -0.1, "height -0.1"),
        (3, np.inf, "depth inf"),
        (4, 1.01, "orthonormal"),
        (4, -1.0, "determinant is -1.00"),
        (5, np.nan, "not finite"),
        (13, np.inf, "translation"),
        (16, 0.5, "whole number"),
        (16, np.nan, "whole number"),
    ],
)
def test_rows_that_are_no_grasp_are_refused(column: int, value: float, says: str) -> None:
    row = GOOD.copy()
    row[column] = value
    with pytest.raises(InputError, match=says) as caught:
        Grasp.from_row(row)
    assert "\n" not in str(caught.value)


def test_wrong_shapes_are_refused() -> None:
    for array in (np.zeros(17), np.zeros((2, 16)), np.zeros((1, 1, 17))):
        with pytest.raises(InputError, match="wanted \\(N, 17\\)"):
            grasps_from_array(array)
    with pytest.raises(InputError, match="grasp row is"):
        Grasp.from_row(GOOD[:5])
    with pytest.raises(InputError, match="wanted \\(3, 3\\)"):
        Grasp(1, 1, 1, 1, np.eye(4), np.zeros(3))
    with pytest.raises(InputError, match="wanted 3 finite"):
        Grasp(1, 1, 1, 1, np.eye(3), np.zeros(2))
    assert grasps_from_array(np.zeros((0, 17))) == []
