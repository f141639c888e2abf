"""Moves objects of a settled scene: some as they are told, all others by physics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.scene import DEEPEST, Scene, SceneRejectedError

Array = NDArray[np.float64]
_SLOW = 0.05  # m/s and rad/s, the fastest that an object may still move before the first frame
_SETTLE_STEPS = 400
_PARKED = np.array([50.0, 0.0, -50.0])  # where an object is while it is not in the scene
_FALLEN = -0.02  # metres below the table top


@dataclass(frozen=True)
class Slide:
    """An object that is pushed over the table; it keeps upright, and pushes what it meets.

    index: of the object's free body. start, count: physics steps. shift: (2,) metres in all, world x and y.
    """

    index: int
    start: int
    count: int
    shift: Array

    def velocity(self, step: int, timestep: float) -> Array:
        """(2,) m/s; it rises and falls like a cosine."""
        phase = 2 * np.pi * (step - self.start) / self.count
        return np.asarray(self.shift / (self.count * timestep) * (1 - np.cos(phase)))


@dataclass(frozen=True)
class Carry:
    """An object that is carried along a path with its orientation kept.

    index: of the object's free body. start: physics step of the first position. path: (K, 3) metres, one position
    of the body a step.
    absent_before, absent_after: it is not in the scene before the path, or after it.
    """

    index: int
    start: int
    path: Array
    absent_before: bool = False
    absent_after: bool = False

    def holds(self, step: int) -> bool:
        """Whether the object is on its path or not in the scene, and not left to physics."""
        place = step - self.start
        return self.absent_before if place < 0 else place < len(self.path) or self.absent_after


def simulate(
    scene: Scene, slides: Sequence[Slide], carries: Sequence[Carry], frames: int, steps_per_frame: int
) -> Array:
    """(frames, 7 * objects) poses of all objects at each frame, as `MjData.qpos`; the scene's own data is used up.

    Raises:
        SceneRejectedError: objects interpenetrate, fall off the table, or do not come to rest when those that are
            not there at first are taken away.
    """
    model, data = scene.model, scene.data
    quaternions = {carry.index: data.qpos[7 * carry.index + 3 : 7 * carry.index + 7].copy() for carry in carries}
    present = _present(scene)
    _settle(scene, present, [carry.index for carry in carries if carry.absent_before])
    result = np.zeros((frames, model.nq))
    for step in range((frames - 1) * steps_per_frame + 1):
        _drive(scene, slides, carries, quaternions, step)
        frame, within = divmod(step, steps_per_frame)
        if within == 0:
            result[frame] = data.qpos
        mujoco.mj_step(model, data)
        if within == 0:
            held = [carry.index for carry in carries if carry.holds(step)]
            _check(scene, np.setdiff1d(present, held), frame)
    return result


def _settle(scene: Scene, present: NDArray[np.int64], absent: list[int]) -> None:
    model, data = scene.model, scene.data
    for _ in range(_SETTLE_STEPS):
        _park(scene, absent)
        mujoco.mj_step(model, data)
    if (np.abs(data.qvel.reshape(-1, 6)[np.setdiff1d(present, absent)]) > _SLOW).any():
        raise SceneRejectedError("objects do not come to rest when others are taken away")


def _present(scene: Scene) -> NDArray[np.int64]:
    """Indices of the bodies that have a label."""
    geoms = np.flatnonzero(scene.instance_of_geom[1:])
    return np.unique(scene.model.geom_bodyid[geoms].astype(np.int64)) - 1


def _park(scene: Scene, indices: list[int]) -> None:
    for index in indices:
        scene.data.qpos[7 * index : 7 * index + 3] = _PARKED + np.array([5.0 * index, 0, 0])
        scene.data.qvel[6 * index : 6 * index + 6] = 0


def _drive(
    scene: Scene, slides: Sequence[Slide], carries: Sequence[Carry], quaternions: dict[int, Array], step: int
) -> None:
    """Set what is moved on purpose, or not in the scene, for one step."""
    data, timestep = scene.data, scene.model.opt.timestep
    for slide in slides:
        if slide.start <= step < slide.start + slide.count:
            velocity = data.qvel[6 * slide.index : 6 * slide.index + 6]
            velocity[:2] = slide.velocity(step, timestep)
            velocity[3:] = 0
    for carry in carries:
        if not carry.holds(step):
            continue
        index, place = carry.index, step - carry.start
        if 0 <= place < len(carry.path):
            following = carry.path[min(place + 1, len(carry.path) - 1)]
            pose, velocity = data.qpos[7 * index : 7 * index + 7], data.qvel[6 * index : 6 * index + 6]
            pose[:3], pose[3:] = carry.path[place], quaternions[index]
            velocity[:3], velocity[3:] = (following - carry.path[place]) / timestep, 0
        else:
            _park(scene, [index])


def _check(scene: Scene, on_table: NDArray[np.int64], frame: int) -> None:
    model, data = scene.model, scene.data
    heights = data.qpos.reshape(-1, 7)[on_table, 2]
    if (heights < _FALLEN).any():
        raise SceneRejectedError(f"an object falls off the table before frame {frame}")
    if data.ncon and data.contact.dist[: data.ncon].min() < -DEEPEST:
        deepest = model.geom_bodyid[data.contact.geom[data.contact.dist[: data.ncon].argmin()]]
        raise SceneRejectedError(f"bodies {deepest.tolist()} interpenetrate in frame {frame}")
