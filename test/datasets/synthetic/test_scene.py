"""Scenes come to rest on the table without interpenetration."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="mujoco is not installed: synthetic tables cannot be settled")

from uois_sam.datasets.synthetic.families import HELDOUT_FAMILIES, TRAINING_FAMILIES
from uois_sam.datasets.synthetic.layout import plan
from uois_sam.datasets.synthetic.scene import DEEPEST, Scene, SceneRejectedError, build_scene
from uois_sam.datasets.synthetic.viewpoints import draw_camera, draw_viewpoint, look_at, orbit


def _first_good(seed: int, families: dict) -> Scene:
    for attempt in range(40):
        try:
            return build_scene(np.random.default_rng([seed, attempt]), families, [])
        except SceneRejectedError:
            continue
    raise AssertionError(f"no good scene of seed {seed}")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("families", [TRAINING_FAMILIES, HELDOUT_FAMILIES], ids=["train", "heldout"])
def test_scene_is_at_rest_and_does_not_interpenetrate(seed: int, families: dict) -> None:
    scene = _first_good(seed, families)
    assert len(scene.objects) >= 2
    on_table = scene.data.qpos.reshape(-1, 7)[:, 2] > -0.02
    assert on_table.sum() == len(scene.objects)
    speeds = np.abs(scene.data.qvel.reshape(-1, 6)[on_table])
    assert speeds.max() < 0.05
    depths = scene.data.contact.dist[: scene.data.ncon]
    bodies = scene.model.geom_bodyid[scene.data.contact.geom[: scene.data.ncon]]
    kept = np.r_[True, on_table][bodies].all(1)
    assert not kept.any() or depths[kept].min() > -DEEPEST


def test_geoms_know_their_instance_and_part() -> None:
    scene = _first_good(3, TRAINING_FAMILIES)
    assert set(scene.instance_of_geom) == {0, *scene.objects}
    assert ((scene.part_of_geom > 0) == (scene.instance_of_geom > 0)).all()
    for instance, info in scene.objects.items():
        parts = scene.part_of_geom[scene.instance_of_geom == instance]
        assert set(parts) == set(range(1, len(info.parts) + 1))


@pytest.mark.parametrize("seed", range(10))
def test_plan_puts_everything_over_the_table(seed: int) -> None:
    placements = plan(np.random.default_rng(seed), TRAINING_FAMILIES, (0.5, 0.4))
    assert placements
    for index, placement in enumerate(placements):
        assert (np.abs(placement.position[:2]) <= (0.47, 0.37)).all()
        assert placement.position[2] > -0.01
        assert np.linalg.norm(placement.quaternion) == pytest.approx(1)
        if placement.twin is not None:
            assert placement.twin < index
            assert placements[placement.twin].twin is None
            assert placements[placement.twin].family == placement.family


def test_look_at_sees_its_target_in_the_middle() -> None:
    pose = look_at([1, 2, 3], [0.5, 0, 0.2])
    rotation = pose[:3, :3]
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    seen = rotation.T @ (np.array([0.5, 0, 0.2]) - pose[:3, 3])
    np.testing.assert_allclose(seen[:2], 0, atol=1e-12)
    assert seen[2] > 0
    assert rotation[2, 1] < 0  # image rows run downwards in the world


def test_viewpoints_stay_in_the_room_and_in_range() -> None:
    scene = _first_good(4, TRAINING_FAMILIES)
    rng = np.random.default_rng(0)
    for azimuth in np.linspace(0, 6, 7):
        pose = draw_viewpoint(rng, scene.room, scene.focus, azimuth)
        assert scene.room.holds(pose[:3, 3], 0.05)
        assert 0.3 < np.linalg.norm(pose[:3, 3] - scene.focus) < 1.5
    for pose in orbit(rng, scene.room, scene.focus, 12):
        assert pose[2, 3] > 0.2


def test_camera_has_its_principal_point_in_the_middle() -> None:
    camera = draw_camera(np.random.default_rng(0), (240, 320))
    assert (camera.cx, camera.cy) == (159.5, 119.5)
    assert camera.fx == camera.fy
