"""A session that labels patches: what is shown, said, undone, counted and saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from uois_sam.annotation.part_labels import PartClicks, read_part_labels
from uois_sam.annotation.part_session import GroupedPatches, PartSession
from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.patches import PatchGrid

GRID = PatchGrid(4, 2)
FILES = ("a.png", "b.png")
NAMES = ("handle", "blade")
PROTOTYPES = [np.array([3, 0]), np.array([1, 4, 5]), np.array([2]), np.array([6, 7])]
ORDER = {0: (0, 1, 2, 3), 1: (3, 1, 2, 0)}  # of prototypes, per part


class FixedOrder:
    """Ranks by ORDER, and keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, list[int]]] = []

    def __call__(self, part: int, said: NDArray[np.int8]) -> NDArray[np.float64]:
        self.told.append((part, said.tolist()))
        return np.array([-ORDER[part].index(k) for k in range(4)], np.float64)


def open_session(path: Path, order: FixedOrder | None = None) -> PartSession:
    """Four patches of each of two images; patches 0, 2, 6 and 8 of their grid."""
    patches = GroupedPatches(GRID, FILES, np.repeat([0, 1], 4), np.tile([0, 2, 6, 8], 2), PROTOTYPES)
    return PartSession(patches, order or FixedOrder(), read_part_labels(path, GRID, FILES, NAMES), path)


def saved(path: Path) -> tuple[NDArray[np.int8], tuple[PartClicks, ...]]:
    labels = read_part_labels(path, GRID, FILES, NAMES)
    return labels.said, labels.clicks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.json"


def test_one_click_says_it_of_a_whole_prototype_and_one_more_corrects_a_patch(path: Path) -> None:
    session = open_session(path)
    assert (session.part, session.prototype, session.rows.tolist()) == ("handle", 0, [3, 0])
    assert not path.exists()
    session.confirm()
    assert session.said(session.rows).tolist() == [1, 1]
    session.correct(0)
    assert session.said().tolist() == [0, -1, -1, 1, -1, -1, -1, -1]
    session.correct(0)
    assert session.said(np.array([0])).tolist() == [1]
    assert session.clicks == {"handle": PartClicks(prototypes=1, patches=2), "blade": PartClicks()}
    assert session.clicks["handle"].total == 3
    assert session.labelled_prototypes() == 1
    said, clicks = saved(path)
    assert np.argwhere(said == 1).tolist() == [[0, 0, 0], [0, 8, 0]]
    assert clicks == (PartClicks(1, 2), PartClicks())


def test_a_patch_of_which_nothing_was_said_is_corrected_to_contain_the_part(path: Path) -> None:
    session = open_session(path)
    session.correct(3)
    assert session.said(session.rows).tolist() == [1, -1]
    assert session.labelled_prototypes() == 0


def test_the_next_is_the_first_in_order_that_is_not_labelled(path: Path) -> None:
    order = FixedOrder()
    session = open_session(path, order)
    assert session.at_first
    session.confirm()
    assert session.next()
    assert session.prototype == 1
    assert order.told[-1] == (0, [1, -1, -1, 1, -1, -1, -1, -1])
    assert session.previous()
    assert session.prototype == 0
    assert not session.previous()
    assert session.next()
    assert session.prototype == 1  # as it was shown, though nothing was said of it
    assert session.next()
    assert session.next()
    assert session.prototype == 3
    assert not session.next()
    assert session.prototype == 3


def test_each_part_has_its_own_order_and_goes_on_where_it_was_left(path: Path) -> None:
    session = open_session(path)
    session.confirm()
    session.next()
    session.choose_part("blade")
    assert (session.part, session.prototype) == ("blade", 3)
    assert session.said().tolist() == [-1] * 8
    session.reject()
    session.next()
    assert session.prototype == 1
    session.choose_part("handle")
    assert session.prototype == 1
    assert session.said().tolist() == [1, -1, -1, 1, -1, -1, -1, -1]
    with pytest.raises(InputError, match="part 'rim' is unknown"):
        session.choose_part("rim")


def test_it_goes_on_in_another_session(path: Path) -> None:
    first = open_session(path)
    for _ in range(3):
        first.confirm()
        first.next()
    again = open_session(path)
    assert again.prototype == 3
    assert again.clicks["handle"] == PartClicks(prototypes=3)
    assert again.labelled_prototypes() == 3
    assert again.undoable == 0
    assert not again.undo()
    again.reject()
    done = open_session(path)
    assert done.prototype == 0  # all is labelled, and can be corrected
    assert not done.next()


def test_labels_of_patches_that_are_not_shown_are_kept(path: Path) -> None:
    session = open_session(path)
    session.confirm()
    path.write_text(path.read_text().replace('"with": [\n     0,', '"with": [\n     0,\n     1,'))
    assert saved(path)[0][0, 1, 0] == 1
    again = open_session(path)
    again.reject()
    assert saved(path)[0][0, 1, 0] == 1


def test_undo_shows_where_it_was(path: Path) -> None:
    session = open_session(path)
    session.reject()
    session.next()
    session.choose_part("blade")
    assert session.undo()
    assert (session.part, session.prototype) == ("handle", 0)
    assert session.said().tolist() == [-1] * 8
    assert session.clicks["handle"] == PartClicks(prototypes=1, undone=1)
    assert saved(path)[1][0] == PartClicks(prototypes=1, undone=1)
    assert not session.undo()


def test_a_patch_that_is_not_shown_cannot_be_corrected(path: Path) -> None:
    session = open_session(path)
    with pytest.raises(InputError, match="patch 1 is not in the prototype"):
        session.correct(1)
    assert session.clicks["handle"] == PartClicks()


def test_what_cannot_be_saved_is_told_and_saved_with_the_next_click(path: Path) -> None:
    session = open_session(path)
    path.mkdir()
    with pytest.raises(InputError, match="cannot write"):
        session.confirm()
    path.rmdir()
    session.correct(0)
    assert saved(path)[0][0, 8, 0] == 1
    assert saved(path)[1][0] == PartClicks(1, 1)


actions = st.lists(
    st.one_of(
        st.sampled_from(["confirm", "reject", "undo", "next", "previous", "handle", "blade"]), st.integers(0, 2)
    ),
    max_size=25,
)


@settings(max_examples=40)
@given(actions)
def test_the_file_is_what_was_said_and_undoing_all_restores_each_state(
    tmp_path_factory: pytest.TempPathFactory, what: list[str | int]
) -> None:
    path = tmp_path_factory.mktemp("session") / "labels.json"
    session = open_session(path)
    states = [session.labels().said]
    total = 0
    for action in what:
        before = session.undoable
        if isinstance(action, int):
            session.correct(int(session.rows[action % len(session.rows)]))
        elif action in NAMES:
            session.choose_part(action)
        else:
            getattr(session, action)()
        now = session.labels().said
        if session.undoable > before:
            states.append(now)
            total += 1
        elif session.undoable < before:
            states.pop()
            total += 1
        assert np.array_equal(now, states[-1])
        assert sum(clicks.total for clicks in session.clicks.values()) == total
        if total:
            said, clicks = saved(path)
            assert np.array_equal(said, now)
            assert clicks == tuple(session.clicks.values())
    while session.undo():
        states.pop()
        assert np.array_equal(session.labels().said, states[-1])
        assert np.array_equal(saved(path)[0], states[-1])
    assert len(states) == 1
