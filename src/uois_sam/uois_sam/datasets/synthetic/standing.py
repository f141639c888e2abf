"""Where the objects of a settled scene stand, how large they are, and what touches what."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.room import VISIBLE
from uois_sam.datasets.synthetic.scene import Scene
from uois_sam.types import Camera

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """One object at rest.

    Attributes:
        label: its instance id. index: of its free body, so that its pose is qpos[7 * index : 7 * index + 7].
        position: (3,) of its body, quaternion: (4,) (w, x, y, z); metres, world.
        points: (N, 3) corners of its meshes relative to `position`, world axes.
        alone: whether it touches the table only.
    """

    label: int
    index: int
    position: Array
    quaternion: Array
    points: Array
    alone: bool

    def at(self, pose: Array) -> Array:
        """(N, 3) its corners, world, at another pose (7,): x, y, z and quaternion."""
        now, then = np.zeros(9), np.zeros(9)
        mujoco.mju_quat2Mat(now, pose[3:])
        mujoco.mju_quat2Mat(then, self.quaternion)
        return np.asarray(self.points @ then.reshape(3, 3) @ now.reshape(3, 3).T + pose[:3])

    @property
    def middle(self) -> Array:
        """(3,) middle of its bounding box relative to `position`."""
        return (self.points.min(0) + self.points.max(0)) / 2

    @property
    def radius(self) -> float:
        """Metres, of the sphere about its middle that holds it."""
        return float(np.linalg.norm(self.points - self.middle, axis=1).max())

    @property
    def footprint(self) -> float:
        """Metres, of the upright cylinder about its middle that holds it."""
        return float(np.linalg.norm((self.points - self.middle)[:, :2], axis=1).max())

    @property
    def narrowness(self) -> float:
        """Half of the middle one of the three sides of its bounding box, metres: about what it can hide."""
        return float(np.sort(np.ptp(self.points, axis=0))[1] / 2)


def standing_objects(scene: Scene) -> list[Standing]:
    """The objects of a scene at rest, by label."""
    model, data = scene.model, scene.data
    mujoco.mj_forward(model, data)
    touching = _touching_another(scene)
    found = {}
    for geom in np.flatnonzero(scene.instance_of_geom[1:]):
        label, body = int(scene.instance_of_geom[geom + 1]), int(model.geom_bodyid[geom])
        found[label] = body - 1
    result = []
    for label, index in sorted(found.items()):
        pose = data.qpos[7 * index : 7 * index + 7].copy()
        points = _corners(model, data, index + 1) - pose[:3]
        result.append(Standing(label, index, pose[:3], pose[3:], points, index + 1 not in touching))
    return result


def _touching_another(scene: Scene) -> set[int]:
    """Bodies that touch another object."""
    contacts = scene.data.contact.geom[: scene.data.ncon]
    bodies = scene.model.geom_bodyid[contacts] if len(contacts) else np.zeros((0, 2), int)
    return {int(body) for pair in bodies if pair.min() > 0 for body in pair}


def _corners(model: mujoco.MjModel, data: mujoco.MjData, body: int) -> Array:
    """(N, 3) vertices of a body's visible meshes, world."""
    first, count = int(model.body_geomadr[body]), int(model.body_geomnum[body])
    parts = []
    for geom in range(first, first + count):
        if model.geom_group[geom] == VISIBLE:
            mesh = int(model.geom_dataid[geom])
            start, number = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
            vertices = model.mesh_vert[start : start + number].astype(float)
            parts.append(vertices @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom])
    return np.concatenate(parts)


def pixels(camera: Camera, pose: Array, points: Array) -> Array:
    """(M, 2) u, v of those of the world points (N, 3) that are in the image and before the camera."""
    seen = (points - pose[:3, 3]) @ pose[:3, :3]
    seen = seen[seen[:, 2] > 0.01]
    uv = seen[:, :2] / seen[:, 2:] * [camera.fx, camera.fy] + [camera.cx, camera.cy]
    return uv[((uv > -0.5) & (uv < [camera.width - 0.5, camera.height - 0.5])).all(1)]
