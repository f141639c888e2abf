from __future__ import annotations

import numpy as np
import pytest

from uois_sam.sam.geometry import back_project, fit_plane, fit_table, geometry_channels, shrink_depth
from uois_sam.types import Camera

CAMERA = Camera(260, 260, 159.5, 119.5, 320, 240)


def tilted_table(noise: float = 0.0) -> np.ndarray:
    """Depth of a plane 0.8 m away along the axis, seen at 40 degrees."""
    rays = back_project(np.ones((240, 320), np.float32), CAMERA)
    normal = np.array([0, -np.sin(np.radians(40)), -np.cos(np.radians(40))])
    depth = -0.8 * np.cos(np.radians(40)) / (rays @ normal) * -1
    rng = np.random.default_rng(0)
    return np.abs(depth + rng.normal(0, noise, depth.shape)).astype(np.float32)


def test_back_project_inverts_the_pinhole() -> None:
    points = back_project(np.full((240, 320), 2, np.float32), CAMERA)
    u = points[..., 0] / points[..., 2] * CAMERA.fx + CAMERA.cx
    assert np.allclose(u, np.arange(320)[None], atol=1e-3)
    assert (points[..., 2] == 2).all()


def test_plane_of_a_noisy_table_with_a_box_on_it() -> None:
    depth = tilted_table(noise=0.002)
    depth[100:140, 140:180] -= 0.1
    plane = fit_plane(back_project(depth, CAMERA).reshape(-1, 3))
    assert plane is not None
    assert plane.normal @ np.array([0, -np.sin(np.radians(40)), -np.cos(np.radians(40))]) > 0.999
    assert plane.offset == pytest.approx(0.8 * np.cos(np.radians(40)), abs=0.005)


def test_plane_is_the_same_for_the_same_depth() -> None:
    points = back_project(tilted_table(0.003), CAMERA).reshape(-1, 3)
    first, second = fit_plane(points), fit_plane(points)
    assert first is not None
    assert second is not None
    assert np.array_equal(first.normal, second.normal)


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.zeros((199, 3)), np.zeros((5000, 3))])
def test_no_plane_where_there_is_none(points: np.ndarray) -> None:
    assert fit_plane(points.astype(np.float32)) is None


def test_channels_of_a_box_on_a_table() -> None:
    depth = tilted_table()
    table = fit_plane(back_project(depth, CAMERA).reshape(-1, 3))
    depth[100:140, 140:180] -= 0.1
    channels = geometry_channels(depth, CAMERA, table)
    on_table, on_box = channels[40, 40], channels[120, 160]
    assert on_table[0] == pytest.approx(0, abs=0.02)
    assert on_table[2] == pytest.approx(1, abs=0.01)
    assert on_box[0] > 0.5
    assert channels[100, 160, 5] > 0.5
    assert (channels[..., 6] == 1).all()


def test_channels_without_depth_or_plane_are_zero() -> None:
    depth = tilted_table()
    plane = fit_plane(back_project(depth, CAMERA).reshape(-1, 3))
    assert not geometry_channels(depth, CAMERA, None).any()
    assert not geometry_channels(np.zeros_like(depth), CAMERA, plane).any()
    depth[:, :100] = 0
    assert not geometry_channels(depth, CAMERA, plane)[:, :100].any()


class TestShrink:
    def test_takes_the_lower_median_of_each_cell(self) -> None:
        depth = np.array([[1, 2, 0, 0], [3, 4, 0, 9]], np.float32)
        assert shrink_depth(depth, 1, 2).tolist() == [[2, 0]]

    def test_odd_sizes_are_sampled(self) -> None:
        depth = np.arange(35, dtype=np.float32).reshape(5, 7)
        small = shrink_depth(depth, 3, 4)
        assert small.shape == (3, 4)
        assert np.isin(small, depth).all()

    def test_same_size_is_left_alone(self) -> None:
        depth = np.ones((3, 3), np.float32)
        assert shrink_depth(depth, 3, 3) is depth


def test_the_table_in_the_middle_beats_a_larger_floor() -> None:
    depth = tilted_table() + np.float32(0.5)
    depth[70:180, 90:230] = tilted_table()[70:180, 90:230]
    table = fit_table(depth, CAMERA)
    assert table is not None
    assert table.offset == pytest.approx(0.8 * np.cos(np.radians(40)), abs=0.01)


def test_no_table_without_depth() -> None:
    assert fit_table(np.zeros((240, 320), np.float32), CAMERA) is None
