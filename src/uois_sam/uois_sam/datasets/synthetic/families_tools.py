"""Training families of tools, cutlery and fruit. Each returns an object that lies as it would on a table."""

from __future__ import annotations

import numpy as np

from uois_sam.datasets.synthetic.colliders import Collider, box, capsule, cylinder, ellipsoid
from uois_sam.datasets.synthetic.meshes import lathe, plate, rotation, rounded_box, sweep
from uois_sam.datasets.synthetic.objects import ObjectModel, Part, pick

Rng = np.random.Generator
_LIE_DOWN = rotation("y", np.pi / 2)


def hammer(rng: Rng) -> ObjectModel:
    length, grip = rng.uniform(0.16, 0.28), rng.uniform(0.01, 0.015)
    head, half = rng.uniform(0.012, 0.018), rng.uniform(0.03, 0.05)
    x = np.linspace(0, length, 9)
    handle = sweep(np.c_[x, 0 * x, 0 * x], grip * (1 - 0.35 * np.sin(x / length * 3)), grip * 0.8)
    path = [[length, y * half, 0] for y in (-1, -0.6, -0.5, 0.4, 1)]
    across = np.array([1.2, 1.2, 1, 1, 0.3]) * head
    return ObjectModel(
        (
            Part("handle", handle, pick(rng, "wood", "plastic", "dark")),
            Part("head", sweep(path, across, np.maximum(across, head)), "metal"),
        ),
        (capsule([0, 0, 0], [length, 0, 0], grip * 0.8), capsule([length, -half, 0], [length, half, 0], head)),
    )


def screwdriver(rng: Rng) -> ObjectModel:
    shaft, grip, width = rng.uniform(0.06, 0.14), rng.uniform(0.07, 0.11), rng.uniform(0.01, 0.016)
    z = np.linspace(0, 1, 12)
    waves = 0.75 + 0.25 * np.sin(z * rng.uniform(6, 20)) * (z < 0.8)
    profile = width * waves * (1 - 0.5 * (z > 0.85))
    blade = [(0, 0), (0.003, 0), (0.003, 0.9), (0.004, 0.93), (0.001, 1), (0, 1)]
    standing = ObjectModel(
        (
            Part(
                "handle",
                lathe([(0, 0), *zip(profile, z * grip, strict=True), (0, grip)], 20),
                pick(rng, "plastic", "wood"),
            ),
            Part("shaft", lathe([(r, grip + z * shaft) for r, z in blade], 12), "metal"),
        ),
        (cylinder(width, 0, grip), cylinder(0.004, grip, grip + shaft)),
    )
    return standing.rotated(_LIE_DOWN)


def knife(rng: Rng) -> ObjectModel:
    length, grip, width = rng.uniform(0.08, 0.18), rng.uniform(0.09, 0.13), rng.uniform(0.009, 0.016)
    x = np.linspace(0, 1, 8)
    handle = sweep(np.c_[-grip * x[::-1], 0 * x, 0.002 * np.sin(6 * x)], width * 0.9, width * 0.55)
    edge = zip(length * x, -width + 2 * width * x**3, strict=True)
    blade = plate([(-0.002, -width), *edge, (length * 0.7, width), (-0.002, width)], 0.0012)
    standing = ObjectModel(
        (Part("handle", handle, pick(rng, "dark", "wood", "plastic")), Part("blade", blade, "metal")),
        (capsule([-grip, 0, 0], [0, 0, 0], width * 0.55), box([length / 2, 0.002, width], [length / 2, 0, 0])),
    )
    return standing.rotated(rotation("x", np.pi / 2))


def spoon(rng: Rng) -> ObjectModel:
    length, half, width = rng.uniform(0.1, 0.17), rng.uniform(0.02, 0.035), rng.uniform(0.012, 0.022)
    x = np.linspace(0, 1, 10)
    shell = [(0, -0.95), (0.5, -0.75), (0.8, -0.42), (1, 0), (0.93, 0), (0.75, -0.4), (0.5, -0.66), (0, -0.85)]
    bowl = lathe(shell, 24).scaled([half, width, 0.35 * width]).moved([half * 0.93, 0, 0.001])
    handle = sweep(np.c_[-length * x[::-1], 0 * x, 0.006 * np.sin(3 * x)], 0.003 + 0.003 * (1 - x), 0.0018)
    material = pick(rng, "metal", "metal", "plastic", "wood")
    return ObjectModel(
        (Part("handle", handle, material), Part("bowl", bowl, material)),
        (capsule([-length, 0, 0], [0, 0, 0], 0.003), ellipsoid([half, width, 0.005], [half, 0, -0.002])),
    )


