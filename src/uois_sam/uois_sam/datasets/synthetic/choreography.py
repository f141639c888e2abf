"""Gives the events of a sequence to the objects of a scene: who moves, and along which path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.sequence_file import SequenceEvent
from uois_sam.datasets.synthetic.events import Slot
from uois_sam.datasets.synthetic.motion import Carry, Slide
from uois_sam.datasets.synthetic.room import Room
from uois_sam.datasets.synthetic.scene import SceneRejectedError
from uois_sam.datasets.synthetic.standing import Standing, pixels
from uois_sam.datasets.synthetic.viewpoints import turned
from uois_sam.types import Camera

Rng = np.random.Generator
Array = NDArray[np.float64]
_PUSH = (0.08, 0.22)  # metres
_MET = 0.75  # of the sum of two footprints, the distance that a pushed object keeps from others
_RIM = 0.03  # metres of the table's rim that stay free
_GAP = 0.02  # metres between an object that is put down and the others
_LEAST_RATIO = 0.55  # of the half width of what hides to the radius of what is hidden
_NEAREST = 0.38  # metres from the camera to a carried object
_HALFWAY = 0.55  # of the way from the camera to what is hidden; nearer to that, other things stand in the way
_HEIGHTS = np.arange(0.3, 1.3, 0.1)  # metres to lift an object until it is out of view
_TURNS = np.radians(np.arange(4, 75, 2))
_BEYOND = np.radians(6)  # that the camera turns further, since objects and camera move meanwhile
_TRIES = 20


@dataclass(frozen=True)
class Choreography:
    """All that moves: objects, and the camera's poses (one (4, 4) a frame). events: as planned, in order."""

    slides: list[Slide]
    carries: list[Carry]
    poses: list[Array]
    events: list[SequenceEvent]


def plan_motions(
    rng: Rng,
    slots: Sequence[Slot],
    objects: Sequence[Standing],
    room: Room,
    camera: Camera,
    poses: Sequence[Array],
    steps_per_frame: int,
) -> Choreography:
    """Motions for every slot; each object moves on purpose once at most.

    poses: (4, 4) world-from-optical of every frame, without the events.

    Raises:
        SceneRejectedError: no object of the scene can do what a slot wants.
    """
    free = list(objects)
    still: set[int] = set()  # labels of objects that others are carried past
    put_down: list[Standing] = []  # where carried objects will be
    made = Choreography([], [], list(poses), [])
    for slot in sorted(slots, key=lambda s: ("carry", "add", "remove", "push", "turn").index(s.kind)):
        movable = [o for o in free if o.alone and o.label not in still]
        start = slot.first * steps_per_frame
        count = (slot.last - slot.first) * steps_per_frame + 1
        if slot.kind == "turn":
            _look_aside(slot, objects, camera, made.poses)
            made.events.append(SequenceEvent("turn", slot.first, slot.last))
            continue
        if not movable:
            raise SceneRejectedError(f"no object is left for the event {slot.kind}")
        passed: int | None = None
        if slot.kind == "push":
            mover = movable[int(rng.integers(len(movable)))]
            made.slides.append(Slide(mover.index, start, count, _push(rng, mover, objects, room)))
        elif slot.kind == "carry":
            mover, target = _occlusion(rng, movable, free)
            still.add(target.label)
            passed = target.label
            eyes = np.array([p[:3, 3] for p in poses[slot.first : slot.last + 1]])
            place = _free_place(rng, mover, [*objects, *put_down], room)
            put_down.append(replace(mover, position=place))
            path = _past(mover, target, place, eyes, steps_per_frame)
            made.carries.append(Carry(mover.index, start, path))
        else:
            mover = movable[int(rng.integers(len(movable)))]
            pose = poses[slot.last if slot.kind == "remove" else slot.first]
            path = _lift(mover, camera, pose, count)
            adds = slot.kind == "add"
            made.carries.append(Carry(mover.index, start, path[::-1] if adds else path, adds, not adds))
        free.remove(mover)
        made.events.append(SequenceEvent(slot.kind, slot.first, slot.last, mover.label, passed))
    made.events.sort(key=lambda event: (event.first, event.kind))
    return made


def _smooth(share: Array) -> Array:
    """0 .. 1 with a smooth beginning and end."""
    s = np.clip(share, 0, 1)
    return np.asarray(s * s * s * (s * (6 * s - 15) + 10))


def _on_table(room: Room, middle: Array, footprint: float) -> bool:
    return bool((np.abs(middle[:2]) < np.array(room.table_half) - footprint - _RIM).all())


