"""A camera that swings about synthetic tables: the source of live frames where there is no camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.capture import (
    LEAST_OBJECTS,
    SCENE_ATTEMPTS,
    scene_rng,
    shows_objects,
    well_exposed,
    with_camera_noise,
)
from uois_sam.datasets.synthetic.families import family_table
from uois_sam.datasets.synthetic.files import default_cache_dir
from uois_sam.datasets.synthetic.image_light import image_lights
from uois_sam.datasets.synthetic.render import Backend, RenderedFrame, Renderer
from uois_sam.datasets.synthetic.scene import SceneRejectedError, build_scene
from uois_sam.datasets.synthetic.sensor import DepthSensor, simulate_depth
from uois_sam.datasets.synthetic.viewpoints import orbit, usual_camera
from uois_sam.errors import InputError

LIVE_SENSOR = DepthSensor(
    edge_jitter=0.6, baseline=0.05, torn_edges=0.3, noise=0.0008, quantisation=0.0028, blind_margins=(4, 0)
)
"""A good structured-light camera."""


class SyntheticCamera(Iterator[RenderedFrame]):
    """Endless frames of a moving camera; after `frames_per_scene` of them the table is laid anew.

    Frame n of a seed is always the same. The intrinsics are the same for all frames.

    Args:
        size: (height, width) px. families: "train" or "heldout". backend: "auto", "filament" or "classic".
        sensor: what measures the depth; None for exact depth.
        cache_dir: where image lights are kept; the user's cache folder by default.

    Raises:
        InputError: an argument cannot be used. RendererError: no renderer works here.
        SceneRejectedError: on drawing, where the seed gives no good scene.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        size: tuple[int, int] = (480, 640),
        frames_per_scene: int = 60,
        families: str = "heldout",
        backend: Backend = "auto",
        sensor: DepthSensor | None = LIVE_SENSOR,
        least_objects: int = LEAST_OBJECTS,
        cache_dir: Path | None = None,
    ) -> None:
        if frames_per_scene < 1:
            raise InputError(f"frames_per_scene is {frames_per_scene}; give 1 or more")
        self._families = family_table(families)
        self._renderer = Renderer(size, backend)
        lights = self._renderer.backend == "filament"
        self._panoramas = image_lights(cache_dir or default_cache_dir()) if lights else []
        self._seed, self._frames_per_scene, self._sensor = seed, frames_per_scene, sensor
        self._least_objects = least_objects
        self._count = 0
        self._poses: list[NDArray[np.float64]] = []
        self.camera = usual_camera(size)

    def __next__(self) -> RenderedFrame:
        scene, step = divmod(self._count, self._frames_per_scene)
        if step == 0:
            self._lay_table(scene)
        rng = np.random.default_rng([self._seed, self._count, 1])
        frame = self._renderer.render(self.camera, self._poses[step])
        self._count += 1
        depth = (
            frame.depth if self._sensor is None else simulate_depth(frame.depth, self.camera, rng, self._sensor)
        )
        return replace(with_camera_noise(rng, frame), depth=depth)

    def _lay_table(self, index: int) -> None:
        """Load the first scene that shows enough objects, well exposed, from both ends of the camera's swing."""
        for attempt in range(SCENE_ATTEMPTS):
            rng = scene_rng(self._seed, index, attempt)
            try:
                scene = build_scene(rng, self._families, self._panoramas, self._least_objects)
            except SceneRejectedError:
                continue
            self._renderer.load(scene)
            self._poses = orbit(rng, scene.room, scene.focus, self._frames_per_scene)
            looks = [
                self._renderer.look(self.camera, pose) for pose in self._poses[:: max(1, len(self._poses) // 4)]
            ]
            if all(shows_objects(v, self._least_objects) for v in looks) and well_exposed(
                self._renderer.shoot(looks[0])
            ):
                return
        raise SceneRejectedError(
            f"scene {index} of seed {self._seed}: no draw gave a good scene; take another seed"
        )

    def close(self) -> None:
        """Give the renderer back; no more frames after this."""
        self._renderer.close()
