"""Training families made of boxes: cartons, books, bricks, devices, bins."""

from __future__ import annotations

import numpy as np

from uois_sam.datasets.synthetic.colliders import Collider, box, cylinder
from uois_sam.datasets.synthetic.meshes import lathe, merge, plain_box, plate, rotation, rounded_box
from uois_sam.datasets.synthetic.objects import ObjectModel, Part, pick

Rng = np.random.Generator


def carton(rng: Rng) -> ObjectModel:
    """A printed box of any proportion, or a plain one."""
    half = rng.uniform(0.012, 0.1, 3) * rng.uniform(0.6, 1.15)
    material = pick(rng, "carton", "carton", "carton", "carton", "plain", "wood", "light")
    mesh = rounded_box(half, rng.uniform(0.001, 0.005), atlas=material == "carton")
    return ObjectModel((Part("body", mesh, material),), (box(half),))


def cereal_box(rng: Rng) -> ObjectModel:
    """A printed box that stands tall, or lies flat."""
    half = np.array([rng.uniform(0.05, 0.1), rng.uniform(0.015, 0.045), rng.uniform(0.08, 0.15)])
    mesh = rounded_box(half, 0.0015, atlas=True)
    model = ObjectModel((Part("body", mesh, "carton"),), (box(half),))
    return model.rotated(rotation("x", np.pi / 2)) if rng.random() < 0.35 else model


def milk_carton(rng: Rng) -> ObjectModel:
    """A drink carton with a gable and sometimes a cap."""
    half, height = rng.uniform(0.028, 0.045), rng.uniform(0.09, 0.2)
    roof = half * rng.uniform(0.6, 1)
    body = rounded_box([half, half, height / 2], 0.002, atlas=True).moved([0, 0, height / 2])
    outline = [(-half, 0), (half, 0), (0.004, roof), (0.004, roof + 0.015), (-0.004, roof + 0.015), (-0.004, roof)]
    parts = [
        Part("body", body, "carton"),
        Part(
            "gable",
            plate(outline, half * 0.99).moved([0, 0, height - 0.002]),
            pick(rng, "light", "plastic", "label"),
        ),
    ]
    if rng.random() < 0.5:
        cap = lathe([(0, 0), (0.011, 0), (0.011, 0.012), (0, 0.012)], 20).rotated(rotation("y", np.pi / 4))
        parts.append(Part("cap", cap.moved([half * 0.45, 0, height + roof * 0.45]), "plastic"))
    return ObjectModel(
        tuple(parts),
        (
            box([half, half, height / 2], [0, 0, height / 2]),
            box([half * 0.4, half, roof / 2], [0, 0, height + roof / 2]),
        ),
    )


def book(rng: Rng) -> ObjectModel:
    half = np.array([rng.uniform(0.05, 0.1), rng.uniform(0.07, 0.14), rng.uniform(0.006, 0.02)])
    board = 0.0015
    pages = rounded_box(half * [0.97, 0.97, 1] - [0, 0, board], 0.0005, 3)
    sides = [
        rounded_box([half[0], half[1], board], 0.0006, 3).moved([0, 0, -half[2]]),
        rounded_box([half[0], half[1], board], 0.0006, 3).moved([0, 0, half[2]]),
        rounded_box([board, half[1], half[2]], 0.0006, 3).moved([-half[0], 0, 0]),
    ]
    return ObjectModel(
        (Part("pages", pages, "paper"), *(Part("cover", side, "label") for side in sides)),
        (box(half + np.array([0, 0, board])),),
    )


def remote(rng: Rng) -> ObjectModel:
    half = np.array([rng.uniform(0.018, 0.028), rng.uniform(0.06, 0.1), rng.uniform(0.006, 0.011)])
    button = plain_box([0.0035, 0.003, 0.002])
    rows = np.linspace(-0.6, 0.8, int(rng.integers(3, 6)))
    buttons = [button.moved([half[0] * x, half[1] * y, half[2]]) for x in (-0.5, 0, 0.5) for y in rows]
    return ObjectModel(
        (
            Part("body", rounded_box(half, half[2] * 0.8), pick(rng, "dark", "plastic")),
            Part("button", merge(buttons), "plastic"),
        ),
        (box(half),),
    )


