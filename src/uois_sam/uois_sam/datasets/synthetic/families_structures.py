"""Training families built of bars, walls and limbs: crates, stools, racks, frames, toy figures, lidded pots."""

from __future__ import annotations

import numpy as np

from uois_sam.datasets.synthetic.colliders import Collider, box, capsule, cylinder, ellipsoid
from uois_sam.datasets.synthetic.families_compound import MATERIALS, some_materials
from uois_sam.datasets.synthetic.meshes import Mesh, lathe, merge, plain_box, prism_between, rounded_box
from uois_sam.datasets.synthetic.objects import ObjectModel, Part, pick

Rng = np.random.Generator


def _beam(half: list[float] | np.ndarray, centre: list[float] | np.ndarray) -> tuple[Mesh, Collider]:
    return plain_box(half, centre), box(half, centre)


def crate(rng: Rng) -> ObjectModel:
    """An open box, with walls of full height or low ones, and partitions or none."""
    x, y, height = rng.uniform(0.04, 0.1), rng.uniform(0.03, 0.08), rng.uniform(0.02, 0.09)
    wall = rng.uniform(0.0015, 0.006)
    pieces = [_beam([x - 2 * wall, y - 2 * wall, wall], [0, 0, wall])]  # no face shared with a wall's
    for sign in (-1, 1):
        pieces.append(_beam([wall, y, height / 2], [sign * (x - wall), 0, height / 2]))
        pieces.append(_beam([x, wall, height / 2], [0, sign * (y - wall), height / 2]))
    for _ in range(int(rng.choice([0, 0, 0, 1, 2]))):
        low = height * rng.uniform(0.3, 0.48)
        pieces.append(_beam([wall, y, low], [rng.uniform(-0.6, 0.6) * x, 0, low]))
    outside, inside = some_materials(rng, 2)
    walls, colliders = [m for m, _ in pieces], tuple(c for _, c in pieces)
    parts = [
        Part("body", merge(walls[1:]), pick(rng, outside, outside, "carton")),
        Part("floor", walls[0], inside),
    ]
    return ObjectModel(tuple(parts), colliders)


