"""Training families turned on a lathe: bottles, cups, bowls and the like, upright on z = 0."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from uois_sam.datasets.synthetic.colliders import Collider, capsule, cylinder, ring
from uois_sam.datasets.synthetic.meshes import arc, lathe, sweep, tube
from uois_sam.datasets.synthetic.objects import ObjectModel, Part, pick

Rng = np.random.Generator
WALL = 0.004  # metres, thickness of cups and bowls


def along(points: np.ndarray, radius: float) -> list[Collider]:
    """Capsules between the (N, 3) points of a path."""
    return [capsule(a, b, radius) for a, b in pairwise(points)]


def bottle(rng: Rng) -> ObjectModel:
    radius, height = rng.uniform(0.02, 0.045), rng.uniform(0.12, 0.26)
    neck, shoulder = radius * rng.uniform(0.25, 0.6), rng.uniform(0.45, 0.8)
    waist = rng.uniform(0.75, 1.05)
    body = [
        (0, 0),
        (radius * 0.9, 0),
        (radius, 0.006),
        (radius, height * shoulder * 0.3),
        (radius * waist, height * shoulder * 0.6),
        (radius, height * shoulder),
        (radius * 0.85, height * (shoulder + 0.07)),
        (neck * 1.05, height * 0.9),
        (neck, height * 0.95),
        (0, height * 0.95),
    ]
    cap = [(0, 0.93), (neck * 1.25, 0.93), (neck * 1.25, 1.05), (neck * 1.15, 1.06), (0, 1.06)]
    return ObjectModel(
        (
            Part("body", lathe(body), pick(rng, "label", "plastic", "glossy")),
            Part("cap", lathe([(r, z * height) for r, z in cap], 28), "plastic"),
        ),
        (cylinder(radius, 0, height * shoulder), cylinder(neck * 1.2, height * shoulder, height * 1.06)),
    )


def _can(radius: float, height: float, material: str) -> ObjectModel:
    rim = [(1, -0.004), (1.02, -0.002), (0.97, 0), (0.93, -0.004), (0, -0.004)]
    base = [(0, 0.002), (radius * 0.92, 0.002), (radius * 0.97, 0), (radius, 0.004)]
    return ObjectModel(
        (
            Part("body", lathe([(radius, 0.004), (radius, height - 0.004)]), material),
            Part("rim", lathe([(radius * r, height + z) for r, z in rim]), "metal"),
            Part("base", lathe(base), "metal"),
        ),
        (cylinder(radius, 0, height),),
    )


def can(rng: Rng) -> ObjectModel:
    return _can(rng.uniform(0.025, 0.05), rng.uniform(0.04, 0.15), "label")


def cylinder_tin(rng: Rng) -> ObjectModel:
    """A tall crisp or coffee tin, or a flat biscuit tin, with a lid of its own."""
    flat = rng.random() < 0.4
    radius = rng.uniform(0.06, 0.11) if flat else rng.uniform(0.03, 0.055)
    height = rng.uniform(0.035, 0.09) if flat else rng.uniform(0.14, 0.26)
    lid = rng.uniform(0.006, 0.02)
    top = [(0, -lid), (radius * 1.02, -lid), (radius * 1.02, -0.002), (radius * 0.99, 0), (0, 0)]
    return ObjectModel(
        (
            Part(
                "body",
                lathe([(0, 0), (radius, 0), (radius, height - lid / 2), (0, height - lid / 2)], 48),
                pick(rng, "label", "label", "metal", "plastic"),
            ),
            Part(
                "lid",
                lathe([(r, height + z) for r, z in top], 48),
                pick(rng, "plastic", "metal", "label", "light"),
            ),
        ),
        (cylinder(radius * 1.02, 0, height),),
    )


def jar(rng: Rng) -> ObjectModel:
    radius, height = rng.uniform(0.03, 0.05), rng.uniform(0.06, 0.14)
    body = [(0, 0), (1, 0), (1.02, 0.1), (1.02, 0.75), (0.85, 0.85), (0, 0.85)]
    lid = [(0, 0.83), (0.95, 0.83), (0.95, 1), (0.88, 1.02), (0, 1.02)]
    return ObjectModel(
        (
            Part(
                "body", lathe([(r * radius, z * height) for r, z in body]), pick(rng, "label", "glossy", "ceramic")
            ),
            Part("lid", lathe([(r * radius, z * height) for r, z in lid]), pick(rng, "metal", "plastic")),
        ),
        (cylinder(radius, 0, height * 1.02),),
    )


def _cup_profile(bottom: float, top: float, height: float) -> list[tuple[float, float]]:
    return [
        (0, 0),
        (bottom * 0.9, 0),
        (bottom, 0.005),
        (top, height),
        (top - WALL, height),
        (bottom - WALL, 0.01),
        (0, 0.008),
    ]


def mug(rng: Rng) -> ObjectModel:
    top, height = rng.uniform(0.03, 0.048), rng.uniform(0.06, 0.12)
    bottom = top * rng.uniform(0.65, 1.0)
    material = pick(rng, "ceramic", "ceramic", "label", "metal")
    middle, reach = height * rng.uniform(0.45, 0.6), height * rng.uniform(0.25, 0.36)
    bend = arc((top + bottom) / 2 - 0.004, reach * rng.uniform(0.7, 1.1), middle, squash=1.1)
    handle = sweep(bend, height * 0.05, height * rng.uniform(0.05, 0.09))
    return ObjectModel(
        (Part("body", lathe(_cup_profile(bottom, top, height)), material), Part("handle", handle, material)),
        (
            cylinder(bottom, 0, 0.01),
            *ring(bottom, top, 0, height, WALL),
            *along(arc(top, reach, middle, 5), height * 0.055),
        ),
    )


def cup(rng: Rng) -> ObjectModel:
    """A tapered cup without a handle, upright or upside down."""
    top, height = rng.uniform(0.03, 0.05), rng.uniform(0.07, 0.15)
    bottom = top * rng.uniform(0.6, 0.95)
    material = pick(rng, "plastic", "light", "paper", "label", "ceramic", "glossy")
    model = ObjectModel(
        (Part("body", lathe(_cup_profile(bottom, top, height)), material),),
        (cylinder(bottom, 0, 0.01), *ring(bottom, top, 0, height, WALL)),
    )
    return model.rotated(np.diag([1.0, -1, -1])) if rng.random() < 0.25 else model


def bowl(rng: Rng) -> ObjectModel:
    radius, height = rng.uniform(0.045, 0.11), rng.uniform(0.03, 0.085)
    bottom, power = radius * rng.uniform(0.35, 0.6), rng.uniform(0.4, 0.8)
    steps = np.linspace(0, 1, 7)
    wall = bottom + (radius - bottom) * steps**power
    outside = zip(wall, 0.004 + steps * (height - 0.004), strict=True)
    inside = zip(wall[::-1] - WALL, 0.008 + steps[::-1] * (height - 0.008), strict=True)
    profile = [(0, 0), (bottom, 0), *outside, *inside, (0, 0.008)]
    return ObjectModel(
        (Part("body", lathe(profile, 48), pick(rng, "ceramic", "metal", "wood", "plastic", "light")),),
        (cylinder(bottom, 0, 0.008), *ring(bottom, radius, 0, height, WALL, 12)),
    )


def plate(rng: Rng) -> ObjectModel:
    radius, height = rng.uniform(0.07, 0.13), rng.uniform(0.012, 0.025)
    profile = [(0, 0), (0.6, 0), (1, height * 0.9), (1, height), (0.95, height), (0.6, 0.005), (0, 0.004)]
    return ObjectModel(
        (
            Part(
                "body", lathe([(r * radius, z) for r, z in profile], 48), pick(rng, "ceramic", "plastic", "light")
            ),
        ),
        (cylinder(radius * 0.65, 0, 0.005), *ring(radius * 0.6, radius, 0, height, 0.003, 12)),
    )


def pan(rng: Rng) -> ObjectModel:
    radius, height = rng.uniform(0.06, 0.12), rng.uniform(0.025, 0.07)
    reach, wall = rng.uniform(0.1, 0.18), 0.003
    steps = np.linspace(0, 1, 8)
    path = np.c_[
        radius - wall + steps * (reach + wall), 0 * steps, height * 0.8 + steps * rng.uniform(-0.005, 0.03)
    ]
    material = pick(rng, "metal", "dark")
    profile = [
        (0, 0),
        (radius * 0.85, 0),
        (radius, height),
        (radius - wall, height),
        (radius * 0.85 - wall, 0.006),
        (0, 0.005),
    ]
    return ObjectModel(
        (
            Part("body", lathe(profile, 48), material),
            Part(
                "handle",
                sweep(path, 0.006, np.linspace(0.008, 0.012, 8)),
                pick(rng, "dark", "wood", "plastic", material),
            ),
        ),
        (
            cylinder(radius * 0.85, 0, 0.006),
            *ring(radius * 0.85, radius, 0, height, wall, 12),
            capsule(path[0], path[-1], 0.008),
        ),
    )


def pot(rng: Rng) -> ObjectModel:
    """A casserole or plastic tub with two lugs, with or without a lid."""
    radius, height = rng.uniform(0.05, 0.1), rng.uniform(0.05, 0.12)
    material = pick(rng, "metal", "plastic", "ceramic", "light")
    bottom = radius * rng.uniform(0.8, 1)
    parts = [Part("body", lathe(_cup_profile(bottom, radius, height), 48), material)]
    colliders = [cylinder(bottom, 0, 0.01), *ring(bottom, radius, 0, height, WALL, 12)]
    for side in (-1, 1):
        angle = np.linspace(-1.2, 1.2, 9)
        path = np.c_[
            side * (radius - 0.004 + 0.022 * np.cos(angle)),
            side * 0.022 * np.sin(angle),
            np.full(9, height * 0.82),
        ]
        parts.append(Part("handle", sweep(path, 0.004, 0.006), material))
        colliders.append(capsule(path[2], path[-3], 0.006))
    if rng.random() < 0.5:
        lid = [(0, 0), (1, 0), (1.03, 0.004), (0.6, 0.016), (0.1, 0.02), (0.15, 0.035), (0, 0.037)]
        profile = [(r * radius, height + z) for r, z in lid]
        parts.append(Part("lid", lathe(profile, 48), pick(rng, "metal", "plastic", "glossy")))
        colliders.append(cylinder(radius, height, height + 0.015))
    return ObjectModel(tuple(parts), tuple(colliders))


def kettle(rng: Rng) -> ObjectModel:
    radius, height = rng.uniform(0.04, 0.065), rng.uniform(0.07, 0.12)
    material = pick(rng, "ceramic", "metal", "plastic")
    steps = np.linspace(0, 1, 8)
    spout = np.c_[radius * (0.8 + steps * 1.1), 0 * steps, height * (0.3 + 0.75 * steps**1.6)]
    body = [(0, 0), (0.8, 0), (1, 0.25), (0.95, 0.6), (0.55, 0.92), (0, 0.95)]
    knob = [(0, 0.93), (radius * 0.58, 0.93), (radius * 0.3, 1.02), (0.006, 1.04), (0.01, 1.12), (0, 1.15)]
    bend = arc(-radius * 0.8, -min(radius * 0.7, height * 0.45), height * 0.55, squash=-1)
    return ObjectModel(
        (
            Part("body", lathe([(r * radius, z * height) for r, z in body]), material),
            Part("lid", lathe([(r, z * height) for r, z in knob]), material),
            Part("spout", sweep(spout, np.linspace(0.014, 0.007, 8)), material),
            Part("handle", sweep(bend, 0.006), pick(rng, "dark", "wood", material)),
        ),
        (
            cylinder(radius, 0, height * 0.6),
            cylinder(radius * 0.6, height * 0.6, height * 1.05),
            capsule(spout[0], spout[-1], 0.01),
            capsule([-radius * 1.5, 0, height * 0.3], [-radius * 1.5, 0, height * 0.8], 0.007),
        ),
    )


def roll(rng: Rng) -> ObjectModel:
    """A roll of tape or paper."""
    outer, height = rng.uniform(0.03, 0.055), rng.uniform(0.012, 0.1)
    inner = outer * rng.uniform(0.4, 0.75)
    return ObjectModel(
        (
            Part("body", tube(outer, inner, height), pick(rng, "paper", "plain", "plastic")),
            Part("core", tube(inner, inner * 0.94, height), "paper"),
        ),
        tuple(ring(outer, outer, 0, height, (outer - inner) / 2, 12)),
    )
