"""Live frames."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from uois_sam.errors import InputError

SIZE = (96, 128)


def test_camera_moves_and_changes_the_table(renderer_backend: str, lights_dir: Path) -> None:
    from uois_sam.datasets.synthetic.live import SyntheticCamera

    camera = SyntheticCamera(5, size=SIZE, frames_per_scene=3, families="train", cache_dir=lights_dir)
    frames = list(islice(camera, 4))
    camera.close()
    poses = [frame.camera_pose for frame in frames]
    assert 0.01 < np.linalg.norm(poses[0][:3, 3] - poses[1][:3, 3]) < 1.5
    shared = frames[0].objects.keys() & frames[1].objects.keys()
    assert all(frames[0].objects[k] == frames[1].objects[k] for k in shared)
    assert frames[3].color.shape == (*SIZE, 3)
    assert not np.array_equal(frames[2].label, frames[3].label)
    assert (frames[0].depth == 0).any()
    assert all(frame.camera == camera.camera for frame in frames)


def test_exact_depth_where_no_sensor_is_wanted(renderer_backend: str, lights_dir: Path) -> None:
    from uois_sam.datasets.synthetic.live import SyntheticCamera

    camera = SyntheticCamera(5, size=SIZE, families="train", sensor=None, cache_dir=lights_dir)
    frame = next(camera)
    camera.close()
    assert (frame.depth > 0).all()


def test_bad_arguments_are_refused(renderer_backend: str) -> None:
    from uois_sam.datasets.synthetic.live import SyntheticCamera

    with pytest.raises(InputError, match="frames_per_scene is 0"):
        SyntheticCamera(frames_per_scene=0)


def test_renderer_says_which_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mujoco", reason="mujoco is not installed: there is no renderer to fail")
    from uois_sam.datasets.synthetic import render

    def fail(height: int, width: int) -> None:
        raise RuntimeError("no driver\nmore words")

    monkeypatch.setattr(render, "_Filament", fail)
    monkeypatch.setattr(render, "_Classic", fail)
    with pytest.raises(render.RendererError, match=r"no driver.*mesa-vulkan-drivers.*libegl1") as caught:
        render.Renderer(SIZE)
    assert "\n" not in str(caught.value)


def test_nothing_is_drawn_before_a_scene_is_loaded(renderer_backend: str) -> None:
    from uois_sam.datasets.synthetic.render import Renderer, RendererError
    from uois_sam.types import Camera

    renderer = Renderer(SIZE)
    with pytest.raises(RendererError, match="load"):
        renderer.render(Camera(100, 100, 63.5, 47.5, 128, 96), np.eye(4))
    renderer.close()
