"""A settled synthetic table: objects, room and lights as a MuJoCo model with its state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.colliders import Collider
from uois_sam.datasets.synthetic.layout import STYLES, Placement, plan
from uois_sam.datasets.synthetic.materials import add_material
from uois_sam.datasets.synthetic.objects import Family
from uois_sam.datasets.synthetic.room import COLLIDING, VISIBLE, Room, add_lights, add_mesh, add_room
from uois_sam.errors import UoisSamError

Rng = np.random.Generator
DEEPEST = 0.005  # metres, deepest interpenetration that a scene may have
_TIMESTEP = 0.002
_AT_REST = 0.04  # m/s and rad/s
_BLOCK = 50  # steps between looks at the speeds
_GONE = np.array([50.0, 50.0, -50.0])  # where a removed object is put
_GEOMS = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}


class SceneRejectedError(UoisSamError):
    """The drawn scene does not come to rest, interpenetrates or keeps too few objects; draw another."""


@dataclass(frozen=True)
class ObjectInfo:
    """family: name in the table of families. parts: names; part k of the part image is parts[k - 1]."""

    family: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """model, data: MuJoCo's, at rest. World frame: z up, table top z = 0, metres.

    objects: instance id (1 ..) -> what it is; ids hold for every view of the scene.
    instance_of_geom, part_of_geom: (ngeom + 1,) uint16 by geom id + 1; entry 0 and scenery are 0.
    focus: (3,) middle of the objects.
    """

    model: mujoco.MjModel
    data: mujoco.MjData
    objects: dict[int, ObjectInfo]
    instance_of_geom: NDArray[np.uint16]
    part_of_geom: NDArray[np.uint16]
    room: Room
    focus: NDArray[np.float64]


def build_scene(
    rng: Rng,
    families: Mapping[str, Family],
    panoramas: list[Path],
    least_objects: int = 2,
    styles: Sequence[str] = STYLES,
) -> Scene:
    """Draw a table of objects and let it settle.

    panoramas: image lights for Filament; empty for the classic renderer.
    styles: how the table is laid, see `plan`.

    Raises:
        SceneRejectedError: this draw does not make a good scene; draw again.
    """
    spec = _new_spec()
    room = add_room(rng, spec)
    placements = plan(rng, families, room.table_half, styles)
    if len(placements) < least_objects:
        raise SceneRejectedError(f"only {len(placements)} objects are laid; at least {least_objects} are wanted")
    part_ids = _add_objects(rng, spec, placements)
    add_lights(rng, spec, panoramas)
    spec.worldbody.add_camera(name="camera")
    try:
        model = spec.compile()
    except ValueError as error:
        raise SceneRejectedError(f"MuJoCo refuses the drawn scene: {error}") from error
    data = mujoco.MjData(model)
    alive = settle(model, data, len(placements))
    if alive.sum() < least_objects:
        raise SceneRejectedError(
            f"only {alive.sum()} objects stay on the table; at least {least_objects} are wanted"
        )
    return _labelled(model, data, placements, part_ids, alive, room)


def _new_spec() -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    spec.visual.map.znear, spec.visual.map.zfar = 0.02, 30
    spec.visual.quality.shadowsize = 1024
    spec.visual.global_.offwidth = spec.visual.global_.offheight = 2048
    spec.stat.extent = 1
    spec.stat.center = [0, 0, 0]
    spec.option.timestep = _TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.iterations = 20
    return spec


def _add_objects(rng: Rng, spec: mujoco.MjSpec, placements: list[Placement]) -> list[list[tuple[str, int]]]:
    """Add a free body per placement; returns (part name, 1-based part id) of each one's visible geoms in order."""
    meshes: list[list[str]] = []
    materials: list[list[str]] = []
    ids = []
    for index, placement in enumerate(placements):
        model = placement.model
        if placement.twin is None:
            by_kind: dict[tuple[str, str], str] = {}
            for part in model.parts:
                shared = (
                    ("", part.material)
                    if part.material in ("ceramic", "metal", "light")
                    else (part.name, part.material)
                )
                if shared not in by_kind:
                    by_kind[shared] = add_material(rng, spec, part.material)
                # A part of the same kind elsewhere on the object has the same surface.
                by_kind[(part.name, part.material)] = by_kind[shared]
            materials.append([by_kind[(p.name, p.material)] for p in model.parts])
            meshes.append([add_mesh(spec, p.mesh) for p in model.parts])
        else:
            materials.append(materials[placement.twin])
            meshes.append(meshes[placement.twin])
        body = spec.worldbody.add_body(name=f"object{index}", pos=placement.position, quat=placement.quaternion)
        body.add_freejoint()
        for mesh, material in zip(meshes[-1], materials[-1], strict=True):
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_MESH,
                meshname=mesh,
                material=material,
                contype=0,
                conaffinity=0,
                group=VISIBLE,
                mass=0,
            )
        _add_colliders(body, model.colliders, meshes[-1][0])
        names = list(dict.fromkeys(p.name for p in model.parts))
        ids.append([(p.name, names.index(p.name) + 1) for p in model.parts])
    return ids