def stool(rng: Rng) -> ObjectModel:
    """A slab on three or four legs, the right way up or not; what is below shows between them."""
    x, y = rng.uniform(0.03, 0.08), rng.uniform(0.03, 0.06)
    height, slab, leg = rng.uniform(0.04, 0.12), rng.uniform(0.004, 0.012), rng.uniform(0.003, 0.008)
    top, below = some_materials(rng, 2)
    feet = [(-1, -1), (1, -1), (0, 1)] if rng.random() < 0.3 else [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    spread = rng.uniform(0.9, 1.2)
    legs, colliders = [], [box([x, y, slab], [0, 0, height - slab])]
    for sx, sy in feet:
        head = np.array([sx * x * 0.85, sy * y * 0.85, height - slab])
        foot = np.array([sx * x * 0.85 * spread, sy * y * 0.85 * spread, leg])
        legs.append(prism_between(foot, head, leg))
        colliders.append(capsule(foot, head, leg))
    parts = (
        Part("top", rounded_box([x, y, slab], slab * 0.6, 3).moved([0, 0, height - slab]), top),
        Part("leg", merge(legs), below),
    )
    return ObjectModel(parts, tuple(colliders))


def rack(rng: Rng) -> ObjectModel:
    """Bars between two rails or on a board: drainers, grids, combs, radiators."""
    count = int(rng.integers(3, 9))
    x, y, bar = rng.uniform(0.05, 0.1), rng.uniform(0.03, 0.07), rng.uniform(0.003, 0.007)
    rise = rng.uniform(0, 0.06)
    rails, bars = some_materials(rng, 2)
    pieces = [_beam([x, bar, bar], [0, sign * y, bar]) for sign in (-1, 1)]
    teeth, colliders = [], [c for _, c in pieces]
    for place in np.linspace(-0.95, 0.95, count) * x:
        if rise < 0.015:
            mesh, collider = _beam([bar, y, bar], [place, 0, bar * 1.2])
        else:
            ends = [[place, -y, bar], [place, 0, rise + bar], [place, y, bar]]
            mesh = merge([prism_between(ends[0], ends[1], bar * 0.8), prism_between(ends[1], ends[2], bar * 0.8)])
            collider = capsule(ends[0], ends[1], bar * 0.8)
            colliders.append(capsule(ends[1], ends[2], bar * 0.8))
        teeth.append(mesh)
        colliders.append(collider)
    parts = (Part("rail", merge([m for m, _ in pieces]), rails), Part("bar", merge(teeth), bars))
    return ObjectModel(parts, tuple(colliders))


def frame(rng: Rng) -> ObjectModel:
    """A rectangular border about a picture, a mirror or nothing, lying or leaning."""
    x, y, thick = rng.uniform(0.04, 0.11), rng.uniform(0.03, 0.09), rng.uniform(0.004, 0.012)
    border = rng.uniform(0.008, 0.02)
    pieces = []
    for sign in (-1, 1):
        pieces.append(_beam([border, y, thick], [sign * (x - border), 0, thick]))
        pieces.append(_beam([x, border, thick], [0, sign * (y - border), thick]))
    parts = [Part("border", merge([m for m, _ in pieces]), pick(rng, *MATERIALS))]
    colliders = [c for _, c in pieces]
    if rng.random() < 0.7:
        sheet, collider = _beam([x - border, y - border, thick * 0.4], [0, 0, thick * 0.6])
        parts.append(Part("picture", sheet, pick(rng, "label", "carton", "plain", "screen", "light")))
        colliders.append(collider)
    return ObjectModel(tuple(parts), tuple(colliders))


def figure(rng: Rng) -> ObjectModel:
    """A body with a head and limbs of ellipsoids: plush animals and dolls, sitting, standing or lying."""
    body = rng.uniform([0.02, 0.016, 0.018], [0.045, 0.035, 0.04])
    head = body * rng.uniform(0.45, 0.9, 3)
    coat, other, face = some_materials(rng, 3)
    leg = float(body.min() * rng.uniform(0.25, 0.5))
    lift = float(body[2] * rng.uniform(0.9, 1.1)) + leg
    pieces: list[tuple[str, np.ndarray, np.ndarray, str]] = [("body", body, np.array([0, 0, lift]), coat)]
    where = np.array([body[0] * rng.uniform(0.5, 1.1), 0, lift + body[2] * rng.uniform(0.4, 1.1)])
    pieces.append(("head", head, where, pick(rng, coat, coat, other)))
    if rng.random() < 0.7:
        ear = head * [0.25, 0.3, rng.uniform(0.3, 0.8)]
        for side in (-1, 1):
            pieces.append(("ear", ear, where + head * [0, side * 0.6, 0.9], other))
    if rng.random() < 0.5:
        pieces.append(("nose", head * 0.35, where + head * [0.9, 0, -0.1], face))
    reach = leg * rng.uniform(0.9, 2.5)
    for sx in (-0.6, 0.6):
        for side in (-1, 1):
            limb = np.array([leg, leg, reach])
            pieces.append(
                ("limb", limb, np.array([sx * body[0], side * body[1] * 0.8, reach]), pick(rng, coat, other))
            )
    globe = lathe([(np.cos(a), np.sin(a)) for a in np.linspace(-np.pi / 2, np.pi / 2, 14)], 22)
    bottom = min(float(centre[2] - half[2]) for _, half, centre, _ in pieces)
    return ObjectModel(
        tuple(
            Part(name, globe.scaled(half).moved(centre - [0, 0, bottom]), stuff)
            for name, half, centre, stuff in pieces
        ),
        tuple(ellipsoid(half, centre - [0, 0, bottom]) for _, half, centre, _ in pieces),
    )


def casket(rng: Rng) -> ObjectModel:
    """A round or square pot with a lid of its own colour and a knob or none."""
    half = rng.uniform([0.025, 0.025, 0.02], [0.08, 0.06, 0.06])
    round_one = rng.random() < 0.5
    if round_one:
        half[1] = half[0]
    lid = rng.uniform(0.004, 0.02)
    below, above, grip = some_materials(rng, 3)

    def slab(low: float, high: float, wider: float) -> tuple[Mesh, Collider]:
        middle = (low + high) / 2
        if round_one:
            radius = half[0] * wider
            profile = [(0, low), (radius, low), (radius, high - 0.002), (radius - 0.002, high), (0, high)]
            return lathe(profile), cylinder(radius, low, high)
        size = [half[0] * wider, half[1] * wider, (high - low) / 2]
        return rounded_box(size, 0.003, 3).moved([0, 0, middle]), box(size, [0, 0, middle])

    top = 2 * half[2]
    pieces = [
        ("body", below, *slab(0, top, 1)),
        ("lid", above, *slab(top - 0.002, top + lid, rng.uniform(0.9, 1.08))),
    ]
    if rng.random() < 0.6:
        radius = rng.uniform(0.006, 0.014)
        knob = [(0, -1), (0.6, -0.8), (1, 0), (0.6, 0.8), (0, 1)]
        centre = top + lid + radius * 0.8
        mesh = lathe([(r * radius, z * radius) for r, z in knob], 20).moved([0, 0, centre])
        pieces.append(("knob", grip, mesh, ellipsoid([radius] * 3, [0, 0, centre])))
    return ObjectModel(
        tuple(Part(name, mesh, stuff) for name, stuff, mesh, _ in pieces), tuple(c for *_, c in pieces)
    )
