"""Where objects begin: dropped in a heap, standing about tidily, stacked, or thrown into a tray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.colliders import about
from uois_sam.datasets.synthetic.families import COMMON, STACKABLE, TIDY
from uois_sam.datasets.synthetic.objects import Family, ObjectModel, pick

Rng = np.random.Generator
STYLES = (*["drop"] * 9, *["tidy"] * 6, *["stack"] * 4, "tray")
"""How a table is laid, each as likely as it is named."""
_GAP = 0.001  # metres between an object and what it is set upon


@dataclass(frozen=True)
class Placement:
    """An object to be added at a pose; position (3,) metres, quaternion (4,) (w, x, y, z).

    twin: index of an earlier placement whose meshes and materials it shares, or None.
    """

    family: str
    model: ObjectModel
    position: NDArray[np.float64]
    quaternion: NDArray[np.float64]
    twin: int | None = None


def plan(
    rng: Rng, families: Mapping[str, Family], table_half: tuple[float, float], styles: Sequence[str] = STYLES
) -> list[Placement]:
    """Placements of one scene's objects on a table whose half sizes are given in metres.

    styles: of which one is drawn: "drop", "tidy", "stack" or "tray".
    """
    style = pick(rng, *styles)
    if style == "drop":
        placements = _dropped(rng, families, int(rng.integers(3, 19)), rng.uniform(0.04, 0.18))
    elif style == "tidy":
        placements = _standing(rng, families, int(rng.integers(2, 14)), [])
        if rng.random() < 0.3:
            placements = _dropped(rng, families, int(rng.integers(1, 4)), 0.15, placements)
    elif style == "stack":
        placements = _stacks(rng, families, int(rng.integers(1, 4)))
        placements = _standing(rng, families, int(rng.integers(1, 6)), placements)
    else:
        placements = _in_tray(rng, families)
    shift = np.array([*(rng.uniform(-0.5, 0.5) * max(0.0, h - 0.3) for h in table_half), 0])
    limit = np.array(table_half) - 0.03
    moved = [replace(p, position=p.position + shift) for p in placements]
    return [replace(p, position=np.r_[np.clip(p.position[:2], -limit, limit), p.position[2]]) for p in moved]


def _draw(rng: Rng, families: Mapping[str, Family], preferred: tuple[str, ...] = ()) -> tuple[str, ObjectModel]:
    """A random object; of the preferred families where the table has any of them."""
    names = [n for n in preferred if n in families] or list(families)
    family = names[int(rng.integers(len(names)))]
    return family, families[family](rng).scaled(rng.uniform(0.85, 1.15))


def _draw_or_repeat(
    rng: Rng, families: Mapping[str, Family], placed: list[Placement], preferred: tuple[str, ...] = ()
) -> tuple[str, ObjectModel, int | None]:
    """A new object, or now and then one more of an object that is there."""
    if placed and rng.random() < 0.15:
        index = int(rng.integers(len(placed)))
        original = placed[index].twin
        index = index if original is None else original
        return placed[index].family, placed[index].model, index
    return *_draw(rng, families, preferred), None


def _random_quaternion(rng: Rng) -> NDArray[np.float64]:
    q = rng.normal(size=4)
    return q / np.linalg.norm(q)


def _yaw(rng: Rng) -> NDArray[np.float64]:
    return about([0, 0, 1], rng.uniform(0, 2 * np.pi))


def _dropped(
    rng: Rng, families: Mapping[str, Family], count: int, spread: float, placed: list[Placement] | None = None
) -> list[Placement]:
    """Objects above each other, clear of each other, to fall into a heap of `spread` metres."""
    placements = list(placed or [])
    for _ in range(count):
        preferred = COMMON if rng.random() < 0.5 else ()
        family, model, twin = _draw_or_repeat(rng, families, placements, preferred)
        reach, place = model.reach(), np.clip(rng.normal(0, spread, 2), -0.35, 0.35)
        height = reach + 0.01
        for other in placements:
            other_reach = other.model.reach()
            if np.linalg.norm(other.position[:2] - place) < reach + other_reach:
                height = max(height, other.position[2] + other_reach + reach + 0.005)
        turn = _random_quaternion(rng) if rng.random() < 0.55 else _yaw(rng)
        placements.append(Placement(family, model, np.array([*place, height]), turn, twin))
    return placements


def _footprint(placement: Placement) -> float:
    """Radius in metres of the upright object's shadow about its origin."""
    return max(float(np.linalg.norm(p.mesh.vertices[:, :2], axis=1).max()) for p in placement.model.parts)