def _add_colliders(body: mujoco.MjsBody, colliders: tuple[Collider, ...], hull_mesh: str) -> None:
    surface = {"friction": [0.8, 0.01, 0.001], "condim": 4, "group": COLLIDING, "rgba": [0, 0, 0, 0]}
    contact = {"solref": [0.008, 1.0]}
    if not colliders:
        body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=hull_mesh, mass=0.15, **surface, **contact)
    for collider in colliders:
        body.add_geom(
            type=_GEOMS[collider.kind],
            size=np.maximum(collider.size, 1e-4),
            pos=collider.position,
            quat=collider.quaternion,
            mass=0.15 / len(colliders),
            **surface,
            **contact,
        )


def settle(model: mujoco.MjModel, data: mujoco.MjData, count: int) -> NDArray[np.bool_]:
    """Run the physics until the first `count` bodies rest; returns which of them stay on the table, (count,) bool.

    An object that falls off, does not come to rest, or stays deeper than `DEEPEST` in another one is removed.

    Raises:
        SceneRejectedError: after some rounds of removal, objects still move or interpenetrate.
    """
    alive = np.ones(count, bool)
    for _ in range(4):
        _run(model, data, alive)
        removed = _fallen(data, alive) | _moving(data, alive) | _intruders(model, data, alive)
        if not removed.any():
            return alive
        for index in np.flatnonzero(removed):
            data.qpos[7 * index : 7 * index + 3] = _GONE + np.array([5.0 * index, 0, 0])
            data.qvel[6 * index : 6 * index + 6] = 0
        alive &= ~removed
        mujoco.mj_forward(model, data)
    raise SceneRejectedError("the drawn objects do not come to rest, or interpenetrate")


def _run(model: mujoco.MjModel, data: mujoco.MjData, alive: NDArray[np.bool_]) -> None:
    """Step until the objects on the table rest, at most 1.8 s of simulated time, damped in the later half."""
    for block in range(18):
        mujoco.mj_step(model, data, nstep=_BLOCK)
        if block >= 2 and not (_moving(data, alive) & ~_fallen(data, alive)).any():
            return
        if block > 6:
            data.qvel[:] *= 0.5


def _moving(data: mujoco.MjData, alive: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return alive & (np.abs(data.qvel.reshape(-1, 6)).max(1) > _AT_REST)


def _fallen(data: mujoco.MjData, alive: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return alive & (data.qpos.reshape(-1, 7)[:, 2] < -0.02)


def _intruders(model: mujoco.MjModel, data: mujoco.MjData, alive: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The later object of every pair (or of an object and the table) that is too deep in the other."""
    found = np.zeros_like(alive)
    if not data.ncon:
        return found
    deep = data.contact.dist[: data.ncon] < -DEEPEST
    for first, second in data.contact.geom[: data.ncon][deep]:
        index = max(model.geom_bodyid[first], model.geom_bodyid[second]) - 1
        found[index] = alive[index]
    return found


def _labelled(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    placements: list[Placement],
    part_ids: list[list[tuple[str, int]]],
    alive: NDArray[np.bool_],
    room: Room,
) -> Scene:
    instance_of_geom = np.zeros(model.ngeom + 1, np.uint16)
    part_of_geom = np.zeros(model.ngeom + 1, np.uint16)
    objects: dict[int, ObjectInfo] = {}
    for index in np.flatnonzero(alive):
        instance = len(objects) + 1
        first = int(model.body_geomadr[index + 1])
        for offset, (_, part) in enumerate(part_ids[index]):
            instance_of_geom[first + offset + 1] = instance
            part_of_geom[first + offset + 1] = part
        names = tuple(dict.fromkeys(name for name, _ in part_ids[index]))
        objects[instance] = ObjectInfo(placements[index].family, names)
    focus = data.qpos.reshape(-1, 7)[alive, :3].mean(0) * [1, 1, 0.6]
    return Scene(model, data, objects, instance_of_geom, part_of_geom, room, focus)
