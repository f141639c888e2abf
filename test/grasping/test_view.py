"""Pictures of clouds."""

from __future__ import annotations

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.grasping.view import render_cloud

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SIDE = 64


def grid(x: float = 0, y: float = 0, z: float = 1, size: float = 0.2) -> np.ndarray:
    """(400, 3) points of a square that faces the camera."""
    v, u = np.mgrid[0:20, 0:20] / 19 - 0.5
    return np.stack([x + size * u, y + size * v, np.full((20, 20), z)], 2).reshape(-1, 3).astype(np.float32)


def paint(colour: tuple[int, int, int]) -> np.ndarray:
    return np.tile(np.array(colour, np.uint8), (400, 1))


def share(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((picture == colour).all(2).mean())


def centre(picture: np.ndarray, colour: tuple[int, int, int]) -> tuple[float, float]:
    y, x = np.nonzero((picture == colour).all(2))
    return float(x.mean()), float(y.mean())


def test_the_cameras_side_shows_x_to_the_right_and_y_down() -> None:
    points = np.concatenate([grid(-0.3, -0.3), grid(0.3, -0.3), grid(-0.3, 0.3)])
    picture = render_cloud(points, np.concatenate([paint(RED), paint(GREEN), paint(BLUE)]), (SIDE, SIDE))
    red, green, blue = (centre(picture, c) for c in (RED, GREEN, BLUE))
    assert red[0] < green[0] - SIDE / 3
    assert red[1] < blue[1] - SIDE / 3
    assert picture.dtype == np.uint8


def test_nearer_points_hide_farther_ones_from_either_side() -> None:
    points = np.concatenate([grid(z=1.0), grid(z=1.4)])
    colours = np.concatenate([paint(RED), paint(GREEN)])
    front = render_cloud(points, colours, (SIDE, SIDE))
    back = render_cloud(points, colours, (SIDE, SIDE), azimuth=180)
    assert share(front, RED) > 0.5
    assert share(front, GREEN) == 0
    assert share(back, GREEN) > 0.5
    assert share(back, RED) == 0


def test_a_viewer_who_walks_right_sees_the_near_square_move_left() -> None:
    points = np.concatenate([grid(z=1.0, size=0.1), grid(z=1.4, size=0.1)])
    colours = np.concatenate([paint(RED), paint(GREEN)])
    right = render_cloud(points, colours, (SIDE, SIDE), azimuth=40)
    assert centre(right, RED)[0] < centre(right, GREEN)[0]
    above = render_cloud(points, colours, (SIDE, SIDE), elevation=40)
    assert centre(above, RED)[1] > centre(above, GREEN)[1]


def test_an_even_cloud_has_no_holes_in_any_picture_size() -> None:
    for size in ((40, 30), (200, 150), (80, 200)):
        picture = render_cloud(grid(), paint(RED), size)
        assert picture.shape == (size[1], size[0], 3)
        rows, columns = np.nonzero((picture == RED).all(2))
        inner = picture[rows.min() : rows.max(), columns.min() : columns.max()]
        assert (inner == RED).all()


def test_small_clouds() -> None:
    empty = render_cloud(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8), (8, 6))
    assert (empty == 255).all()
    one = render_cloud(np.ones((1, 3), np.float32), np.array([RED], np.uint8), (9, 9), 30, 30)
    assert one[4, 4].tolist() == list(RED)


def test_wrong_clouds_are_refused() -> None:
    points, colours = grid(), paint(RED)
    with pytest.raises(InputError, match="picture size"):
        render_cloud(points, colours, (0, 5))
    with pytest.raises(InputError, match="wanted \\(N, 3\\)"):
        render_cloud(points, colours[:5], (5, 5))
    points[3, 1] = np.nan
    with pytest.raises(InputError, match="not finite"):
        render_cloud(points, colours, (5, 5))
