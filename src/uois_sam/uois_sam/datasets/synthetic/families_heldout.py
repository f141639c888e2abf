"""Held-out families: objects of shapes that no training family makes. Never train on them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from uois_sam.datasets.synthetic.colliders import Collider, box, capsule, cylinder, ring
from uois_sam.datasets.synthetic.meshes import (
    arc,
    lathe,
    merge,
    plain_box,
    rotation,
    rounded_box,
    sweep,
    torus,
    tube,
)
from uois_sam.datasets.synthetic.objects import ObjectModel, Part, pick

Rng = np.random.Generator


def _turned_box(half: list[float], centre: np.ndarray, angle: float) -> Collider:
    turned = box(half).rotated(rotation("z", angle))
    return Collider("box", turned.size, centre, turned.quaternion)


def wrench(rng: Rng) -> ObjectModel:
    """An open-ended spanner with a ring at the other end."""
    length, width, thick = rng.uniform(0.12, 0.22), rng.uniform(0.008, 0.013), rng.uniform(0.004, 0.007)
    shaft = rounded_box([length / 2, width, thick * 0.8], 0.002, 3).moved([length / 2, 0, 0])
    ring_end = (
        torus(width * 1.5, width * 0.6, 28).scaled([1, 1, thick / (width * 0.6)]).moved([-width * 1.2, 0, 0])
    )
    jaws = []
    for side in (-1, 1):
        jaw = rounded_box([width * 1.3, width * 0.55, thick], 0.002, 3).rotated(rotation("z", side * 0.25))
        jaws.append(jaw.moved([length + width * 0.8, side * width * 1.15, 0]))
    material = pick(rng, "metal", "metal", "dark")
    return ObjectModel(
        (Part("handle", shaft, material), Part("head", merge([ring_end, *jaws]), material)),
        (
            box([length / 2, width, thick * 0.8], [length / 2, 0, 0]),
            box([width * 2.1, width * 2.1, thick], [-width * 1.2, 0, 0]),
            box([width * 1.4, width * 1.7, thick], [length + width * 0.8, 0, 0]),
        ),
    )


def funnel(rng: Rng) -> ObjectModel:
    """Standing on its wide end, or lying when dropped."""
    radius, height, spout = rng.uniform(0.04, 0.075), rng.uniform(0.05, 0.09), rng.uniform(0.04, 0.07)
    neck = rng.uniform(0.006, 0.012)
    cone = [
        (radius, 0),
        (radius, 0.006),
        (neck + 0.002, height),
        (neck, height),
        (radius - 0.003, 0.003),
        (radius - 0.003, 0),
        (radius, 0),
    ]
    material = pick(rng, "plastic", "metal", "light")
    return ObjectModel(
        (
            Part("body", lathe(cone), material),
            Part("spout", tube(neck + 0.002, neck, spout, 24).moved([0, 0, height - 0.002]), material),
        ),
        (
            *ring(radius, neck + 0.004, -0.007, height, 0.003, 12),
            cylinder(neck + 0.002, height, height + spout),
        ),
    )


def toy_car(rng: Rng) -> ObjectModel:
    half = np.array([rng.uniform(0.04, 0.08), rng.uniform(0.02, 0.034), rng.uniform(0.01, 0.018)])
    wheel = half[2] * rng.uniform(0.8, 1.1)
    body = rounded_box(half, half[2] * 0.7).moved([0, 0, wheel + half[2] * 0.6])
    cabin = rounded_box(half * [0.5, 0.85, 0.8], half[2] * 0.5).moved(
        [rng.uniform(-0.3, 0.1) * half[0], 0, wheel + half[2] * 2.0]
    )
    tyre = lathe(
        [(0, -0.005), (wheel * 0.9, -0.005), (wheel, -0.003), (wheel, 0.003), (wheel * 0.9, 0.005), (0, 0.005)], 24
    )
    tyre = tyre.rotated(rotation("x", np.pi / 2))
    wheels = [tyre.moved([sx * half[0] * 0.6, sy * half[1], wheel]) for sx in (-1, 1) for sy in (-1, 1)]
    return ObjectModel(
        (
            Part("body", body, "plastic"),
            Part("cabin", cabin, pick(rng, "plastic", "light", "glossy")),
            Part("wheel", merge(wheels), "dark"),
        ),
        (
            box(half, [0, 0, wheel + half[2] * 0.6]),
            box(half * [0.5, 0.85, 0.8], [0, 0, wheel + half[2] * 2]),
            *(
                box([wheel * 0.5, 0.005, wheel], [sx * half[0] * 0.6, sy * half[1], wheel])
                for sx in (-1, 1)
                for sy in (-1, 1)
            ),
        ),
    )


def dumbbell(rng: Rng) -> ObjectModel:
    radius, width, grip = rng.uniform(0.022, 0.042), rng.uniform(0.02, 0.04), rng.uniform(0.05, 0.075)
    sides = pick(rng, "6", "32")
    lie = rotation("y", np.pi / 2)
    weight = lathe(
        [(0, 0), (radius * 0.9, 0), (radius, 0.004), (radius, width - 0.004), (radius * 0.9, width), (0, width)],
        int(sides),
    )
    weights = [weight.moved([0, 0, grip]).rotated(lie), weight.moved([0, 0, -grip - width]).rotated(lie)]
    bar = sweep(np.outer([-grip, 0, grip], [1, 0, 0]), [0.011, 0.014, 0.011])
    middle = grip + width / 2
    lift = [0, 0, radius]
    return ObjectModel(
        (
            Part("weight", merge(weights).moved(lift), pick(rng, "dark", "plastic", "plastic", "metal")),
            Part("handle", bar.moved(lift), pick(rng, "metal", "dark")),
        ),
        (
            box([width / 2, radius * 0.8, radius * 0.85], [middle, 0, radius * 0.85]),
            box([width / 2, radius * 0.8, radius * 0.85], [-middle, 0, radius * 0.85]),
            capsule([-grip, 0, radius], [grip, 0, radius], 0.013),
        ),
    )


def spray_bottle(rng: Rng) -> ObjectModel:
    radius, height = rng.uniform(0.03, 0.042), rng.uniform(0.12, 0.17)
    body = [
        (0, 0),
        (radius, 0),
        (radius, height * 0.45),
        (radius * 0.8, height * 0.7),
        (0.014, height * 0.95),
        (0.012, height),
        (0, height),
    ]
    head = rounded_box([0.035, 0.011, 0.016], 0.006).moved([0.014, 0, height + 0.024])
    nozzle = rounded_box([0.007, 0.007, 0.007], 0.002, 3).moved([0.053, 0, height + 0.027])
    neck = lathe([(0, 0), (0.014, 0), (0.014, 0.014), (0, 0.014)], 24).moved([0, 0, height - 0.004])
    trigger = sweep(
        [[0.03, 0, height + 0.012], [0.036, 0, height - 0.008], [0.03, 0, height - 0.032]], 0.0035, 0.006
    )
    return ObjectModel(
        (
            Part("body", lathe(body).scaled([1, rng.uniform(0.7, 1), 1]), pick(rng, "label", "plastic", "glossy")),
            Part("head", merge([head, nozzle, neck]), "plastic"),
            Part("trigger", trigger, "plastic"),
        ),
        (
            cylinder(radius * 0.9, 0, height * 0.6),
            cylinder(0.014, height * 0.6, height),
            box([0.045, 0.012, 0.017], [0.018, 0, height + 0.024]),
        ),
    )


def straw_tumbler(rng: Rng) -> ObjectModel:
    """A drink to go: tapered beaker, domed lid, straw."""
    top, height = rng.uniform(0.036, 0.047), rng.uniform(0.1, 0.16)
    bottom = top * rng.uniform(0.65, 0.8)
    lid = [(0, -0.002), (top * 1.04, -0.002), (top * 1.04, 0.008), (top * 0.8, 0.03), (top * 0.3, 0.04), (0, 0.04)]
    straw = sweep(
        [[0.004, 0, height], [0.01, 0, height + 0.06], [0.016, 0, height + rng.uniform(0.09, 0.13)]], 0.0035
    )
    return ObjectModel(
        (
            Part(
                "body",
                lathe([(0, 0), (bottom, 0), (top, height), (0, height)]),
                pick(rng, "label", "paper", "plastic"),
            ),
            Part("lid", lathe([(r, height + z) for r, z in lid]), pick(rng, "light", "plastic", "dark")),
            Part("straw", straw, "plastic"),
        ),
        (
            cylinder(bottom, 0, height * 0.3),
            cylinder((bottom + top) / 2, height * 0.3, height * 0.7),
            cylinder(top, height * 0.7, height + 0.02),
            capsule([0.006, 0, height], [0.016, 0, height + 0.1], 0.0035),
        ),
    )


def brush(rng: Rng) -> ObjectModel:
    """A scrubbing or clothes brush, bristles down."""
    half = np.array([rng.uniform(0.03, 0.055), rng.uniform(0.016, 0.026), 0.007])
    bristle, reach = rng.uniform(0.012, 0.022), rng.uniform(0.08, 0.14)
    head = rounded_box(half, 0.006).moved([0, 0, bristle + half[2]])
    path = [
        [half[0] * 0.8, 0, bristle + half[2]],
        [half[0] + reach * 0.5, 0, bristle + 0.016],
        [half[0] + reach, 0, bristle + 0.012],
    ]
    tufts = [
        plain_box([0.0028, 0.0028, bristle / 2], [x, y, bristle / 2])
        for x in np.linspace(-0.85, 0.85, 10) * half[0]
        for y in np.linspace(-0.8, 0.8, 5) * half[1]
    ]
    material = pick(rng, "wood", "plastic")
    return ObjectModel(
        (
            Part("head", head, material),
            Part("handle", sweep(path, [0.009, 0.007, 0.01], 0.006), material),
            Part("bristles", merge(tufts), pick(rng, "light", "dark", "plastic")),
        ),
        (
            box([half[0], half[1], bristle / 2 + half[2]], [0, 0, bristle / 2 + half[2]]),
            capsule(path[0], path[2], 0.008),
        ),
    )


def ring_toy(rng: Rng) -> ObjectModel:
    """A doughnut, hoop or swimming-ring shape."""
    radius = rng.uniform(0.03, 0.06)
    thick = radius * rng.uniform(0.25, 0.5)
    angle = np.linspace(0, 2 * np.pi, 13)
    path = np.c_[radius * np.cos(angle), radius * np.sin(angle), np.full(13, thick)]
    return ObjectModel(
        (
            Part(
                "body",
                torus(radius, thick, 44).moved([0, 0, thick]),
                pick(rng, "plastic", "stripe", "speckle", "fruit"),
            ),
        ),
        tuple(capsule(a, b, thick) for a, b in pairwise(path)),
    )


def tape_dispenser(rng: Rng) -> ObjectModel:
    length, width = rng.uniform(0.05, 0.07), rng.uniform(0.02, 0.028)
    base = rounded_box([length, width, 0.012], 0.005).moved([0, 0, 0.012])
    nose = rounded_box([0.009, width, 0.014], 0.004).moved([length - 0.008, 0, 0.034])
    cheeks = [
        rounded_box([0.022, 0.004, 0.016], 0.003, 3).moved([-length * 0.35, side * (width - 0.004), 0.035])
        for side in (-1, 1)
    ]
    radius = rng.uniform(0.024, 0.03)
    reel = (
        tube(radius, radius * 0.5, width * 1.3)
        .moved([0, 0, -width * 0.65])
        .rotated(rotation("x", np.pi / 2))
        .moved([-length * 0.35, 0, 0.05])
    )
    return ObjectModel(
        (
            Part("body", merge([base, nose, *cheeks]), pick(rng, "dark", "plastic", "plastic", "light")),
            Part("reel", reel, pick(rng, "light", "paper", "glossy")),
        ),
        (
            box([length, width, 0.012], [0, 0, 0.012]),
            box([0.009, width, 0.014], [length - 0.008, 0, 0.034]),
            box([radius * 0.75, width, radius * 0.8], [-length * 0.35, 0, 0.05]),
        ),
    )


def amphora(rng: Rng) -> ObjectModel:
    """A vase with two handles, like a trophy."""
    belly, height = rng.uniform(0.035, 0.055), rng.uniform(0.12, 0.2)
    outside = [
        (0, 0),
        (0.7, 0),
        (0.72, 0.04),
        (0.3, 0.1),
        (0.55, 0.25),
        (1, 0.5),
        (0.85, 0.72),
        (0.42, 0.84),
        (0.5, 0.98),
        (0.56, 1),
    ]
    inside = [(0.5, 1), (0.36, 0.84), (0, 0.8)]
    material = pick(rng, "ceramic", "metal", "glossy", "stripe")
    parts = [Part("body", lathe([(r * belly, z * height) for r, z in outside + inside], 44), material)]
    colliders = [cylinder(belly * 0.7, 0, height * 0.08), cylinder(belly * 0.55, height * 0.08, height * 0.3)]
    colliders += [cylinder(belly * 0.95, height * 0.3, height * 0.7), cylinder(belly * 0.55, height * 0.7, height)]
    bend = arc(belly * 0.5, belly * 0.75, height * 0.76, squash=height / belly * 0.25)
    for turn in (np.eye(3), np.diag([-1.0, -1, 1])):
        parts.append(Part("handle", sweep(bend, 0.004, 0.006).rotated(turn), material))
        colliders.append(capsule(turn @ bend[3], turn @ bend[-4], 0.006))
    return ObjectModel(tuple(parts), tuple(colliders))


def bracket(rng: Rng) -> ObjectModel:
    """A bent angle of sheet metal with round bosses."""
    a, b, width, thick = (
        rng.uniform(0.04, 0.08),
        rng.uniform(0.03, 0.07),
        rng.uniform(0.015, 0.03),
        rng.uniform(0.0025, 0.006),
    )
    boss = lathe([(0, 0), (width * 0.4, 0), (width * 0.3, thick * 1.5), (0, thick * 1.5)], 20)
    foot = rounded_box([a / 2, width, thick], 0.001, 3).moved([a / 2, 0, thick])
    wall = rounded_box([thick, width, b / 2], 0.001, 3).moved([thick, 0, b / 2])
    bosses = [
        boss.moved([a * 0.65, 0, 2 * thick]),
        boss.rotated(rotation("y", np.pi / 2)).moved([2 * thick, 0, b * 0.65]),
    ]
    material = pick(rng, "metal", "dark", "plastic")
    return ObjectModel(
        (Part("body", merge([foot, wall]), material), Part("boss", merge(bosses), pick(rng, material, "metal"))),
        (box([a / 2, width, thick], [a / 2, 0, thick]), box([thick, width, b / 2], [thick, 0, b / 2])),
    )


def gamepad(rng: Rng) -> ObjectModel:
    width, depth, thick = rng.uniform(0.04, 0.055), rng.uniform(0.025, 0.035), rng.uniform(0.012, 0.017)
    middle = rounded_box([width, depth, thick], thick * 0.8).moved([0, 0, thick])
    grips, sticks = [], []
    colliders = [box([width, depth, thick], [0, 0, thick])]
    for side in (-1, 1):
        path = np.array(
            [
                [side * width * 0.95, depth * 0.3, thick],
                [side * width * 1.25, -depth * 0.5, thick],
                [side * width * 1.4, -depth * 1.6, thick * 0.9],
            ]
        )
        grips.append(sweep(path, [depth * 0.75, depth * 0.65, depth * 0.45], [thick, thick * 0.95, thick * 0.8]))
        colliders.append(capsule(path[0], path[2], thick * 0.9))
        stick = lathe([(0, 0), (0.004, 0), (0.004, 0.006), (0.009, 0.008), (0.008, 0.011), (0, 0.01)], 20)
        sticks.append(stick.moved([side * width * 0.45, -depth * 0.3, 2 * thick - 0.001]))
    button = lathe([(0, 0), (0.0045, 0), (0.004, 0.004), (0, 0.004)], 16)
    buttons = [
        button.moved([width * 0.9 + x, depth * 0.35 + y, 2 * thick - 0.001])
        for x, y in ((0.011, 0), (-0.011, 0), (0, 0.011), (0, -0.011))
    ]
    return ObjectModel(
        (
            Part("body", merge([middle, *grips]), pick(rng, "dark", "light", "plastic")),
            Part("stick", merge(sticks), "dark"),
            Part("button", merge(buttons), "plastic"),
        ),
        tuple(colliders),
    )
