from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.segmentation.standing import standing_points

SHAPE = (30, 40)
NONE = torch.zeros(0, 2, dtype=torch.long)


def table(*boxes: tuple[int, int, int, int], height: float = 0.03) -> torch.Tensor:
    """A flat measured table with boxes (row, column, rows, columns) on it."""
    maps = torch.zeros(1, 7, *SHAPE)
    maps[:, 2] = maps[:, 6] = 1
    for row, column, rows, columns in boxes:
        maps[0, 0, row : row + rows, column : column + columns] = height / 0.1
    return maps


def test_a_thing_without_a_peak_gets_a_point_inside() -> None:
    points = standing_points(table((5, 5, 4, 5), (20, 30, 3, 3)), NONE, SHAPE, 0.01, 30)
    assert len(points) == 2
    assert 5 <= points[0, 0] < 9
    assert 5 <= points[0, 1] < 10
    assert points[1].tolist() == [21, 31]


def test_a_thing_with_a_peak_on_or_beside_it_gets_none() -> None:
    geometry = table((5, 5, 4, 5), (20, 30, 3, 3))
    peaks = torch.tensor([[6, 6], [19, 29]])
    assert len(standing_points(geometry, peaks, SHAPE, 0.01, 30)) == 0
    assert len(standing_points(geometry, peaks[:1], SHAPE, 0.01, 30)) == 1


@pytest.mark.parametrize(
    "geometry",
    [
        table((5, 5, 4, 5), height=0.005),
        table((0, 5, 4, 5)),
        table((5, 36, 4, 4)),
        table((5, 5, 1, 3)),
        table((2, 2, 20, 20)),
        table((5, 5, 4, 5)) * torch.tensor([1, 1, 1, 1, 1, 1, 0]).view(1, -1, 1, 1),
    ],
    ids=["flat", "at the top border", "at the right border", "tiny", "huge", "not measured"],
)
def test_nothing_stands(geometry: torch.Tensor) -> None:
    assert standing_points(geometry, NONE, SHAPE, 0.01, 30).shape == (0, 2)


def test_a_depth_edge_separates_things() -> None:
    geometry = table((5, 5, 4, 11))
    geometry[0, 5, :, 10] = 1
    assert len(standing_points(geometry, NONE, SHAPE, 0.01, 30)) == 2


@given(limit=st.integers(-3, 10))
def test_no_more_than_wanted_and_the_largest_first(limit: int) -> None:
    geometry = table((5, 5, 4, 5), (20, 30, 3, 3), (20, 5, 6, 6))
    points = standing_points(geometry, NONE, SHAPE, 0.01, limit)
    assert len(points) == min(max(limit, 0), 3)
    if limit > 0:
        assert 20 <= points[0, 0] < 26


def test_geometry_of_another_size_is_fitted() -> None:
    fine = torch.nn.functional.interpolate(table((5, 5, 4, 5)), scale_factor=4)
    assert standing_points(fine, NONE, SHAPE, 0.01, 30).tolist() == (
        standing_points(table((5, 5, 4, 5)), NONE, SHAPE, 0.01, 30).tolist()
    )
