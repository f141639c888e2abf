"""Depth brought into the colour image: where it lands, what hides what, and what stays unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.grasping.clouds import back_project
from uois_sam.grasping.transform import rigid_transform, transform_points
from uois_sam.sources.registration import Registration, register_depth
from uois_sam.types import Camera

DEPTH = Camera(60.0, 60.0, 31.5, 23.5, 64, 48)
COLOUR = Camera(95.0, 95.0, 69.5, 54.5, 140, 110)


def registration(translation: tuple[float, float, float] = (0, 0, 0), roll: float = 0.0) -> Registration:
    return Registration(
        DEPTH, COLOUR, rigid_transform(translation, (0, 0, np.sin(roll / 2), np.cos(roll / 2))), "a test"
    )


def plane(metres: float = 1.0) -> np.ndarray:
    return np.full((DEPTH.height, DEPTH.width), metres, np.float32)


def test_the_same_camera_changes_nothing() -> None:
    depth = np.random.default_rng(0).uniform(0.5, 0.505, (48, 64)).astype(np.float32)
    depth[10:20, 5:30] = 0
    same = Registration(DEPTH, DEPTH, np.eye(4))
    found = register_depth(depth, same)
    assert found.dtype == np.float32
    assert np.array_equal(found > 0, depth > 0)
    np.testing.assert_allclose(found, depth, atol=1e-6)


def test_finer_pixels_have_no_holes_and_nothing_is_added_outside() -> None:
    found = register_depth(plane(), registration())
    seen = np.argwhere(found > 0)
    (top, left), (bottom, right) = seen.min(0), seen.max(0)
    assert (found[top : bottom + 1, left : right + 1] == 1).all()
    # The depth image's edges at half pixels, seen through the colour camera.
    assert left == pytest.approx(95 * (-32 / 60) + COLOUR.cx, abs=1)
    assert bottom == pytest.approx(95 * (24 / 60) + COLOUR.cy, abs=1)


@settings(max_examples=30)
@given(
    st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05), st.floats(-0.02, 0.02)),
    st.floats(-0.2, 0.2),
    st.floats(-0.5, 0.5),
)
def test_a_slanted_plane_lands_where_its_points_do(
    translation: tuple[float, float, float], roll: float, slope: float
) -> None:
    """No cracks inside, and each pixel has the depth that the plane has there in the colour camera's frame."""
    made = registration(translation, roll)
    v, u = np.mgrid[: DEPTH.height, : DEPTH.width]
    depth = (1 / (1 - slope * (u - DEPTH.cx) / DEPTH.fx)).astype(np.float32)  # z = 1 + slope x
    found = register_depth(depth, made)
    points = transform_points(back_project(depth, DEPTH).reshape(-1, 3), made.depth_to_colour).astype(np.float64)
    x = COLOUR.fx * points[:, 0] / points[:, 2] + COLOUR.cx
    y = COLOUR.fy * points[:, 1] / points[:, 2] + COLOUR.cy
    inner = np.zeros(found.shape, bool)
    inside = (x > 0.5) & (x < COLOUR.width - 1.5) & (y > 0.5) & (y < COLOUR.height - 1.5)
    rim = (u > 0) & (u < DEPTH.width - 1) & (v > 0) & (v < DEPTH.height - 1)
    keep = inside & rim.ravel()
    inner[np.round(y[keep]).astype(int), np.round(x[keep]).astype(int)] = True
    assert (found[inner] > 0).all()
    np.testing.assert_allclose(
        found[np.round(y[keep]).astype(int), np.round(x[keep]).astype(int)], points[keep, 2], atol=0.03
    )


def test_what_is_near_hides_what_is_behind_and_its_shadow_stays_unknown() -> None:
    depth = plane(2.0)
    depth[:, 20:30] = 0.5
    found = register_depth(depth, registration((0.1, 0, 0)))
    row = found[54]
    near = np.flatnonzero(row == 0.5)
    assert len(near) == pytest.approx(10 * 95 / 60, abs=1.5)
    assert near[0] == pytest.approx(95 * ((19.5 - 31.5) / 60 * 0.5 + 0.1) / 0.5 + COLOUR.cx, abs=1)
    shadow = row[near[0] - 16 : near[0] - 1]
    assert (row[near[0] : near[-1] + 1] == 0.5).all()
    assert (shadow == 0).any()
    assert set(np.unique(found)) == {0.0, 0.5, 2.0}


def test_the_depth_is_that_along_the_colour_cameras_axis() -> None:
    assert np.unique(register_depth(plane(), registration((0, 0, 0.25))))[-1] == pytest.approx(1.25)
    assert not register_depth(plane(0.2), registration((0, 0, -0.3))).any()  # behind the colour camera


def test_unknown_depth_stays_unknown() -> None:
    depth = plane()
    depth[:] = np.nan
    depth[0] = -1
    depth[1] = np.inf
    assert not register_depth(depth, registration()).any()


def test_what_touches_the_lens_does_not_fill_the_image() -> None:
    depth = np.zeros((48, 64), np.float32)
    depth[24, 32] = 1.0
    found = register_depth(depth, registration((0, 0, -0.999)))
    assert np.count_nonzero(found) == 0


def test_wrong_shapes_and_poses_are_refused() -> None:
    with pytest.raises(InputError, match="depth is 10 x 10; its intrinsics are for 64 x 48"):
        register_depth(np.zeros((10, 10), np.float32), registration())
    with pytest.raises(InputError, match="rotation is off orthonormal"):
        replace(registration(), depth_to_colour=np.diag([2.0, 1, 1, 1]))
