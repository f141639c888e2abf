"""Objects that are pushed and carried, and what physics makes of the others."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco", reason="mujoco is not installed: synthetic tables cannot be settled")

from uois_sam.datasets.synthetic.choreography import plan_motions
from uois_sam.datasets.synthetic.events import Slot
from uois_sam.datasets.synthetic.families import TRAINING_FAMILIES
from uois_sam.datasets.synthetic.motion import Carry, Slide, simulate
from uois_sam.datasets.synthetic.scene import Scene, SceneRejectedError, build_scene
from uois_sam.datasets.synthetic.standing import Standing, pixels, standing_objects
from uois_sam.datasets.synthetic.viewpoints import look_at, orbit, turned, usual_camera

FRAMES, STEPS = 9, 25
CAMERA = usual_camera((96, 128))


def tidy(seed: int, alone: int = 2) -> tuple[Scene, list[Standing]]:
    """A scene with at least so many objects that touch the table only."""
    for attempt in range(60):
        try:
            scene = build_scene(np.random.default_rng([seed, attempt]), TRAINING_FAMILIES, [], 4, ["tidy"])
        except SceneRejectedError:
            continue
        objects = standing_objects(scene)
        if sum(o.alone for o in objects) >= alone:
            return scene, objects
    raise AssertionError(f"no tidy scene of seed {seed}")


def test_objects_know_where_they_stand() -> None:
    scene, objects = tidy(1)
    assert [o.label for o in objects] == sorted(scene.objects)
    for o in objects:
        corners = o.points + o.position
        assert corners[:, 2].min() > -0.006
        assert (np.abs(corners[:, :2]) < np.array(scene.room.table_half) + 0.3).all()
        assert 0 < o.narrowness <= o.radius
        assert 0 < o.footprint <= o.radius + 1e-9
        np.testing.assert_allclose(o.at(np.r_[o.position, o.quaternion]), corners, atol=1e-9)
        lifted = o.at(np.r_[o.position + np.array([0, 0, 1]), o.quaternion])
        np.testing.assert_allclose(lifted, corners + np.array([0, 0, 1]), atol=1e-9)


def test_nothing_moves_where_nothing_happens() -> None:
    scene, objects = tidy(1)
    states = simulate(scene, [], [], FRAMES, STEPS).reshape(FRAMES, -1, 7)
    for o in objects:
        assert np.abs(states[:, o.index, :3] - o.position).max() < 0.005


def test_a_pushed_object_goes_as_far_as_it_is_pushed() -> None:
    scene, objects = tidy(2)
    pushed = next(o for o in objects if o.alone)
    way = pushed.position[:2] - np.mean([o.position[:2] for o in objects if o is not pushed], axis=0)
    shift = 0.05 * way / np.linalg.norm(way)  # away from the others
    slide = Slide(pushed.index, STEPS, 4 * STEPS, shift)
    states = simulate(scene, [slide], [], FRAMES, STEPS).reshape(FRAMES, -1, 7)
    moved = states[:, pushed.index, :2] - pushed.position[:2]
    assert np.abs(moved[1]).max() < 0.002
    np.testing.assert_allclose(moved[-1], shift, atol=0.01)
    assert (np.diff(moved @ shift) > -1e-4).all()


def test_carried_objects_follow_their_path_and_come_and_go() -> None:
    scene, objects = tidy(9)
    comes, goes = [o for o in objects if o.alone][:2]
    rise = np.linspace(0, 0.5, 3 * STEPS + 1)[:, None] * [0, 0, 1]
    carries = [
        Carry(comes.index, 2 * STEPS, comes.position + rise[::-1], absent_before=True),
        Carry(goes.index, 3 * STEPS, goes.position + rise, absent_after=True),
    ]
    states = simulate(scene, [], carries, FRAMES, STEPS).reshape(FRAMES, -1, 7)
    coming, going = states[:, comes.index, 2], states[:, goes.index, 2]
    assert (coming[:2] < -1).all()
    np.testing.assert_allclose(coming[2:6], comes.position[2] + [0.5, 0.5 * 2 / 3, 0.5 / 3, 0], atol=1e-6)
    assert np.abs(coming[6:] - comes.position[2]).max() < 0.01
    np.testing.assert_allclose(going[3:7], goes.position[2] + [0, 0.5 / 3, 0.5 * 2 / 3, 0.5], atol=1e-6)
    assert (going[7:] < -1).all()


def test_physics_is_the_same_again() -> None:
    first, second = (simulate(tidy(4)[0], [], [], 3, STEPS) for _ in range(2))
    assert np.array_equal(first, second)


def test_interpenetration_and_falls_are_refused() -> None:
    scene, objects = tidy(5)
    one, other = [o for o in objects if o.alone][:2]
    into = np.repeat((other.position + other.middle - one.middle)[None], 2 * STEPS, axis=0)
    with pytest.raises(SceneRejectedError, match="interpenetrate"):
        simulate(scene, [], [Carry(one.index, STEPS, into)], FRAMES, STEPS)
    scene, objects = tidy(5)
    beyond = np.repeat([[3.0, 0.0, 0.1]], STEPS, axis=0)
    with pytest.raises(SceneRejectedError, match="falls off the table"):
        simulate(scene, [], [Carry(objects[0].index, 0, beyond)], 30, STEPS)


def test_a_carried_object_passes_between_the_camera_and_the_other() -> None:
    scene, objects = tidy(6, alone=3)
    rng = np.random.default_rng(0)
    poses = orbit(rng, scene.room, scene.focus, 30)
    made = plan_motions(rng, [Slot("carry", 2, 28)], objects, scene.room, CAMERA, poses, STEPS)
    ((carry,), (event,)) = made.carries, made.events
    assert (event.kind, event.first, event.last) == ("carry", 2, 28)
    mover = next(o for o in objects if o.label == event.object)
    target = next(o for o in objects if o.label == event.by)
    assert carry.index == mover.index
    np.testing.assert_allclose(carry.path[0], mover.position)
    assert carry.path[-1][2] == pytest.approx(mover.position[2])
    aim = target.position + target.middle
    for frame in (12, 15, 18):
        eye = poses[frame][:3, 3]
        middle = carry.path[(frame - 2) * STEPS] + mover.middle
        assert np.linalg.norm(np.cross(middle - eye, aim - eye)) / np.linalg.norm(aim - eye) < 0.002
        assert 0.3 < np.linalg.norm(middle - eye) < np.linalg.norm(aim - eye)


def test_the_camera_looks_aside_and_back() -> None:
    scene, objects = tidy(7)
    rng = np.random.default_rng(0)
    poses = orbit(rng, scene.room, scene.focus, 20)
    made = plan_motions(rng, [Slot("turn", 3, 16)], objects, scene.room, CAMERA, poses, STEPS)
    assert not made.carries
    assert not made.slides
    for frame in (0, 2, 17, 19):
        assert np.array_equal(made.poses[frame], poses[frame])
    hidden = [o for o in objects if not len(pixels(CAMERA, made.poses[9], o.points + o.position))]
    assert hidden
    for before, after in zip(made.poses, poses, strict=True):
        assert np.array_equal(before[:3, 3], after[:3, 3])


def test_events_want_objects_that_can_do_them() -> None:
    scene, objects = tidy(8)
    rng = np.random.default_rng(0)
    poses = orbit(rng, scene.room, scene.focus, 40)
    slots = [Slot("remove", 1, 5)] * (len(objects) + 1)
    with pytest.raises(SceneRejectedError, match="no object is left for the event remove"):
        plan_motions(rng, slots, objects, scene.room, CAMERA, poses, STEPS)


def test_pixels_and_turns() -> None:
    pose = look_at([0, -1, 0], [0, 0, 0])
    np.testing.assert_allclose(pixels(CAMERA, pose, np.zeros((1, 3))), [[63.5, 47.5]])
    assert len(pixels(CAMERA, pose, np.array([[0, -2.0, 0], [5, 0, 0]]))) == 0
    left = turned(pose, 0.1)
    assert pixels(CAMERA, left, np.zeros((1, 3)))[0][0] > 70
    np.testing.assert_allclose(turned(left, -0.1), pose, atol=1e-12)
