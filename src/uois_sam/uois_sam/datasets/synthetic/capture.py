"""From a seed to frames: draw scenes until one is good, then look at it from good viewpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from uois_sam.datasets.synthetic.objects import Family
from uois_sam.datasets.synthetic.render import RenderedFrame, Renderer, View, photograph
from uois_sam.datasets.synthetic.scene import Scene, SceneRejectedError, build_scene
from uois_sam.datasets.synthetic.viewpoints import draw_camera, draw_viewpoint

Rng = np.random.Generator
SCENE_ATTEMPTS = 40
_VIEW_ATTEMPTS = 12
LEAST_OBJECTS = 2
_LEAST_AREA = 0.0012  # share of the image that an object needs to count as visible
_NEAREST = 0.25  # metres; anything nearer stands in the camera's way
_BRIGHTNESS = (40.0, 205.0)  # mean grey value
_MOST_CLIPPED = 0.3  # share of white pixels


def scene_rng(seed: int, index: int, attempt: int = 0) -> Rng:
    """The generator of all that is random in scene `index` of a data set, for its attempt-th draw."""
    return np.random.default_rng([seed, index, attempt])


def capture(
    renderer: Renderer,
    families: Mapping[str, Family],
    panoramas: list[Path],
    seed: int,
    index: int,
    views: int,
) -> list[RenderedFrame]:
    """`views` frames of scene `index`, which depend on seed and index only.

    Raises:
        SceneRejectedError: none of many draws gives a good scene.
    """
    for attempt in range(SCENE_ATTEMPTS):
        rng = scene_rng(seed, index, attempt)
        try:
            scene = build_scene(rng, families, panoramas, LEAST_OBJECTS)
            return _views(rng, renderer, scene, views)
        except SceneRejectedError:
            continue
    raise SceneRejectedError(
        f"scene {index} of seed {seed}: {SCENE_ATTEMPTS} draws gave no good scene; take another seed"
    )


def _views(rng: Rng, renderer: Renderer, scene: Scene, count: int) -> list[RenderedFrame]:
    renderer.load(scene)
    start = rng.uniform(0, 2 * np.pi)
    frames = []
    for k in range(count):
        view = _good_view(rng, renderer, scene, start + k * 2 * np.pi / count)
        frame = renderer.shoot(view)
        if not well_exposed(frame):
            raise SceneRejectedError("a frame is too dark or too bright")
        frames.append(with_camera_noise(rng, frame))
    return frames


def well_exposed(frame: RenderedFrame) -> bool:
    low, high = _BRIGHTNESS
    clipped = float((frame.color.min(2) > 250).mean())
    return low <= float(frame.color.mean()) <= high and clipped < _MOST_CLIPPED


def with_camera_noise(rng: Rng, frame: RenderedFrame) -> RenderedFrame:
    """The frame with a colour camera's blur and noise."""
    return replace(frame, color=photograph(rng, frame.color))


def _good_view(rng: Rng, renderer: Renderer, scene: Scene, azimuth: float) -> View:
    for _ in range(_VIEW_ATTEMPTS):
        camera = draw_camera(rng, renderer.size)
        view = renderer.look(camera, draw_viewpoint(rng, scene.room, scene.focus, azimuth))
        if shows_objects(view, LEAST_OBJECTS):
            return view
    raise SceneRejectedError("no viewpoint shows the objects")


def shows_objects(view: View, least: int) -> bool:
    """Whether at least `least` objects are visible and nothing stands right before the camera."""
    areas = np.bincount(view.label.ravel())[1:]
    return int((areas > _LEAST_AREA * view.label.size).sum()) >= least and float(view.depth.min()) > _NEAREST
