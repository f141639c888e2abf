"""Back-projection, the scene cloud and instance clouds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import Table

from uois_sam.datasets.folder import FolderDataset
from uois_sam.errors import InputError, TooFewPointsError
from uois_sam.grasping.clouds import (
    SCENE_FIELDS,
    InstanceCloud,
    back_project,
    instance_cloud,
    pack_colours,
    scene_cloud,
    thinned,
)
from uois_sam.grasping.settings import CloudSettings
from uois_sam.types import Camera, Instances, relabel

SETTINGS = CloudSettings(scene_voxel=0.0, min_points=20)


def cut(table: Table, label: int, settings: CloudSettings = SETTINGS, **changed: Any) -> InstanceCloud:
    t = replace(table, **changed)
    return instance_cloud(t.depth, t.camera, t.image, t.instances, label, settings)


@given(st.floats(10, 2000), st.floats(10, 2000), st.floats(-50, 700), st.floats(-50, 700), st.integers(0, 10**6))
def test_back_projection_is_the_inverse_of_the_pinhole_model(
    fx: float, fy: float, cx: float, cy: float, seed: int
) -> None:
    camera = Camera(fx, fy, cx, cy, 8, 6)
    depth = np.random.default_rng(seed).uniform(0.2, 4, (6, 8)).astype(np.float32)
    points = back_project(depth, camera)
    assert points.dtype == np.float32
    x, y, z = points.astype(np.float64).transpose(2, 0, 1)
    v, u = np.mgrid[:6, :8]
    assert np.array_equal(points[..., 2], depth)
    assert np.allclose(fx * x / z + cx, u, atol=1e-3)
    assert np.allclose(fy * y / z + cy, v, atol=1e-3)


def test_unknown_depth_becomes_the_origin() -> None:
    depth = np.array([[0, np.nan, np.inf, -np.inf, -1, 2]], np.float32)
    points = back_project(depth, Camera(1, 1, 0, 0, 6, 1))
    assert np.array_equal(points[0, :5], np.zeros((5, 3)))
    assert points[0, 5].tolist() == [10, 0, 2]


def test_a_cloud_of_too_many_points_keeps_as_many_of_its_own(table: Table) -> None:
    whole = cut(table, 1)
    few = cut(table, 1, replace(SETTINGS, max_points=30))
    assert len(few.points) == len(few.colours) == 30
    own = {(*point, *colour) for point, colour in zip(whole.points.tolist(), whole.colours.tolist(), strict=True)}
    assert {(*p, *c) for p, c in zip(few.points.tolist(), few.colours.tolist(), strict=True)} < own
    assert few.measured_points == whole.measured_points
    assert np.array_equal(few.points, cut(table, 1, replace(SETTINGS, max_points=30)).points)


def test_scene_has_every_surface_with_colour_and_label(table: Table) -> None:
    cloud = scene_cloud(table.depth, table.camera, table.image, table.instances.label_image, SETTINGS)
    assert cloud.dtype == SCENE_FIELDS
    corners = 4 + 3 * 4  # of the image and of the boxes
    assert len(cloud) == table.depth.size - corners
    points = back_project(table.depth, table.camera).reshape(-1, 3)
    for k in (0, len(cloud) // 2, len(cloud) - 1):
        p = cloud[k]
        u = round(float(200 * p["x"] / p["z"] + 79.5))
        v = round(float(200 * p["y"] / p["z"] + 59.5))
        assert np.allclose([p["x"], p["y"], p["z"]], points[v * 160 + u])
        assert p["label"] == table.instances.label_image[v, u]
        bits = int(np.float32(p["rgb"]).view(np.uint32))
        assert [bits >> 16 & 255, bits >> 8 & 255, bits & 255] == table.image[v, u].tolist()
        assert bits >> 24 == 0


def test_scene_is_thinned_to_one_point_a_voxel(table: Table) -> None:
    settings = replace(SETTINGS, scene_voxel=0.02)
    full = scene_cloud(table.depth, table.camera, table.image, table.instances.label_image, SETTINGS)
    thin = scene_cloud(table.depth, table.camera, table.image, table.instances.label_image, settings)
    assert 0 < len(thin) < len(full) / 5
    assert set(thin["label"]) == {0, 1, 2, 3}


def test_scene_without_depth_is_empty(table: Table) -> None:
    for value in (0, np.nan, np.inf, 50):
        depth = np.full_like(table.depth, value)
        cloud = scene_cloud(depth, table.camera, table.image, table.instances.label_image, CloudSettings())
        assert cloud.shape == (0,)
        assert cloud.dtype == SCENE_FIELDS


def test_instance_cloud_is_the_box(table: Table) -> None:
    cloud = cut(table, 1)
    assert (cloud.id, cloud.label, cloud.score) == (1, 1, pytest.approx(0.9))
    assert cloud.measured_points == 40 * 30
    assert len(cloud.points) == 38 * 28
    assert cloud.points.dtype == np.float32
    assert cloud.colours.dtype == np.uint8
    assert (cloud.colours[:, 2] == 60).all()
    assert np.allclose(cloud.points[:, 2], 0.8)
    low, high = cloud.bounds
    assert np.allclose(high - low, [37 * 0.8 / 200, 27 * 0.8 / 200, 0], atol=1e-6)
    assert np.allclose(cloud.centroid, [(39.5 - 79.5) * 0.004, (44.5 - 59.5) * 0.004, 0.8], atol=1e-5)


def test_ids_and_scores_are_the_instances_own(table: Table) -> None:
    instances = replace(table.instances, id=np.array([71, 72, 73]))
    assert cut(table, 2, instances=instances).id == 72


def test_flying_pixels_and_spilled_masks_leave_only_the_thing(table: Table) -> None:
    """Depth averaged over 5 x 5 px puts points between box and table; the mask is 4 px too wide."""
    depth = cv2.blur(table.depth, (5, 5))
    wide = cv2.dilate(table.instances.label_image, np.ones((9, 9), np.uint8))
    instances = Instances.from_label_image(wide)
    clean = cut(table, 1, depth=depth, instances=instances)
    assert (clean.points[:, 2] < 0.85).all()
    assert len(clean.points) >= 36 * 26 - 4
    assert clean.measured_points == 48 * 38


def test_holes_in_depth_are_left_out(table: Table) -> None:
    depth = table.depth.copy()
    depth[40:45, 30:40] = 0
    depth[50:52, 30:32] = np.nan
    cloud = cut(table, 1, depth=depth)
    assert cloud.measured_points == 40 * 30 - 50 - 4
    assert np.isfinite(cloud.points).all()
    assert (cloud.points[:, 2] > 0.7).all()


def test_too_few_points_are_a_typed_refusal(table: Table) -> None:
    with pytest.raises(TooFewPointsError, match=r"instance 3 has \d+ clean points of 25 measured") as caught:
        cut(table, 3, CloudSettings())
    assert "\n" not in str(caught.value)
    for depth in (np.zeros_like(table.depth), np.full_like(table.depth, np.nan)):
        with pytest.raises(TooFewPointsError, match="0 clean points of 0 measured"):
            cut(table, 1, depth=depth)


def test_an_instance_at_the_image_border_and_one_that_fills_it(table: Table) -> None:
    label = np.ones_like(table.instances.label_image)
    whole = cut(table, 1, instances=Instances.from_label_image(label), depth=np.ones_like(table.depth))
    assert len(whole.points) >= 118 * 158 - 4


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"depth": np.ones((119, 160), np.float32)}, r"depth is \(119, 160\)"),
        ({"depth": np.ones((120, 160), np.uint16)}, "metres in float"),
        ({"image": np.zeros((120, 160), np.uint8)}, r"image is \(120, 160\)"),
        ({"image": np.zeros((120, 160, 3), np.float32)}, "unsigned integers"),
        ({"camera": Camera(200, 200, 80, 60, 320, 240)}, "depth is"),
        ({"instances": Instances.empty(60, 80)}, r"label image is \(60, 80\)"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(table: Table, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        cut(table, 1, **changed)


@pytest.mark.parametrize("label", [0, 4, -1])
def test_there_is_no_such_label(table: Table, label: int) -> None:
    with pytest.raises(InputError, match="of 3 instances"):
        cut(table, label)


def test_thinning_keeps_the_first_point_of_each_voxel() -> None:
    points = np.array([[0, 0, 0], [0.004, 0, 0], [0.012, 0, 0], [0, 0, 1], [0.001, 0.001, 1]], np.float32)
    assert thinned(points, 0.01).tolist() == [0, 2, 3]
    assert thinned(np.zeros((0, 3), np.float32), 0.01).tolist() == []


@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 5e5]))
def test_thinning_keeps_one_point_a_voxel_however_far_they_lie_apart(seed: int, extent: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 4, (60, 3)).astype(np.float32) * np.float32(extent)
    cells = ((points - points.min(0)) * np.float32(1 / 1.0)).astype(np.int64)
    first = {tuple(cell): k for k, cell in reversed(list(enumerate(cells.tolist())))}
    assert thinned(points, 1.0).tolist() == sorted(first.values())


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1))
def test_packed_colours_are_read_back(colours: list[tuple[int, int, int]]) -> None:
    bits = pack_colours(np.array(colours, np.uint8)).view(np.uint32)
    assert [(int(b) >> 16, int(b) >> 8 & 255, int(b) & 255) for b in bits] == colours


def test_real_scenes_lose_little(shared_dir: Path) -> None:
    """OSD with its true masks: nearly every measured point stays."""
    dataset = FolderDataset(shared_dir / "realdata" / "osd-learn")
    for frame in (dataset[18], dataset[33]):
        assert frame.depth is not None
        assert frame.camera is not None
        assert frame.label is not None
        instances = Instances.from_label_image(relabel(np.where(frame.label >= 2, frame.label, 0)))
        for instance in instances:
            cloud = instance_cloud(
                frame.depth, frame.camera, frame.image, instances, instance.label, CloudSettings()
            )
            assert len(cloud.points) > 0.85 * cloud.measured_points
