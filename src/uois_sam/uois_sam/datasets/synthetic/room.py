"""The surroundings of a table: floor, four walls, clutter beyond the table, lights.

World frame: metres, z up, table top at z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.materials import add_material
from uois_sam.datasets.synthetic.meshes import Mesh, lathe, merge, plain_box, rounded_box
from uois_sam.datasets.synthetic.objects import pick

Rng = np.random.Generator
VISIBLE, COLLIDING = 1, 3  # geom groups: what is rendered, what collides
_TABLE_TOPS = (
    "wood",
    "wood",
    "laminate",
    "laminate",
    "laminate",
    "marble",
    "tiles",
    "check",
    "stripe",
    "weave",
    "speckle",
    "plain",
    "label",
)
_FLOORS = ("wood", "tiles", "tiles", "plain", "speckle", "weave", "laminate", "marble")
_WALLS = ("wall", "wall", "wall", "wall", "plain", "tiles", "stripe", "wood")


@dataclass(frozen=True)
class Room:
    """table_half: half sizes of the table in x and y, metres.

    wall_normals (4, 2), wall_distances (4,): inside is where p[:2] . n < distance.
    """

    table_half: tuple[float, float]
    wall_normals: NDArray[np.float64]
    wall_distances: NDArray[np.float64]

    def holds(self, point: NDArray, margin: float = 0.1) -> bool:
        """Whether a world point is between the walls by `margin` metres."""
        return bool(np.all(self.wall_normals @ point[:2] < self.wall_distances - margin))


def add_mesh(spec: mujoco.MjSpec, mesh: Mesh) -> str:
    """Add a mesh to the spec without its degenerate triangles and return its name."""
    corners = mesh.vertices[mesh.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    kept = area > 1e-12
    name = f"mesh{len(spec.meshes)}"
    spec.add_mesh(
        name=name,
        uservert=mesh.vertices.ravel(),
        userface=mesh.faces[kept].ravel(),
        usertexcoord=mesh.uv.ravel(),
        userfacetexcoord=mesh.uv_faces[kept].ravel(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )
    return name


def _add_scenery(spec: mujoco.MjSpec, mesh: Mesh, material: str) -> None:
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=add_mesh(spec, mesh),
        material=material,
        contype=0,
        conaffinity=0,
        group=VISIBLE,
    )


def _planar_uv(mesh: Mesh, axes: list[int], tile: float) -> Mesh:
    """Texture laid along two axes, one tile every `tile` metres."""
    return mesh.textured(mesh.vertices[:, axes] / tile + 0.5)


def _add_table(rng: Rng, spec: mujoco.MjSpec, half: tuple[float, float]) -> tuple[float, float]:
    """A rectangular table, or a round one of a radius taken from its depth; returns its half sizes."""
    if rng.random() < 0.85:
        top = rounded_box([*half, 0.02], rng.uniform(0.001, 0.005), 3)
        shape, size = mujoco.mjtGeom.mjGEOM_BOX, [*half, 0.05]
    else:
        radius = max(half[1], 0.4)
        half = (radius, radius)
        top = lathe([(0, -0.02), (radius, -0.02), (radius, 0.02), (0, 0.02)], 64)
        shape, size = mujoco.mjtGeom.mjGEOM_CYLINDER, [radius, 0.05, 0]
    top = _planar_uv(top, [0, 1], rng.uniform(0.5, 1.6)).moved([0, 0, -0.02])
    _add_scenery(spec, top, add_material(rng, spec, pick(rng, *_TABLE_TOPS)))
    spec.worldbody.add_geom(type=shape, size=size, pos=[0, 0, -0.05], group=COLLIDING, rgba=[0, 0, 0, 0])
    return half


def add_room(rng: Rng, spec: mujoco.MjSpec) -> Room:
    """Add table, floor, walls and clutter to the spec."""
    on_floor = rng.random() < 0.1
    half = (rng.uniform(0.35, 1.0), rng.uniform(0.3, 0.65))
    height = rng.uniform(0.4, 0.85)
    if on_floor:
        half, height = (2.2, 2.2), 0.04
    half = _add_table(rng, spec, half)
    floor = _planar_uv(plain_box([5, 5, 0.02]), [0, 1], rng.uniform(0.5, 2)).moved([0, 0, -height - 0.02])
    _add_scenery(spec, floor, add_material(rng, spec, pick(rng, *_FLOORS)))
    normals, distances = _add_walls(rng, spec, half, on_floor=on_floor)
    if not on_floor:
        for _ in range(int(rng.integers(1, 9))):
            _add_clutter(rng, spec, half, height)
    return Room(half, normals, distances)


def _add_walls(
    rng: Rng, spec: mujoco.MjSpec, half: tuple[float, float], *, on_floor: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Four walls; now and then one stands right at the table's edge."""
    close = int(rng.integers(4)) if rng.random() < 0.4 and not on_floor else -1
    normals, distances = [], []
    paint = add_material(rng, spec, pick(rng, *_WALLS))
    for side in range(4):
        normal = np.array([np.cos(side * np.pi / 2), np.sin(side * np.pi / 2)]).round()
        edge = half[side % 2]
        distance = edge + rng.uniform(0.005, 0.1) if side == close else max(edge + 0.1, rng.uniform(1.5, 3.2))
        tangent = np.abs(normal[::-1])
        size = 0.02 * np.abs(normal) + 5 * tangent
        mesh = _planar_uv(plain_box([*size, 2.5]), [side % 2 ^ 1, 2], rng.uniform(0.6, 2.5))
        material = paint if rng.random() < 0.7 else add_material(rng, spec, pick(rng, *_WALLS))
        _add_scenery(spec, mesh.moved([*(normal * (distance + 0.02)), 1.0]), material)
        normals.append(normal)
        distances.append(distance)
    return np.array(normals), np.array(distances)