def scissors(rng: Rng) -> ObjectModel:
    length, loop, opening = rng.uniform(0.06, 0.1), rng.uniform(0.016, 0.026), rng.uniform(0.1, 0.5)
    material = pick(rng, "plastic", "dark")
    t = np.linspace(0, 2 * np.pi, 19)
    parts: list[Part] = []
    colliders: list[Collider] = []
    for side in (-1, 1):
        turn = rotation("z", side * opening / 2)
        outline = [(-0.03, -0.004), (length, 0), (length * 0.3, 0.009), (-0.03, 0.006)]
        flat = plate(outline, 0.001).rotated(rotation("x", -side * np.pi / 2)).moved([0, 0, side * 0.0012])
        path = np.c_[
            -0.03 - loop * 1.2 + loop * 1.3 * np.cos(t), -side * loop * 0.8 + loop * 0.8 * np.sin(t), 0 * t
        ]
        parts.append(Part("blade", flat.rotated(turn), "metal"))
        parts.append(Part("handle", sweep(path, 0.0045).rotated(turn), material))
        colliders.append(box([length / 2, 0.006, 0.002], [length / 2, 0, side * 0.002]))
        for y in (-side * loop * 1.5, 0):
            colliders.append(capsule(turn @ [-0.03, y, 0], turn @ [-0.03 - 2 * loop, y, 0], 0.0045))
    return ObjectModel(tuple(parts), tuple(colliders))


def pen(rng: Rng) -> ObjectModel:
    length, width = rng.uniform(0.11, 0.16), rng.uniform(0.004, 0.009)
    body = [(0, 0), (width * 0.7, 0), (width, 0.004), (width, length * 0.62), (0, length * 0.62)]
    cap = [(0, 0.6), (width * 1.12, 0.6), (width * 1.1, 1), (0, 1)]
    standing = ObjectModel(
        (
            Part("body", lathe(body, 16), "plastic"),
            Part("cap", lathe([(r, z * length) for r, z in cap], 16), "plastic"),
        ),
        (cylinder(width, 0, length),),
    )
    return standing.rotated(_LIE_DOWN)


def fruit(rng: Rng) -> ObjectModel:
    radius, stretch, dent = rng.uniform(0.022, 0.045), rng.uniform(0.8, 1.35), rng.uniform(0, 0.25)
    t = np.linspace(-np.pi / 2, np.pi / 2, 16)
    z = radius * stretch * np.sin(t) - dent * radius * np.exp(-8 * np.cos(t)) * np.sign(np.sin(t))
    round_body = lathe(np.c_[radius * np.cos(t), z], 32)
    waves = 0.06 * np.sin(round_body.vertices / radius * rng.uniform(1, 3, 3)).sum(1, keepdims=True)
    body = round_body.scaled(1 + waves)
    stem = [[0, 0, radius * stretch * 0.72], [0, 0, radius * stretch], [0.002, 0, radius * (stretch + 0.2)]]
    return ObjectModel(
        (Part("body", body, "fruit"), Part("stem", sweep(stem, 0.0018, segments=8), "wood")),
        (ellipsoid([radius, radius, radius * stretch]),),
    )


def banana(rng: Rng) -> ObjectModel:
    t = np.linspace(-1, 1, 14) * rng.uniform(0.4, 0.9)
    bend, width = rng.uniform(0.08, 0.16), rng.uniform(0.012, 0.019)
    path = np.c_[bend * np.sin(t), bend * (1 - np.cos(t)), 0 * t]
    radius = width * np.clip(1.1 - (np.abs(t) / abs(t[0])) ** 4 * 0.8, 0.2, 1)
    return ObjectModel(
        (Part("body", sweep(path, radius, radius * 0.9, 8), "fruit"),),
        tuple(capsule(path[i], path[i + 3], width * 0.85) for i in (1, 4, 7, 10)),
    )


def blob(rng: Rng) -> ObjectModel:
    """A dented lump that is nothing in particular; its convex hull collides."""
    mesh = rounded_box([1, 1, 1], rng.uniform(0.2, 0.98)).scaled(rng.uniform(0.02, 0.06, 3))
    waves = np.sin(mesh.vertices @ rng.normal(0, 25, (3, 3)) + rng.uniform(0, 6, 3)).sum(1, keepdims=True)
    material = pick(rng, "plain", "plastic", "label", "fruit", "weave")
    return ObjectModel((Part("body", mesh.scaled(1 + 0.25 * waves / 3), material),), ())


def ball(rng: Rng) -> ObjectModel:
    radius = rng.uniform(0.02, 0.06)
    t = np.linspace(-np.pi / 2, np.pi / 2, 20)
    material = pick(rng, "plastic", "stripe", "speckle", "fruit", "label")
    # Flattened below, so that it comes to rest.
    profile = np.c_[radius * np.cos(t), np.maximum(radius * np.sin(t), -0.97 * radius)]
    return ObjectModel(
        (Part("body", lathe(profile, 36), material),),
        (box([radius * 0.25] * 2 + [radius * 0.97]), ellipsoid([radius] * 3)),
    )