def keyboard(rng: Rng) -> ObjectModel:
    half = np.array([rng.uniform(0.13, 0.22), rng.uniform(0.05, 0.075), rng.uniform(0.005, 0.01)])
    rows, pitch = 5, 2 * half[1] * 0.92 / 5
    columns = int(2 * half[0] * 0.95 / pitch)
    material = pick(rng, "dark", "light", "plastic")
    key = plain_box([pitch * 0.43, pitch * 0.42, 0.003])
    wide = plain_box([pitch * 0.43 * 5, pitch * 0.42, 0.003])
    keys = []
    for row in range(rows):
        y = (row - (rows - 1) / 2) * pitch
        for column in range(columns):
            if row == 0 and abs(column - columns // 2) <= 2:
                continue
            keys.append(key.moved([(column - (columns - 1) / 2) * pitch, y, half[2] + 0.002]))
    keys.append(wide.moved([(columns // 2 - (columns - 1) / 2) * pitch, -(rows - 1) / 2 * pitch, half[2] + 0.002]))
    return ObjectModel(
        (
            Part("body", rounded_box(half, 0.003, 3), material),
            Part("keys", merge(keys), pick(rng, material, "dark", "light")),
        ),
        (box(half + np.array([0, 0, 0.002])),),
    )


def display(rng: Rng) -> ObjectModel:
    """A monitor or tablet on a foot, standing."""
    width, height = rng.uniform(0.09, 0.26), rng.uniform(0.07, 0.16)
    lean, lift, depth = rng.uniform(0.0, 0.3), rng.uniform(0.02, 0.1), rng.uniform(0.006, 0.02)
    back = rotation("x", -lean)
    centre = np.array([0, 0, lift + height])
    frame = rounded_box([width, depth, height], depth * 0.5, 3)
    glass = plain_box([width * 0.96, 0.001, height * 0.94], [0, -depth, 0])
    foot = rounded_box([width * 0.45, 0.07, 0.006], 0.004, 3).moved([0, 0.02, 0.006])
    post = rounded_box([0.02, 0.008, (lift + height) / 2], 0.004, 3).moved([0, depth + 0.012, (lift + height) / 2])
    material = pick(rng, "dark", "dark", "light", "metal")
    panel = box([width, depth, height]).rotated(back)
    return ObjectModel(
        (
            Part("frame", frame.rotated(back).moved(centre), material),
            Part("screen", glass.rotated(back).moved(centre), "screen"),
            Part("foot", merge([foot, post]), material),
        ),
        (
            Collider("box", panel.size, centre, panel.quaternion),
            box([width * 0.45, 0.07, 0.006], [0, 0.02, 0.006]),
            box([0.02, 0.008, (lift + height) / 2], [0, depth + 0.012, (lift + height) / 2]),
        ),
    )


def laptop(rng: Rng) -> ObjectModel:
    """An open or closed laptop."""
    width, depth, thick = rng.uniform(0.11, 0.17), rng.uniform(0.08, 0.115), rng.uniform(0.006, 0.01)
    opening = 0.0 if rng.random() < 0.25 else rng.uniform(1.4, 2.1)
    material = pick(rng, "metal", "dark", "light", "plastic")
    turn = rotation("x", -opening)
    hinge = np.array([0, depth, 2 * thick])
    lid = rounded_box([width, depth, 0.004], 0.003, 3).moved([0, -depth, 0.004]).rotated(turn).moved(hinge)
    glass = plain_box([width * 0.94, depth * 0.9, 0.0006], [0, -depth, -0.0004]).rotated(turn).moved(hinge)
    base = rounded_box([width, depth, thick], 0.003, 3).moved([0, 0, thick])
    keys = [
        plain_box(
            [width * 0.055, depth * 0.06, 0.001], [width * 0.13 * c, depth * (0.1 + 0.16 * r), 2 * thick + 0.001]
        )
        for c in range(-6, 7)
        for r in range(5)
    ]
    lid_box = box([width, depth, 0.004]).rotated(turn)
    return ObjectModel(
        (
            Part("base", base, material),
            Part("keys", merge(keys), pick(rng, "dark", "light")),
            Part("lid", lid, material),
            Part("screen", glass, "screen"),
        ),
        (
            box([width, depth, thick], [0, 0, thick]),
            Collider("box", lid_box.size, turn @ [0, -depth, 0.004] + hinge, lid_box.quaternion),
        ),
    )


def phone(rng: Rng) -> ObjectModel:
    half = np.array([rng.uniform(0.03, 0.042), rng.uniform(0.06, 0.085), rng.uniform(0.0035, 0.006)])
    glass = plain_box([half[0] * 0.95, half[1] * 0.95, 0.0005], [0, 0, half[2]])
    return ObjectModel(
        (
            Part("body", rounded_box(half, 0.003, 3), pick(rng, "dark", "plastic", "light")),
            Part("screen", glass, "screen"),
        ),
        (box(half),),
    )


def mouse(rng: Rng) -> ObjectModel:
    half = np.array([rng.uniform(0.025, 0.034), rng.uniform(0.045, 0.06), rng.uniform(0.014, 0.02)])
    body = rounded_box([1, 1, 1], 0.9).scaled(half)
    wheel = rounded_box([0.003, 0.008, 0.004], 0.002, 3).moved([0, half[1] * 0.5, half[2] * 0.9])
    return ObjectModel(
        (Part("body", body, pick(rng, "dark", "plastic", "light")), Part("wheel", wheel, "dark")),
        (box(half * [0.75, 0.75, 1]), box(half * [0.95, 0.95, 0.5])),
    )


def brick(rng: Rng) -> ObjectModel:
    """A toy brick with studs."""
    columns, rows, unit = int(rng.integers(2, 5)), int(rng.integers(1, 3)), rng.uniform(0.016, 0.032)
    half = np.array([columns * unit / 2, rows * unit / 2, unit * rng.uniform(0.3, 0.6)])
    stud = lathe([(0, 0), (unit * 0.3, 0), (unit * 0.3, unit * 0.2), (0, unit * 0.2)], 16)
    studs = [
        stud.moved([(c - (columns - 1) / 2) * unit, (r - (rows - 1) / 2) * unit, half[2]])
        for c in range(columns)
        for r in range(rows)
    ]
    return ObjectModel(
        (Part("body", merge([rounded_box(half, 0.001, 3), *studs]), "plastic"),),
        (box(half + np.array([0, 0, unit * 0.1]), [0, 0, unit * 0.1]),),
    )


def pouch(rng: Rng) -> ObjectModel:
    """A soft bag of crisps or sweets with two sealed ends; its convex hull collides."""
    half = np.array([rng.uniform(0.04, 0.09), rng.uniform(0.05, 0.12), rng.uniform(0.012, 0.035)])
    mesh = rounded_box([1, 1, 1], 0.05, 15, atlas=True)
    x, y, z = mesh.vertices.T
    bulge = np.clip((1 - 0.75 * x**6) * np.sqrt(np.clip(1 - 0.98 * y**2, 0, 1)), 0.03, 1)
    wrinkles = 0.06 * np.sin(9 * x + rng.uniform(0, 6)) * np.sin(7 * y + rng.uniform(0, 6))
    shaped = np.stack([x * (1 - 0.06 * (1 - y**2)), y, z * (bulge + wrinkles * bulge)], 1)
    return ObjectModel(
        (Part("body", mesh.moved(shaped - mesh.vertices).scaled(half), pick(rng, "carton", "label")),), ()
    )


def tray(rng: Rng) -> ObjectModel:
    """An open bin or tray."""
    half = np.array([rng.uniform(0.08, 0.19), rng.uniform(0.06, 0.14), rng.uniform(0.012, 0.06)])
    wall = rng.uniform(0.003, 0.006)
    pieces = [
        ([half[0], half[1], wall], [0, 0, wall]),
        ([wall, half[1], half[2]], [half[0] - wall, 0, half[2]]),
        ([wall, half[1], half[2]], [wall - half[0], 0, half[2]]),
        ([half[0], wall, half[2]], [0, half[1] - wall, half[2]]),
        ([half[0], wall, half[2]], [0, wall - half[1], half[2]]),
    ]
    body = merge([rounded_box(size, 0.0015, 3).moved(centre) for size, centre in pieces])
    material = pick(rng, "plastic", "wood", "light", "dark", "metal")
    return ObjectModel((Part("body", body, material),), tuple(box(size, centre) for size, centre in pieces))


def puck(rng: Rng) -> ObjectModel:
    """A flat round thing: a lid, a cheese, a coaster."""
    radius, height = rng.uniform(0.03, 0.09), rng.uniform(0.006, 0.035)
    profile = [(0, 0), (radius, 0), (radius, height * 0.8), (radius * 0.94, height), (0, height)]
    return ObjectModel(
        (Part("body", lathe(profile, 44), pick(rng, "plastic", "wood", "light", "metal", "plain")),),
        (cylinder(radius, 0, height),),
    )