def _standing(rng: Rng, families: Mapping[str, Family], count: int, placed: list[Placement]) -> list[Placement]:
    """Upright objects that do not overlap; often as close to a neighbour as their outlines allow."""
    placements = list(placed)
    reach = rng.uniform(0.12, 0.4)
    for _ in range(count):
        preferred = TIDY if rng.random() < 0.8 else ()
        family, model, twin = _draw_or_repeat(rng, families, placements, preferred)
        upright = Placement(family, model, np.array([0, 0, _GAP - model.bounds()[0][2]]), _yaw(rng), twin)
        for _ in range(20):
            if placements and rng.random() < 0.5:
                place = _beside(rng, placements[int(rng.integers(len(placements)))], upright)
            else:
                place = rng.uniform(-reach, reach, 2) * [1.0, 0.7]
            candidate = replace(upright, position=np.array([*place, upright.position[2]]))
            if np.abs(place).max() < 0.45 and not any(_overlap(candidate, other) for other in placements):
                placements.append(candidate)
                break
    return placements


def _corners(placement: Placement) -> NDArray[np.float64]:
    """(4, 2) corners of the bounding rectangle, turned by the placement's yaw, on the table."""
    low, high = placement.model.bounds()
    corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    yaw = 2 * np.arctan2(placement.quaternion[3], placement.quaternion[0])
    c, s = np.cos(yaw), np.sin(yaw)
    return corners @ np.array([[c, s], [-s, c]]) + placement.position[:2]


def _overlap(a: Placement, b: Placement) -> bool:
    """Whether the bounding rectangles of two upright placements overlap (separating axes)."""
    first, second = _corners(a), _corners(b)
    for corners in (first, second):
        for edge in (corners[1] - corners[0], corners[2] - corners[1]):
            axis = np.array([-edge[1], edge[0]])
            one, two = first @ axis, second @ axis
            if one.max() <= two.min() or two.max() <= one.min():
                return False
    return True


def _beside(rng: Rng, neighbour: Placement, upright: Placement) -> NDArray[np.float64]:
    """(2,) place at which the object nearly touches its neighbour in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)])
    far = _footprint(neighbour) + _footprint(upright)
    near = 0.0
    for _ in range(8):
        middle = (near + far) / 2
        place = neighbour.position[:2] + middle * direction
        moved = replace(upright, position=np.array([*place, upright.position[2]]))
        near, far = (middle, far) if _overlap(moved, neighbour) else (near, middle)
    return neighbour.position[:2] + (far + rng.choice([0.001, 0.001, rng.uniform(0, 0.05)])) * direction


def _stacks(rng: Rng, families: Mapping[str, Family], count: int) -> list[Placement]:
    """Stacks of two to four flat-topped objects, the broader ones below."""
    placements: list[Placement] = []
    for k in range(count):
        drawn = [_draw(rng, families, STACKABLE) for _ in range(int(rng.integers(2, 5)))]
        drawn.sort(key=lambda item: -float(np.prod((item[1].bounds()[1] - item[1].bounds()[0])[:2])))
        centre = np.array([(k - (count - 1) / 2) * 0.28, 0]) + rng.normal(0, 0.04, 2)
        height, yaw = _GAP, rng.uniform(0, 2 * np.pi)
        for family, model in drawn:
            low, high = model.bounds()
            slack = 0.25 * float((high - low)[:2].min())
            place = centre + rng.uniform(-slack, slack, 2) * rng.random()
            turn = about([0, 0, 1], yaw + rng.normal(0, 0.25 if rng.random() < 0.7 else 1.0))
            placements.append(Placement(family, model, np.array([*place, height - low[2]]), turn))
            height += high[2] - low[2] + _GAP
    return placements


def _in_tray(rng: Rng, families: Mapping[str, Family]) -> list[Placement]:
    """A tray with things dropped into it, and a few beside it."""
    if "tray" not in families:
        return _dropped(rng, families, int(rng.integers(4, 14)), 0.06)
    tray = families["tray"](rng)
    floor = Placement("tray", tray, np.array([0, 0, _GAP]), _yaw(rng))
    return _dropped(rng, families, int(rng.integers(3, 11)), 0.05, [floor])