def _chair() -> Mesh:
    legs = [plain_box([0.015, 0.015, 0.22], [x, y, 0.22]) for x in (-0.18, 0.18) for y in (-0.18, 0.18)]
    return merge(
        [*legs, plain_box([0.21, 0.21, 0.02], [0, 0, 0.45]), plain_box([0.02, 0.2, 0.22], [-0.19, 0, 0.72])]
    )


def _shelf(rng: Rng) -> Mesh:
    width, depth, gap = rng.uniform(0.2, 0.5), rng.uniform(0.12, 0.2), rng.uniform(0.2, 0.35)
    boards = [plain_box([width, depth, 0.01], [0, 0, gap * k]) for k in range(5)]
    sides = [plain_box([0.01, depth, gap * 2], [x, 0, gap * 2]) for x in (-width, width)]
    things = []
    for k in range(4):
        for _ in range(int(rng.integers(1, 6))):
            size = rng.uniform(0.02, 0.08, 3)
            things.append(
                rounded_box(size, 0.004, 3).moved([rng.uniform(-0.85, 0.85) * width, 0, gap * k + size[2] + 0.01])
            )
    return merge([*boards, *sides, *things])


def _bin(rng: Rng) -> Mesh:
    top, height = rng.uniform(0.1, 0.2), rng.uniform(0.25, 0.6)
    return lathe(
        [(0, 0), (top * 0.8, 0), (top, height), (top - 0.01, height), (top * 0.8 - 0.01, 0.02), (0, 0.02)], 32
    )


def _add_clutter(rng: Rng, spec: mujoco.MjSpec, half: tuple[float, float], height: float) -> None:
    """One piece of furniture on the floor beyond the table's edge; it may rise above the table top."""
    kind = pick(rng, "box", "box", "box", "chair", "shelf", "bin", "bench")
    if kind == "chair":
        mesh = _chair()
    elif kind == "shelf":
        mesh = _shelf(rng)
    elif kind == "bin":
        mesh = _bin(rng)
    elif kind == "bench":
        size = np.array([rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.4), 0.02])
        top = rng.uniform(0.6, 1.1) * height
        stuff = [
            rounded_box(s := rng.uniform(0.02, 0.12, 3), 0.005, 3).moved(
                [*(rng.uniform(-0.7, 0.7, 2) * size[:2]), top + s[2]]
            )
            for _ in range(int(rng.integers(0, 5)))
        ]
        mesh = merge(
            [plain_box(size, [0, 0, top - 0.02]), plain_box([0.04, 0.04, top / 2], [0, 0, top / 2]), *stuff]
        )
    else:
        size = rng.uniform(0.05, 0.4, 3)
        mesh = rounded_box(size, 0.01).moved([0, 0, size[2] * (1 if rng.random() < 0.6 else rng.uniform(1, 3))])
    reach = float(np.linalg.norm(mesh.vertices[:, :2], axis=1).max())
    side = int(rng.integers(4))
    normal = np.array([np.cos(side * np.pi / 2), np.sin(side * np.pi / 2)]).round()
    across = rng.uniform(-1.0, 1.0) * (half[1 - side % 2] + 0.4)
    place = normal * (half[side % 2] + reach + rng.uniform(0.05, 0.9)) + np.abs(normal[::-1]) * across
    turn = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(turn), np.sin(turn)
    mesh = mesh.rotated([[c, -s, 0], [s, c, 0], [0, 0, 1]]).moved([*place, -height])
    _add_scenery(
        spec,
        mesh,
        add_material(rng, spec, pick(rng, "plain", "wood", "dark", "plastic", "metal", "carton", "light")),
    )


def add_lights(rng: Rng, spec: mujoco.MjSpec, panoramas: list[Path]) -> None:
    """One to three spot lights above the table, and an image light where panoramas are given (physical units)."""
    world = spec.worldbody
    if panoramas:
        image = panoramas[int(rng.integers(len(panoramas)))]
        spec.add_texture(name="panorama", type=mujoco.mjtTexture.mjTEXTURE_2D, file=str(image), nchannel=1)
        kind = mujoco.mjtLightType.mjLIGHT_IMAGE
        world.add_light(type=kind, texture="panorama", intensity=10 ** rng.uniform(4.0, 4.4))
    for k in range(int(rng.integers(1, 4))):
        azimuth, elevation, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.5), rng.uniform(1.0, 2.2)
        direction = np.array(
            [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]
        )
        tint = np.array([1, rng.uniform(0.8, 1), rng.uniform(0.6, 1.05)])
        strength = rng.uniform(0.3, 0.8)
        world.add_light(
            pos=distance * direction,
            dir=-direction,
            type=mujoco.mjtLightType.mjLIGHT_SPOT,
            castshadow=k < 2,
            cutoff=70,
            exponent=1,
            softness=0.5,
            intensity=10 ** rng.uniform(4.2, 4.9),
            bulbradius=rng.uniform(0.01, 0.15),
            range=8,
            diffuse=tint * strength / (tint.max() if panoramas else 1),
            specular=tint * 0.3,
        )
    for name, value in {
        "exposure": float(np.clip(rng.normal(-0.1, 0.25), -0.7, 0.4)),
        "temperature": rng.normal(0, 0.12),
        "contrast": rng.uniform(0.9, 1.1),
        "saturation": rng.uniform(0.75, 1.15),
    }.items():
        spec.add_numeric(name=f"filament.cg.{name}", data=[value], size=1)
