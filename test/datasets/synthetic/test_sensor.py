"""The simulated depth sensor: each fault where and as large as it is said to be."""

from __future__ import annotations

import numpy as np
import pytest

from uois_sam.datasets.synthetic.sensor import DepthSensor, simulate_depth
from uois_sam.types import Camera

CAMERA = Camera(280, 280, 159.5, 119.5, 320, 240)


def _box_before_a_wall() -> np.ndarray:
    depth = np.full((240, 320), 1.5, np.float32)
    depth[80:160, 120:200] = 0.8
    return depth


def _measure(sensor: DepthSensor, depth: np.ndarray, seed: int = 0) -> np.ndarray:
    return simulate_depth(depth, CAMERA, np.random.default_rng(seed), sensor)


def test_a_perfect_sensor_measures_exactly() -> None:
    depth = _box_before_a_wall()
    np.testing.assert_array_equal(_measure(DepthSensor(), depth), depth)


def test_input_is_left_alone() -> None:
    depth = _box_before_a_wall()
    simulate_depth(depth, CAMERA, np.random.default_rng(0))
    np.testing.assert_array_equal(depth, _box_before_a_wall())


def test_unknown_stays_unknown() -> None:
    depth = _box_before_a_wall()
    depth[:20] = 0
    for seed in range(8):
        sensor = DepthSensor(noise=0.002, quantisation=0.003, baseline=0.05, torn_edges=0.5)
        assert (_measure(sensor, depth, seed)[:20] == 0).all()


@pytest.mark.parametrize(
    ("baseline", "shadow", "lit"), [(0.06, slice(113, 119), 203), (-0.06, slice(201, 207), 116)]
)
def test_shadow_lies_on_the_wall_beside_the_box(baseline: float, shadow: slice, lit: int) -> None:
    measured = _measure(DepthSensor(baseline=baseline), _box_before_a_wall())
    assert (measured[120, shadow] == 0).all()
    assert measured[120, lit] > 0
    # Apart from the rounding at its rim, the box itself is lit.
    assert (measured[85:155, 123:197] > 0).all()
    assert (measured[40] > 0).all()


def test_noise_grows_with_the_square_of_distance() -> None:
    spreads = []
    for distance in (0.7, 1.4):
        depth = np.full((240, 320), distance, np.float32)
        spreads.append(float((_measure(DepthSensor(noise=0.002), depth) - depth).std()))
    assert spreads[1] == pytest.approx(4 * spreads[0], rel=0.1)
    assert 0.0005 < spreads[0] < 0.003


def test_quantisation_leaves_steps_of_disparity() -> None:
    ramp = np.tile(np.linspace(0.9, 1.1, 320, dtype=np.float32), (240, 1))
    measured = _measure(DepthSensor(quantisation=0.004), ramp)
    steps = np.diff(np.unique(measured))
    assert np.abs(measured - ramp).max() < 0.003
    assert steps.min() > 0.003
    assert steps.max() < 0.006


def test_jitter_touches_edges_only() -> None:
    depth = _box_before_a_wall()
    changed = _measure(DepthSensor(edge_jitter=2.0), depth) != depth
    assert changed.any()
    assert not changed[:70].any()
    assert not changed[95:145, 135:185].any()


def test_margins_and_spots_are_blind() -> None:
    depth = np.full((240, 320), 1.0, np.float32)
    measured = _measure(DepthSensor(blind_margins=(10, 5)), depth)
    assert (measured[:, :10] == 0).all()
    assert (measured[:, 315:] == 0).all()
    assert (measured[:, 10:315] > 0).all()
    assert (_measure(DepthSensor(blind_spots=5), depth) == 0).any()


def test_a_random_sensor_repeats_by_seed_and_keeps_the_form() -> None:
    depth = _box_before_a_wall()
    one = simulate_depth(depth, CAMERA, np.random.default_rng(3))
    other = simulate_depth(depth, CAMERA, np.random.default_rng(3))
    np.testing.assert_array_equal(one, other)
    assert one.dtype == np.float32
    assert one.shape == depth.shape
    assert np.isfinite(one).all()
    assert (one >= 0).all()
