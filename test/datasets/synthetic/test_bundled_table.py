"""The bundled sequence, the default input of the demo."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import uois_sam
from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.synthetic.families import HELDOUT_FAMILIES

TABLE = Path(uois_sam.__file__).parent / "datasets" / "bundled" / "table"


def test_it_is_small_enough_to_keep() -> None:
    assert sum(p.stat().st_size for p in TABLE.rglob("*") if p.is_file()) < 4_500_000


def test_every_frame_shows_many_objects_well_exposed() -> None:
    dataset = FolderDataset(TABLE)
    assert len(dataset) == 24
    for frame in dataset:
        assert frame.image.shape == (480, 640, 3)
        assert 60 < frame.image.mean() < 190
        assert frame.label is not None
        areas = np.bincount(frame.label.ravel())[1:]
        assert (areas > 400).sum() >= 8
        assert frame.depth is not None
        assert (frame.depth > 0).mean() > 0.8


def test_its_objects_are_of_held_out_families() -> None:
    poses = json.loads((TABLE / "poses.json").read_text())
    assert {o["family"] for o in poses["objects"].values()} <= set(HELDOUT_FAMILIES)


def test_depth_and_poses_agree_on_the_table() -> None:
    dataset = FolderDataset(TABLE)
    poses = json.loads((TABLE / "poses.json").read_text())["frames"]
    v, u = np.mgrid[:480, :640]
    for frame in dataset[::6]:
        assert frame.camera is not None
        assert frame.depth is not None
        camera, z = frame.camera, frame.depth
        points = np.stack([(u - camera.cx) / camera.fx * z, (v - camera.cy) / camera.fy * z, z], -1)
        *normal, offset = poses[frame.name]["table_plane"]
        height = points @ np.array(normal) + offset
        table = (frame.label == 0) & (z > 0) & (np.abs(height) < 0.015)
        assert table.mean() > 0.3
        assert abs(np.median(height[table])) < 0.001
        pose = np.array(poses[frame.name]["camera_pose"])
        np.testing.assert_allclose(np.r_[pose[2, :3], pose[2, 3]], [*normal, offset], atol=1e-9)