def _push(rng: Rng, mover: Standing, objects: Sequence[Standing], room: Room) -> Array:
    """(2,) metres over the table, at which other objects are met at their outlines only."""
    here = (mover.position + mover.middle)[:2]
    for _ in range(_TRIES):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(*_PUSH)
        shift = distance * np.array([np.cos(angle), np.sin(angle)])
        way = here + np.linspace(0, 1, 8)[1:, None] * shift
        if _on_table(room, here + shift, mover.footprint) and not any(
            np.linalg.norm(way - (o.position + o.middle)[:2], axis=1).min()
            < _MET * (mover.footprint + o.footprint)
            for o in objects
            if o is not mover
        ):
            return shift
    raise SceneRejectedError("an object has no room to be pushed")


def _occlusion(rng: Rng, movable: list[Standing], free: list[Standing]) -> tuple[Standing, Standing]:
    """Who is carried before whom: one of the better third of the pairs in which the first may hide the second."""
    pairs = [(a.narrowness / b.radius, a, b) for a in movable for b in free if a is not b]
    pairs = sorted((p for p in pairs if p[0] > _LEAST_RATIO), key=lambda p: -p[0])
    if not pairs:
        raise SceneRejectedError("no object is large enough to hide another one")
    _, first, second = pairs[int(rng.integers(-(-len(pairs) // 3)))]
    return first, second


def _free_place(rng: Rng, mover: Standing, objects: Sequence[Standing], room: Room) -> Array:
    """(3,) position at which the object can be put down: elsewhere on the table, or where it stood."""
    here = (mover.position + mover.middle)[:2]
    for _ in range(_TRIES):
        shift = rng.uniform(-0.3, 0.3, 2)
        clear = all(
            np.linalg.norm(here + shift - (o.position + o.middle)[:2]) > mover.footprint + o.footprint + _GAP
            for o in objects
            if o is not mover
        )
        if clear and _on_table(room, here + shift, mover.footprint):
            return mover.position + np.r_[shift, 0]
    return mover.position


def _past(mover: Standing, target: Standing, place: Array, eyes: Array, steps_per_frame: int) -> Array:
    """(K, 3) path up into the line of sight from the camera to the target, along with it, and down to `place`.

    eyes: (frames, 3) positions of the camera.
    """
    count = (len(eyes) - 1) * steps_per_frame + 1
    share = np.linspace(0, 1, count)[:, None]
    frames = share[:, 0] * (len(eyes) - 1)
    eye = np.stack([np.interp(frames, np.arange(len(eyes)), eyes[:, k]) for k in range(3)], 1)
    aim = target.position + target.middle
    distance = float(np.linalg.norm(eyes - aim, axis=1).min())
    fraction = float(np.clip(0.7 * mover.narrowness / target.radius, _NEAREST / distance, _HALFWAY))
    before = eye + fraction * (aim - eye) - mover.middle
    phase = 3 * np.minimum(share, 1 - share)  # 0 .. 1 on the way up, and again on the way down
    ground = np.where(share < 0.5, mover.position, place)
    across, up = _smooth((phase - 0.35) / 0.65), _smooth(phase / 0.75)
    return ground + np.concatenate([across, across, up], 1) * (before - ground)


def _lift(mover: Standing, camera: Camera, pose: Array, count: int) -> Array:
    """(count, 3) path straight up until the object is out of the image."""
    for height in _HEIGHTS:
        end = mover.position + np.array([0, 0, height])
        if not len(pixels(camera, pose, mover.points + end)):
            share = np.linspace(0, 1, count)[:, None]
            return mover.position + _smooth(share) * (end - mover.position)
    raise SceneRejectedError("an object cannot be lifted out of view")


def _look_aside(slot: Slot, objects: Sequence[Standing], camera: Camera, poses: list[Array]) -> None:
    """Turn the poses of a slot to the side on which the first object is soon out of the image."""
    peak = poses[(slot.first + slot.last) // 2]
    for angle in np.ravel([(a, -a) for a in _TURNS]):
        pose = turned(peak, angle)
        if any(not len(pixels(camera, pose, o.points + o.position)) for o in objects):
            break
    else:
        raise SceneRejectedError("the camera cannot look away from an object")
    frames = np.arange(slot.first, slot.last + 1)
    share = (frames - slot.first + 1) / (len(frames) + 1)
    weights = _smooth(3 * np.minimum(share, 1 - share))
    for frame, weight in zip(frames, weights, strict=True):
        poses[frame] = turned(poses[frame], (angle + np.sign(angle) * _BEYOND) * weight)
