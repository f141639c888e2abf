"""Training families of plain shapes: extruded outlines, bent rods, vases, soft boxes, cones and wedges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.colliders import Collider, box, capsule, cylinder, ellipsoid, ring
from uois_sam.datasets.synthetic.families_compound import MATERIALS, some_materials
from uois_sam.datasets.synthetic.families_vessels import WALL, along
from uois_sam.datasets.synthetic.meshes import Mesh, lathe, prism, rotation, sweep, warp
from uois_sam.datasets.synthetic.objects import ObjectModel, Part, pick

Rng = np.random.Generator


def _smooth(rng: Rng, count: int, low: float, high: float, knots: int) -> NDArray[np.float64]:
    """(count,) values between low and high that wander through a few random knots."""
    places = np.linspace(0, 1, knots)
    values = rng.uniform(low, high, knots)
    line = np.interp(np.linspace(0, 1, count), places, values)
    kernel = np.ones(max(count // (2 * knots), 1))
    padded = np.pad(line, len(kernel), mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "same")[len(kernel) : -len(kernel)]


def extrusion(rng: Rng) -> ObjectModel:
    """A star-shaped outline, angular or wavy, pulled up: tiles, cogs, stars, clovers, polygonal blocks."""
    corners = int(rng.integers(3, 10))
    radius, height = rng.uniform(0.02, 0.07), rng.uniform(0.006, 0.09)
    if rng.random() < 0.5:
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 0.3, corners)
        radii = rng.uniform(0.45, 1, corners) if rng.random() < 0.5 else np.where(np.arange(corners) % 2, 0.55, 1)
    else:
        angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        wave = np.cos(corners * angle + rng.uniform(0, 6))
        radii = 1 + rng.uniform(0.05, 0.3) * (np.sign(wave) if rng.random() < 0.4 else wave)
        radii /= radii.max()
    outline = radius * np.c_[radii * np.cos(angle), radii * np.sin(angle) * rng.uniform(0.5, 1)]
    half = np.abs(outline).max(0) * 0.85
    parts = [Part("body", prism(outline, 0, height, rng.uniform(0.7, 1)), pick(rng, *MATERIALS))]
    if rng.random() < 0.4:
        top = height + rng.uniform(0.003, 0.02)
        parts.append(
            Part("top", prism(outline * rng.uniform(0.4, 0.9), height - 0.001, top), pick(rng, *MATERIALS))
        )
        height = top
    return ObjectModel(tuple(parts), (box([*half, height / 2], [0, 0, height / 2]),))


def rod(rng: Rng) -> ObjectModel:
    """A bar bent in the plane of the table: hooks, bows, S shapes, tongs; now and then with a sleeve."""
    count = 25
    bend = _smooth(rng, count, -1, 1, int(rng.integers(2, 5))) * rng.uniform(0, 3.5)
    heading = np.cumsum(bend) / count
    length, radius = rng.uniform(0.1, 0.3), rng.uniform(0.004, 0.016)
    steps = length / count * np.c_[np.cos(heading), np.sin(heading)]
    flat = np.cumsum(steps, 0)
    path = np.c_[flat - flat.mean(0), np.full(count, radius)]
    thick = radius * _smooth(rng, count, 0.7, 1, 4) if rng.random() < 0.5 else np.full(count, radius)
    first, second = some_materials(rng, 2)
    parts = [Part("body", _flat_sweep(path, thick), first)]
    if rng.random() < 0.5:
        begin = int(rng.integers(0, count - 8))
        sleeve = slice(begin, begin + int(rng.integers(5, 9)))
        parts.append(Part("sleeve", _flat_sweep(path[sleeve], thick[sleeve] * 1.12), second))
    return ObjectModel(tuple(parts), tuple(along(path[::4], radius)))


def _flat_sweep(path: NDArray[np.float64], radius: NDArray[np.float64]) -> Mesh:
    """A sweep along a path in a plane of constant z."""
    upright = path[:, [0, 2, 1]] * [1, 1, -1]
    return sweep(upright, radius).rotated(rotation("x", np.pi / 2))


def vase(rng: Rng) -> ObjectModel:
    """A hollow vessel of any smooth outline, in one or two tones."""
    count, height = 24, rng.uniform(0.05, 0.2)
    radii = rng.uniform(0.025, 0.06) * _smooth(rng, count, 0.45, 1, int(rng.integers(2, 6)))
    z = np.linspace(0, height, count)
    seam = int(rng.integers(5, count - 4))
    first, second = some_materials(rng, 2)
    low = np.r_[[(0, 0)], np.c_[radii[: seam + 1], z[: seam + 1]], [(0, z[seam])]]
    outside, inside = np.c_[radii[seam:], z[seam:]], np.c_[radii[seam:] - WALL, z[seam:]][::-1]
    high = np.r_[outside, inside, outside[:1]]
    widest, brim = float(radii.max()), float(radii[seam:].max())
    return ObjectModel(
        (Part("body", lathe(low), first), Part("rim", lathe(high), second)),
        (
            cylinder(float(radii[: seam + 1].max()), 0, z[seam]),
            *ring(brim, float(radii[-1]), z[seam], height, WALL / 2),
        )
        if brim > 0.03 and seam < count // 2
        else (cylinder(widest * 0.95, 0, height),),
    )


def soft_box(rng: Rng) -> ObjectModel:
    """Anything between a box, a pillow, an egg and a pebble, tapered and bent, with or without a band."""
    half = rng.uniform([0.025, 0.02, 0.01], [0.08, 0.06, 0.05])
    first, second = some_materials(rng, 2)
    body, sharp = _superellipsoid(*rng.uniform(0.15, 1.1, 2)), rng.random() < 0.35
    taper, bow = rng.uniform(-0.45, 0.45), rng.uniform(-0.5, 0.5)

    def shape(v: NDArray[np.float64]) -> NDArray[np.float64]:
        width = 1 + taper * v[:, :1]
        return np.c_[v[:, :1], v[:, 1:2] * width + bow * (v[:, :1] ** 2 - 0.5), v[:, 2:] * width]

    bent = warp(body, shape)
    low, high = bent.vertices.min(0), bent.vertices.max(0)
    fitted = bent.moved(-(low + high) / 2).scaled(2 * half / (high - low)).moved([0, 0, half[2]])
    parts = [Part("body", fitted, first)]
    if sharp:
        size = half * [rng.uniform(0.15, 0.5), 1.01, 1.01]
        middle = rng.uniform(-0.3, 0.3) * half[0]
        parts.append(Part("band", _superellipsoid(0.3, 0.3).scaled(size).moved([middle, 0, half[2]]), second))
    return ObjectModel(tuple(parts), (ellipsoid(half, [0, 0, half[2]]),))


def _superellipsoid(around: float, upright: float, rings: int = 20, segments: int = 32) -> Mesh:
    """Unit superellipsoid; exponents near 0 give a box, 1 a sphere."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, rings)

    def power(x: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
        return np.asarray(np.sign(x) * np.abs(x) ** exponent)

    globe = lathe(np.c_[power(np.cos(angle), upright), power(np.sin(angle), upright)], segments)

    def square(v: NDArray[np.float64]) -> NDArray[np.float64]:
        radius = np.hypot(v[:, 0], v[:, 1]) + 1e-12
        return np.c_[power(v[:, 0] / radius, around) * radius, power(v[:, 1] / radius, around) * radius, v[:, 2]]

    return warp(globe, square)


def cone(rng: Rng) -> ObjectModel:
    """Cones, pyramids and prisms of few or many sides, pointed or blunt, often with a foot of its own colour."""
    sides = int(rng.choice([3, 4, 5, 6, 40, 40]))
    radius, height = rng.uniform(0.02, 0.055), rng.uniform(0.03, 0.16)
    foot, blunt = rng.uniform(0, 0.25), rng.uniform(0.02, 0.6)
    first, second = some_materials(rng, 2)
    body = [(0, 0), (radius, 0), (radius * blunt, 1), (0, 1)]
    mesh = lathe([(r, foot * height + z * (1 - foot) * height) for r, z in body], sides)
    parts, colliders = [Part("body", mesh, first)], [cylinder(radius * (1 + blunt) / 2, foot * height, height)]
    if foot > 0.05:
        wide = radius * rng.uniform(0.9, 1.5)
        base = [(0, 0), (wide, 0), (wide, foot * height), (0, foot * height)]
        parts.append(Part("foot", lathe(base, sides), second))
        colliders.append(cylinder(wide * 0.9, 0, foot * height))
    else:
        colliders.append(cylinder(radius * 0.95, 0, height / 2))
    return ObjectModel(tuple(parts), tuple(colliders))


def wedge(rng: Rng) -> ObjectModel:
    """A slice or ramp: a triangular or four-sided profile given some width."""
    length, height, half = rng.uniform(0.04, 0.14), rng.uniform(0.02, 0.09), rng.uniform(0.015, 0.05)
    top = rng.uniform(0, 0.5, 2) * length
    outline = [[-length / 2, 0], [length / 2, 0], [length / 2 - top[0], height], [-length / 2 + top[1], height]]
    lying = prism(np.array(outline) - [0, height / 2], -half, half).rotated(rotation("x", np.pi / 2))
    body = lying.moved([0, 0, height / 2])
    parts = [Part("body", body, pick(rng, *MATERIALS, "carton", "label"))]
    return ObjectModel(tuple(parts), (box([length / 2 * 0.85, half, height / 2], [0, 0, height / 2]),))


def elbow(rng: Rng) -> ObjectModel:
    """A pipe with a bend, its ends in sockets."""
    radius, arm = rng.uniform(0.01, 0.022), rng.uniform(0.03, 0.08)
    turn = rng.uniform(0.6, 1.8)
    angle = np.linspace(0, turn, 9)
    bow = 2.2 * radius
    curve = np.c_[bow * np.sin(angle), bow * (1 - np.cos(angle))]
    out = curve[-1] + arm * rng.uniform(0.5, 1) * np.array([np.cos(turn), np.sin(turn)])
    flat = np.r_[[(-arm, 0)], curve, [out]]
    path = np.c_[flat - flat.mean(0), np.full(len(flat), 1.25 * radius)]
    first, second = some_materials(rng, 2)
    parts = [Part("body", _flat_sweep(path, np.full(len(path), radius)), first)]
    for end, inner in ((path[0], path[1]), (path[-1], path[-2])):
        socket = np.linspace(end, end + (inner - end) * 0.45, 3)
        parts.append(Part("socket", _flat_sweep(socket, np.full(3, 1.25 * radius)), second))
    colliders: list[Collider] = [
        capsule(a, b, 1.25 * radius) for a, b in ((path[0], path[1]), (path[-2], path[-1]))
    ]
    return ObjectModel(tuple(parts), tuple(colliders + along(path[1:-1:2], radius)))
