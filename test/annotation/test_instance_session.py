"""A session that marks objects: what is shown, decoded, undone, counted and saved."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from coloured_things import (
    BLUE,
    GREEN,
    ON_BLUE,
    ON_GREEN,
    ON_GREY,
    ON_ORANGE,
    ON_RED,
    ORANGE,
    RED,
    ColourPipeline,
    H,
    W,
    of,
    write_tables,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from uois_sam.annotation.instance_folder import InstanceClicks, InstanceFolder
from uois_sam.annotation.instance_labels import draw_labels, read_instances
from uois_sam.annotation.instance_session import InstanceSession
from uois_sam.datasets.coco_rle import decode_rle
from uois_sam.datasets.folder import FolderDataset
from uois_sam.errors import InputError
from uois_sam.paths import bundled_sequence
from uois_sam.segmentation.load import load_pipeline


def open_session(
    tmp_path: Path, propose: bool = True, count: int = 3, pipeline: ColourPipeline | None = None
) -> InstanceSession:
    files = write_tables(tmp_path / "photos", count)
    for name in ("label", "color"):
        (tmp_path / "out" / name).mkdir(parents=True, exist_ok=True)
    folder = InstanceFolder(tmp_path / "out", tmp_path / "photos", files)
    return InstanceSession(folder, pipeline or ColourPipeline(), propose)  # type: ignore[arg-type]


def masks(session: InstanceSession) -> dict[int, NDArray[np.bool_]]:
    return {marked.number: marked.mask for marked in session.view.objects}


def active_mask(session: InstanceSession) -> NDArray[np.bool_]:
    assert session.view.active is not None
    size = session.view.size
    return decode_rle({"size": list(size), "counts": session.view.active.counts}, size)


def saved_labels(tmp_path: Path) -> dict[str, NDArray[np.uint16]]:
    """The label images, which must be those of instances.json."""
    frames = list(FolderDataset(tmp_path / "out"))
    images = read_instances(tmp_path / "out" / "instances.json")
    assert [frame.name for frame in frames] == [Path(file).stem for file in images]
    for frame, image in zip(frames, images.values(), strict=True):
        assert frame.label is not None
        assert np.array_equal(frame.label, draw_labels(image.objects, image.size))
    return {frame.name: frame.label for frame in frames if frame.label is not None}


def test_an_image_begins_with_what_the_model_finds_and_nothing_is_saved(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    assert (session.view.index, session.view.file, session.view.size) == (0, "0.png", (H, W))
    assert list(masks(session)) == [1]
    assert (masks(session)[1] == of(RED, ORANGE)).all()
    assert session.view.objects[0].prompt is not None
    assert session.view.active is None
    assert list((tmp_path / "out").rglob("*.*")) == []
    assert open_session(tmp_path, propose=False).view.objects == ()


def test_a_right_click_takes_away_from_what_the_model_found(tmp_path: Path) -> None:
    pipeline = ColourPipeline()
    session = open_session(tmp_path, pipeline=pipeline)
    session.click(*ON_ORANGE, False)
    assert session.view.active is not None
    assert not session.view.active.is_new
    assert (active_mask(session) == of(RED)).all()
    (asked,) = pipeline.segmenter.asked
    prompt = session.view.objects[0].prompt
    assert asked.points.tolist() == [[list(prompt), list(ON_ORANGE)]]
    assert asked.labels.tolist() == [[1, 0]]
    assert asked.masks is not None
    assert session.finish()
    assert (masks(session)[1] == of(RED)).all()
    assert ((saved_labels(tmp_path)["0"] == 1) == of(RED)).all()
    assert session.view.clicks == InstanceClicks(off=1)


def test_a_left_click_chooses_an_object_or_begins_one(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    session.click(*ON_RED, True)
    assert session.view.active is not None
    assert session.view.active.number == 1
    assert not session.view.active.changed
    assert session.view.clicks.total == 0
    assert not session.finish()
    assert session.view.active is None
    session.click(*ON_BLUE, True)
    assert session.view.active.is_new
    assert session.view.active.number == 2
    session.click(*ON_GREEN, True)
    session.click(*ON_GREEN, False)
    assert (active_mask(session) == of(BLUE)).all()
    assert session.finish()
    assert session.view.clicks == InstanceClicks(on=2, off=1)
    assert session.view.figures["clicks_per_object"] == 1.5
    labels = saved_labels(tmp_path)["0"]
    assert ((labels == 1) == of(RED, ORANGE)).all()
    assert ((labels == 2) == of(BLUE)).all()
    (_, second) = read_instances(tmp_path / "out" / "instances.json")["0.png"].objects
    assert [(c.x, c.y, c.positive) for c in second.clicks] == [
        (*ON_BLUE, True),
        (*ON_GREEN, True),
        (*ON_GREEN, False),
    ]


def test_a_new_object_on_top_of_another_cuts_it(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    session.begin()
    session.click(*ON_ORANGE, True)
    assert (active_mask(session) == of(ORANGE)).all()
    session.choose(1)
    assert (masks(session)[2] == of(ORANGE)).all()
    assert (active_mask(session) == of(RED)).all()
    assert ((saved_labels(tmp_path)["0"] == 2) == of(ORANGE)).all()


def test_what_is_left_of_a_covered_object_is_none(tmp_path: Path) -> None:
    session = open_session(tmp_path, propose=False)
    session.click(*ON_GREEN, True)
    session.finish()
    session.choose(1)
    session.click(*ON_BLUE, True)
    assert (active_mask(session) == of(BLUE, GREEN)).all()
    session.begin()
    session.click(*ON_BLUE, True)  # all but the green tenth of it
    session.finish()
    assert {k: int(mask.sum()) for k, mask in masks(session).items()} == {2: 200}


def test_clicks_so_far_count_on_unless_the_mask_contradicts_them(tmp_path: Path) -> None:
    pipeline = ColourPipeline()
    session = open_session(tmp_path, propose=False, pipeline=pipeline)
    for place in (ON_RED, ON_ORANGE):
        session.click(*place, True)
    session.begin()
    session.click(*ON_ORANGE, True)
    session.choose(1)
    session.click(*ON_BLUE, True)
    assert pipeline.segmenter.asked[-1].points.tolist() == [[list(ON_RED), list(ON_BLUE)]]
    assert session.view.active is not None
    assert len(session.view.active.clicks) == 3


def test_undo_goes_back_step_by_step(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    seen = []
    for act in (
        lambda: session.click(*ON_ORANGE, False),
        session.finish,
        lambda: session.click(*ON_BLUE, True),
        lambda: session.click(*ON_GREEN, True),
        lambda: session.choose(1),
        lambda: session.delete(2),
    ):
        before = (session.view.objects, session.view.active)
        if session.view.undoable == len(seen):
            seen.append(before)
        act()
    assert list(masks(session)) == [1]
    for objects, active in reversed(seen[: session.view.undoable]):
        assert session.undo()
        assert session.view.objects == objects
        if active is not None and active.changed:
            assert session.view.active == active
    assert not session.undo()
    assert session.view.clicks == InstanceClicks(on=2, off=1, deleted=1, undone=6)
    assert ((saved_labels(tmp_path)["0"] == 1) == of(RED, ORANGE)).all()
    session.click(*ON_ORANGE, False)
    assert (active_mask(session) == of(RED)).all()


def test_delete(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    assert not session.delete()
    session.click(*ON_BLUE, True)
    assert session.delete()  # one that nobody was finished with
    assert list(masks(session)) == [1]
    assert not (tmp_path / "out" / "instances.json").exists()
    session.begin()
    assert not session.delete()
    assert session.view.active is None
    session.choose(1)
    assert session.delete()
    assert masks(session) == {}
    assert not saved_labels(tmp_path)["0"].any()
    assert session.view.clicks == InstanceClicks(on=1, deleted=2)


def test_the_model_finds_only_what_is_not_marked(tmp_path: Path) -> None:
    session = open_session(tmp_path, propose=False)
    session.click(*ON_BLUE, True)
    assert session.find() == 1  # and is finished with the other
    assert list(masks(session)) == [1, 2]
    assert (masks(session)[2] == of(RED, ORANGE)).all()
    assert session.find() == 0
    assert len(np.unique(saved_labels(tmp_path)["0"])) == 3
    session.undo()
    assert list(masks(session)) == [1]


def test_from_image_to_image(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    assert not session.previous()
    session.click(*ON_BLUE, True)
    assert session.skip()
    assert session.view.index == 1
    assert session.view.undoable == 0
    assert not session.view.done
    assert ((saved_labels(tmp_path)["0"] == 2) == of(BLUE)).all()
    assert session.next()
    assert session.view.images_done == 1
    assert list(saved_labels(tmp_path)) == ["0", "1"]
    assert not session.skip()
    assert session.next()
    assert session.view.index == 0  # the one that was skipped
    assert list(masks(session)) == [1, 2]
    assert session.previous() is False
    assert session.next()
    assert session.view.index == 1
    assert session.view.done
    assert session.next()
    assert not session.next()
    assert session.view.images_done == 3


def test_it_goes_on_where_it_was_left(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    session.next()
    session.click(*ON_BLUE, True)
    session.finish()
    session.click(*ON_GREEN, True)
    again = open_session(tmp_path)
    assert again.view.index == 1
    assert list(masks(again)) == [1, 2]
    assert (masks(again)[2] == of(BLUE)).all()
    assert again.view.all_clicks == 2  # one of them on an object that nobody was finished with
    assert again.view.undoable == 0
    again.choose(2)
    assert again.view.active is not None
    assert len(again.view.active.clicks) == 1
    for _ in range(2):
        again.next()
    assert open_session(tmp_path).view.index == 0


def test_bad_input(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    with pytest.raises(InputError, match="nothing is marked here"):
        session.click(*ON_GREY, False)
    with pytest.raises(InputError, match="outside the 64 x 48 image"):
        session.click(W, 3, True)
    for act in (session.choose, session.delete):
        with pytest.raises(InputError, match="there is no object 7"):
            act(7)
    session.begin()
    with pytest.raises(InputError, match="click on the object"):
        session.click(*ON_GREY, False)
    session.click(*ON_BLUE, True)
    session.click(*ON_BLUE, False)
    for act in (session.finish, session.next, session.skip, session.begin, session.find):
        with pytest.raises(InputError, match="object 2 has no pixel left"):
            act()
    assert session.view.index == 0
    session.close()  # leaves it
    assert session.view.active is not None
    assert session.undo()
    session.close()
    assert session.view.active is None
    assert (masks(session)[2] == of(BLUE)).all()


def test_what_cannot_be_saved_is_told_and_saved_with_the_next(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    session.click(*ON_BLUE, True)
    (tmp_path / "out" / "label" / "0.png").mkdir()
    with pytest.raises(InputError, match=r"cannot write .*0\.png"):
        session.next()
    assert not (tmp_path / "out" / "instances.json").exists()
    (tmp_path / "out" / "label" / "0.png").rmdir()
    session.skip()
    session.click(*ON_GREEN, True)
    session.finish()
    assert list(saved_labels(tmp_path)) == ["0", "1"]
    assert ((saved_labels(tmp_path)["0"] == 2) == of(BLUE)).all()


def test_an_image_that_cannot_be_read_any_more_leaves_the_one_that_is_shown(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    (tmp_path / "photos" / "1.png").unlink()
    with pytest.raises(InputError, match="cannot read"):
        session.next()
    assert session.view.index == 0
    session.click(*ON_BLUE, True)
    assert session.finish()


def test_the_bundled_model_finds_objects_and_follows_clicks(tmp_path: Path) -> None:
    frame = FolderDataset(bundled_sequence())[0]
    assert frame.label is not None
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "table.png"), frame.image[..., ::-1])
    for name in ("label", "color"):
        (tmp_path / "out" / name).mkdir(parents=True)
    folder = InstanceFolder(tmp_path / "out", tmp_path / "photos", ["table.png"])
    session = InstanceSession(folder, load_pipeline(device="cpu"), propose=True)
    assert session.view.objects
    largest = (frame.label == np.bincount(frame.label[frame.label > 0]).argmax()).astype(np.uint8)
    y, x = np.unravel_index(cv2.distanceTransform(largest, cv2.DIST_L2, 3).argmax(), largest.shape)
    session.begin()
    session.click(int(x), int(y), True)
    number = session.view.active.number if session.view.active is not None else 0
    before = active_mask(session)
    assert before[y, x]
    outside = np.argwhere(before & (largest == 0))
    if len(outside):
        session.click(int(outside[0, 1]), int(outside[0, 0]), False)
        assert (active_mask(session) != before).any()
    assert session.next() is False
    assert masks(session)[number][y, x]
    assert saved_labels(tmp_path)["table"][y, x] > 0


places = st.sampled_from([ON_RED, ON_ORANGE, ON_BLUE, ON_GREEN, ON_GREY])
actions = st.lists(
    st.one_of(
        st.sampled_from(["finish", "begin", "delete", "find", "undo", "next", "skip", "previous"]),
        st.tuples(places, st.booleans()),
        st.integers(1, 4),
    ),
    max_size=20,
)


@settings(max_examples=40)
@given(actions)
def test_the_files_are_what_is_shown_and_no_pixel_belongs_to_two(
    tmp_path_factory: pytest.TempPathFactory, what: list[str | int | tuple[tuple[int, int], bool]]
) -> None:
    tmp_path = tmp_path_factory.mktemp("session")
    session = open_session(tmp_path, count=2)
    for action in what:
        before = session.view
        try:
            if isinstance(action, str):
                getattr(session, action)()
            elif isinstance(action, int):
                session.choose(action)
            else:
                session.click(*action[0], action[1])
        except InputError:
            assert session.view.index == before.index
        view = session.view
        assert np.sum([*masks(session).values(), np.zeros((H, W), bool)], 0).max() <= 1
        assert len({marked.number for marked in view.objects}) == len(view.objects)
        counted = json.loads((tmp_path / "out" / "instances.clicks.json").read_text()) if view.all_clicks else {}
        assert sum(sum(kinds.values()) for kinds in counted.get("clicks", {}).values()) == view.all_clicks
        if (tmp_path / "out" / "instances.json").exists():
            labels = saved_labels(tmp_path)
            name = Path(view.file).stem
            if name in labels:
                assert np.array_equal(labels[name], draw_labels(view.objects, view.size))
    first = session.view.index
    while session.undo():
        assert session.view.index == first
