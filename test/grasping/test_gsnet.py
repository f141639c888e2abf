"""The hand-over to GSNet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import Table

from uois_sam.errors import InputError, TooFewPointsError
from uois_sam.grasping.gsnet import PlannerCloud, planner_cloud, sample_indices
from uois_sam.grasping.settings import CloudSettings


def cut(table: Table, label: int, settings: CloudSettings, seed: int = 0) -> PlannerCloud:
    rng = np.random.default_rng(seed)
    return planner_cloud(table.depth, table.camera, table.image, table.instances, label, settings, rng)


@pytest.mark.parametrize("num_point", [300, 15000])
def test_object_and_ring_are_sampled_or_padded(table: Table, num_point: int) -> None:
    cloud = cut(table, 1, CloudSettings(num_point=num_point, margin_px=10))
    assert cloud.points.shape == cloud.colours.shape == (num_point, 3)
    assert cloud.points.dtype == np.float32
    distinct = len(np.unique(cloud.points, axis=0))
    assert distinct == min(num_point, cloud.distinct_points)
    assert np.allclose(cloud.points[cloud.on_object, 2], 0.8)
    assert np.allclose(cloud.points[~cloud.on_object, 2], 1.0)
    assert (~cloud.on_object).any()
    pixels_x = 200 * cloud.points[:, 0] / cloud.points[:, 2] + 79.5
    assert pixels_x.min() >= 20 - 10 - 0.01
    assert pixels_x.max() <= 59 + 10 + 0.01
    assert (cloud.id, cloud.label) == (1, 1)


def test_no_margin_is_the_object_alone(table: Table) -> None:
    assert cut(table, 1, CloudSettings(margin_px=0)).on_object.all()


def test_the_ring_includes_neighbours(table: Table) -> None:
    """Within 60 px of box 1 lie the table and both other boxes."""
    cloud = cut(table, 1, CloudSettings(margin_px=60))
    assert set(np.unique(cloud.colours[:, 2])) == {0, 60, 120, 180}


def test_the_same_seed_gives_the_same_points(table: Table) -> None:
    settings = CloudSettings(num_point=200)
    first, second, other = (cut(table, 1, settings, seed).points for seed in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_network_input(table: Table) -> None:
    cloud = cut(table, 1, CloudSettings(num_point=50))
    sample = cloud.network_input(0.005)
    assert set(sample) == {"point_clouds", "coors", "feats"}
    assert all(a.shape == (50, 3) and a.dtype == np.float32 for a in sample.values())
    assert np.allclose(sample["coors"] * 0.005, cloud.points, atol=1e-6)
    assert (sample["feats"] == 1).all()
    for voxel in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="voxel is"):
            cloud.network_input(voxel)


def test_refusals(table: Table) -> None:
    with pytest.raises(TooFewPointsError, match="instance 3"):
        cut(table, 3, CloudSettings())
    with pytest.raises(InputError, match="label 9 of 3"):
        cut(table, 9, CloudSettings())


@given(st.integers(1, 50), st.integers(1, 120), st.integers(0, 1000))
def test_sampling_draws_each_point_before_any_twice(count: int, wanted: int, seed: int) -> None:
    drawn = sample_indices(count, wanted, np.random.default_rng(seed))
    assert drawn.shape == (wanted,)
    assert drawn.min() >= 0
    assert drawn.max() < count
    assert len(np.unique(drawn)) == min(count, wanted)


def test_nothing_to_sample() -> None:
    for count, wanted in ((0, 5), (5, 0)):
        with pytest.raises(InputError, match="cannot draw"):
            sample_indices(count, wanted, np.random.default_rng(0))
