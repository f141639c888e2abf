"""Training families of things that are nothing in particular: random solids put together, alike or in two tones.

They teach that a thing may be made of pieces of unlike colour, width and material, whatever its name.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.colliders import Collider, box, capsule, cylinder
from uois_sam.datasets.synthetic.meshes import Mesh, lathe, rotation, rounded_box, sweep
from uois_sam.datasets.synthetic.objects import ObjectModel, Part, pick

Rng = np.random.Generator
_LIE_DOWN = rotation("y", np.pi / 2)
MATERIALS = (
    *("plastic", "plastic", "plastic", "glossy", "ceramic", "metal", "metal", "dark", "dark", "light", "paper"),
    *("wood", "plain", "label", "stripe", "speckle", "fruit"),
)


def some_materials(rng: Rng, count: int) -> list[str]:
    """One material for all pieces, or two in turn, or each its own."""
    shared = [pick(rng, *MATERIALS) for _ in range(2)]
    kind = rng.random()
    if kind < 0.25:
        return shared[:1] * count
    if kind < 0.6:
        return [shared[k % 2] for k in range(count)]
    return [pick(rng, *MATERIALS) for _ in range(count)]


def turned(rng: Rng) -> ObjectModel:
    """Round pieces of any widths on one axis, standing or lying."""
    count = int(rng.integers(2, 6))
    widest = rng.uniform(0.012, 0.05)
    radii = widest * rng.uniform(0.2, 1, count)
    heights = rng.uniform(0.2, 1, count)
    heights *= rng.uniform(0.05, 0.2) / heights.sum()
    segments = int(rng.choice([5, 6, 8, 32, 32, 32]))
    parts, colliders, bottom = [], [], 0.0
    for radius, height, material in zip(radii, heights, some_materials(rng, count), strict=True):
        end = radius * rng.uniform(0.5, 1) if rng.random() < 0.5 else radius
        edge = min(0.15 * height, 0.3 * end)
        profile = [
            (0, 0),
            (radius - edge, 0),
            (radius, edge),
            (end, height - edge),
            (end - edge, height),
            (0, height),
        ]
        parts.append(Part("body", lathe(profile, segments).moved([0, 0, bottom]), material))
        colliders.append(cylinder((radius + end) / 2, bottom, bottom + height))
        bottom += height
    model = ObjectModel(tuple(parts), tuple(colliders))
    return model.rotated(_LIE_DOWN) if rng.random() < 0.6 else model


def _solid(rng: Rng, half: NDArray[np.float64]) -> tuple[Mesh, Collider]:
    """A box or an elliptic drum of half sizes (3,) about the origin."""
    if rng.random() < 0.6:
        return rounded_box(half, float(half.min()) * rng.uniform(0.05, 0.95), 4), box(half)
    top = rng.uniform(0.6, 1)
    profile = [(0, -1), (0.93, -1), (1, -0.9), (top, 0.9), (0.93 * top, 1), (0, 1)]
    return lathe(profile, 28).scaled(half), box(half * [0.85, 0.85, 1])


def chain(rng: Rng) -> ObjectModel:
    """Two to four solids in a row on the table, some joined by a thin rod."""
    count = int(rng.integers(2, 5))
    materials = some_materials(rng, count + 1)
    parts: list[Part] = []
    colliders: list[Collider] = []
    scale, x = rng.uniform(0.5, 1), 0.0
    previous: NDArray[np.float64] | None = None
    for k in range(count):
        half = scale * rng.uniform([0.012, 0.01, 0.008], [0.05, 0.035, 0.03])
        if previous is not None:
            gap = scale * rng.uniform(0.02, 0.09) if rng.random() < 0.45 else -0.003
            if gap > 0:
                height = float(min(previous[2], half[2]))
                radius = height * rng.uniform(0.25, 0.9)
                ends = [[x - 0.004, 0, height], [x + gap / 2, 0, height], [x + gap + 0.004, 0, height]]
                parts.append(Part("joint", sweep(ends, radius, segments=12), materials[-1]))
                colliders.append(capsule(ends[0], ends[2], radius))
            x += gap
        mesh, collider = _solid(rng, half)
        centre = [x + half[0], rng.uniform(-0.3, 0.3) * half[1], half[2]]
        parts.append(Part("body", mesh.moved(centre), materials[k]))
        colliders.append(Collider(collider.kind, collider.size, np.array(centre), collider.quaternion))
        x += 2 * half[0]
        previous = half
    shift = [-x / 2, 0, 0]
    return ObjectModel(
        tuple(Part(p.name, p.mesh.moved(shift), p.material) for p in parts),
        tuple(Collider(c.kind, c.size, c.position + shift, c.quaternion) for c in colliders),
    )


def assembly(rng: Rng) -> ObjectModel:
    """A body with one to four knobs, bars or plates on its sides and top, sometimes in pairs."""
    half = rng.uniform([0.02, 0.015, 0.012], [0.06, 0.045, 0.06])
    count = int(rng.integers(1, 5))
    materials = some_materials(rng, count + 1)
    mesh, collider = _solid(rng, half)
    parts = [Part("body", mesh.moved([0, 0, half[2]]), materials[0])]
    colliders = [Collider(collider.kind, collider.size, np.array([0, 0, half[2]]), collider.quaternion)]
    for k in range(count):
        axis = int(rng.integers(3))
        signs = (-1, 1) if axis < 2 and rng.random() < 0.5 else (rng.choice([-1, 1]) if axis < 2 else 1,)
        size = half * rng.uniform(0.15, 0.75, 3)
        size[axis] = rng.uniform(0.006, 0.03)
        place = rng.uniform(-0.5, 0.5, 3) * (half - size)
        for sign in signs:
            piece, hull = _solid(rng, size)
            centre = place.copy()
            centre[axis] = sign * (half[axis] + size[axis] - 0.15 * half[axis])
            centre[2] += half[2]
            centre[2] = max(centre[2], size[2])
            parts.append(Part("attachment", piece.moved(centre), materials[k + 1]))
            colliders.append(Collider(hull.kind, hull.size, centre, hull.quaternion))
    return ObjectModel(tuple(parts), tuple(colliders))
