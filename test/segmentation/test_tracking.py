"""Ids that stay with things: through motion, occlusion, absence and corrections, and the ends of a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from little_world import COLOURS, Box, World, row_of_boxes

from uois_sam.errors import InputError
from uois_sam.segmentation.tracking import Tracker
from uois_sam.segmentation.tracking_settings import TrackingSettings
from uois_sam.types import Instances, relabel

SECOND = 1_000_000_000


def named(tracker: Tracker, world: World, stamp: int | None = None, **how: object) -> dict[int, int]:
    """Box number -> id, of one more frame."""
    frame, instances, numbers = world.shot(**how)  # type: ignore[arg-type]
    out = tracker.update(frame, instances, stamp)
    assert np.array_equal(out.label_image, instances.label_image)
    assert len(set(out.id.tolist())) == len(out)
    return dict(zip(numbers, out.id.tolist(), strict=True))


def test_the_first_frame_is_numbered_like_its_labels() -> None:
    assert named(Tracker(), World()) == {k: k for k in range(1, 7)}


@pytest.mark.parametrize("depth", [True, False])
def test_ids_follow_the_things_not_the_labels(depth: bool) -> None:
    tracker = Tracker()
    first = named(tracker, World(), depth=depth)
    for k in range(1, 8):
        order = np.random.default_rng(k).permutation(np.arange(1, 7)).tolist()
        shift = (0.03 * k, -0.01 * k, 0.02 * k)
        assert named(tracker, World(), shift=shift, order=order, depth=depth) == first


def test_twins_are_told_apart_by_their_place() -> None:
    world = World({k: replace(box, colour=COLOURS[0]) for k, box in row_of_boxes().items()})
    tracker = Tracker()
    first = named(tracker, world)
    for k in range(1, 8):
        assert named(tracker, world, shift=(0.03 * k - 0.1, 0.0, 0.0), order=[6, 1, 5, 2, 4, 3]) == first


@pytest.mark.parametrize("depth", [True, False])
def test_a_thing_out_of_sight_gets_its_id_back_though_the_camera_moved(depth: bool) -> None:
    tracker = Tracker()
    first = named(tracker, World(), depth=depth)
    for k in range(1, 11):
        seen = named(tracker, World(), shift=(0.01 * k, 0, 0), without=[2], depth=depth)
        assert seen == {n: i for n, i in first.items() if n != 2}
    assert named(tracker, World(), shift=(0.11, 0, 0), depth=depth) == first


def test_a_thing_that_was_away_for_longer_is_another_one() -> None:
    tracker = Tracker(TrackingSettings(max_age=5))
    first = named(tracker, World())
    for _ in range(5):
        named(tracker, World(), without=[2])
    assert named(tracker, World()) == first
    for _ in range(6):
        named(tracker, World(), without=[2])
    assert named(tracker, World()) == {**first, 2: 7}


def test_a_pushed_thing_keeps_its_id() -> None:
    boxes = row_of_boxes()
    tracker = Tracker()
    first = named(tracker, World(boxes))
    x, y, z = boxes[5].middle
    for k in range(1, 6):
        boxes[5] = replace(boxes[5], middle=(x, y + 0.04 * k, z))
        assert named(tracker, World(boxes)) == first


def test_another_thing_in_the_place_of_one_that_was_taken_away_is_new() -> None:
    boxes = row_of_boxes()
    tracker = Tracker()
    first = named(tracker, World(boxes))
    for _ in range(5):
        named(tracker, World(boxes), without=[3])
    boxes[9] = replace(boxes.pop(3), colour=COLOURS[6])
    after = named(tracker, World(boxes))
    assert after[9] == 7
    assert {n: i for n, i in after.items() if n != 9} == {n: i for n, i in first.items() if n != 3}


@settings(max_examples=40)
@given(st.lists(st.sets(st.integers(1, 6)), min_size=1, max_size=12), st.booleans())
def test_no_two_things_ever_share_an_id_and_none_changes_it(hidden: list[set[int]], depth: bool) -> None:
    tracker = Tracker()
    first = named(tracker, World(), depth=depth)
    for k, without in enumerate(hidden):
        now = named(tracker, World(), shift=(0.005 * k, 0, 0), without=without, depth=depth)
        assert now == {n: i for n, i in first.items() if n not in without}


def test_frames_without_anything_only_age() -> None:
    tracker = Tracker(TrackingSettings(max_age=4))
    everything = range(1, 7)
    assert named(tracker, World(), without=everything) == {}
    first = named(tracker, World())
    for _ in range(4):
        assert named(tracker, World(), without=everything) == {}
    assert named(tracker, World()) == first


def test_another_light_is_no_other_scene() -> None:
    tracker = Tracker()
    first = named(tracker, World())
    for light in (0.9, 0.8, 0.9, 1.0, 1.1):
        assert named(tracker, World(light=light)) == first


class TestTheEndOfAStream:
    new: ClassVar = {k: k + 6 for k in range(1, 7)}

    def test_another_size(self) -> None:
        tracker = Tracker()
        named(tracker, World())
        assert named(tracker, World(size=(480, 640))) == self.new

    @pytest.mark.parametrize(
        ("stamp", "same"), [(11, True), (10, True), (39.9, True), (9.9, False), (40.1, False), (None, True)]
    )
    def test_time_that_goes_back_or_far_on(self, stamp: float | None, same: bool) -> None:
        tracker = Tracker(TrackingSettings(max_gap=30.0))
        first = named(tracker, World(), 10 * SECOND)
        now = named(tracker, World(), None if stamp is None else int(stamp * SECOND))
        assert now == (first if same else self.new)

    def test_a_cut(self) -> None:
        tracker = Tracker()
        named(tracker, World())
        boxes = {k: replace(box, colour=COLOURS[(k + 3) % 8]) for k, box in row_of_boxes().items()}
        other = World(boxes, background=(40, 60, 140))
        assert set(named(tracker, other).values()).isdisjoint(range(1, 7))
        assert set(named(tracker, World()).values()).isdisjoint(range(1, 7))

    def test_reset_forgets_things_but_no_number(self) -> None:
        tracker = Tracker()
        named(tracker, World())
        tracker.reset()
        assert named(tracker, World()) == self.new


class TestLearn:
    """A person redraws or adds an instance."""

    def added(self, tracker: Tracker, number: int, before: int) -> tuple[World, int]:
        """The world, and the id of a box that the frame `before` frames ago missed and a person added to it."""
        world = World()
        shots = []
        for _ in range(before + 1):
            frame, whole, numbers = world.shot()
            missed = whole.label_image.copy()
            missed[missed == numbers.index(number) + 1] = 0
            shots.append((frame, whole, tracker.update(frame, Instances.from_label_image(relabel(missed)))))
        frame, whole, known = shots[0]
        new = tracker.new_id(known)
        ids = known.id.tolist()
        ids.insert(numbers.index(number), new)
        tracker.learn(frame, replace(whole, id=np.array(ids)), new)
        return world, new

    @pytest.mark.parametrize("before", [0, 2])
    def test_an_added_thing_keeps_its_id(self, before: int) -> None:
        tracker = Tracker()
        world, new = self.added(tracker, 4, before)
        assert new == 6
        assert named(tracker, world)[4] == new

    def test_a_new_id_is_none_of_a_thing_out_of_sight(self) -> None:
        tracker = Tracker()
        first = named(tracker, World())
        frame, instances, _ = World().shot(without=[6])
        out = tracker.update(frame, instances)
        assert tracker.new_id(out) == 7
        assert named(tracker, World()) == first
        boxes = {**row_of_boxes(), 7: Box((0.0, 0.25, 0.8), 0.03, COLOURS[6])}
        assert named(tracker, World(boxes))[7] == 8

    def test_ids_of_a_frame_that_is_no_streams_go_on_from_its_labels(self) -> None:
        _, instances, _ = World().shot()
        tracker = Tracker()
        assert tracker.new_id(instances) == 7
        assert tracker.new_id(Instances.empty(4, 4)) == 1

    def test_a_redrawn_thing_is_looked_for_as_it_was_drawn(self) -> None:
        boxes = row_of_boxes(2)
        tracker = Tracker()
        frame, instances, _ = World(boxes).shot()
        wrong = instances.label_image.copy()
        wrong[:] = 0
        wrong[:30, :30] = 1
        wrong[instances.label_image == 2] = 2
        out = tracker.update(frame, Instances.from_label_image(wrong))
        corrected = replace(instances, id=out.id)
        tracker.learn(frame, corrected, 1)
        assert named(tracker, World(boxes)) == {1: 1, 2: 2}

    def test_a_frame_of_another_stream_teaches_nothing(self) -> None:
        tracker = Tracker()
        frame, instances, _ = World().shot(without=[4])
        tracker.update(frame, instances)
        other, whole, _ = World().shot()
        tracker.learn(other, replace(whole, id=np.array([1, 2, 3, 9, 4, 5])), 9)
        assert named(tracker, World())[4] == 6


def test_an_instance_smaller_than_the_grid_has_an_id_too() -> None:
    frame, _, _ = World().shot()
    labels = np.zeros((240, 320), np.uint16)
    labels[100:140, 100:140] = 1
    labels[10, 10] = 2
    labels[239, 319] = 3
    instances = Instances.from_label_image(labels)
    tracker = Tracker()
    assert tracker.update(frame, instances).id.tolist() == [1, 2, 3]
    assert tracker.update(frame, instances).id.tolist() == [1, 2, 3]


@pytest.mark.parametrize("value", [{"max_age": 0}, {"max_gap": 0.0}, {"max_gap": float("nan")}])
def test_settings_out_of_range(value: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must lie between"):
        TrackingSettings(**value)  # type: ignore[arg-type]
