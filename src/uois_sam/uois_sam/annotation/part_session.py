"""What a person has said about the patches of a folder of images, and what is shown next (Guided SAM, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from uois_sam.annotation.part_labels import UNSAID, PartClicks, PartLabels, write_part_labels
from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.prototypes import PrototypeOrder

WITH, WITHOUT = 1, 0


@dataclass(frozen=True)
class GroupedPatches:
    """The patches that are labelled, and which of them look alike.

    Attributes:
        grid: of the patches.
        files: names of the images.
        image: (M,) int64, number of the image of each patch.
        patch: (M,) int64, its number in the grid.
        prototypes: per prototype the rows of its patches, each row in one.
    """

    grid: PatchGrid
    files: tuple[str, ...]
    image: NDArray[np.int64]
    patch: NDArray[np.int64]
    prototypes: Sequence[NDArray[np.int64]]


@dataclass
class _View:
    """The prototypes that were shown for a part, in that order, and where one is among them."""

    shown: list[int] = field(default_factory=list)
    at: int = -1


class _Step(NamedTuple):
    part: int
    prototype: int
    rows: NDArray[np.int64]
    before: NDArray[np.int8]


class PartSession:
    """Labels of patches, saved after each click.

    The prototypes that were shown stay in their order, so that one can go back; the next new one is the first by
    `order` that has patches of which nothing is said.
    """

    def __init__(self, patches: GroupedPatches, order: PrototypeOrder, labels: PartLabels, path: Path) -> None:
        """Begin, or go on.

        Args:
            patches: to label.
            order: of prototypes not shown yet.
            labels: what was said before, of the images of `patches`.
            path: of the labels' file.
        """
        self.patches = patches
        self.names = labels.names
        self.path = path
        self._order = order
        self._said = labels.said.copy()
        self._clicks = list(labels.clicks)
        self._steps: list[_Step] = []
        self._views = [_View() for _ in labels.names]
        self._part = 0
        self.choose_part(self.part)

    @property
    def part(self) -> str:
        """Name of the part that is asked for."""
        return self.names[self._part]

    @property
    def prototype(self) -> int:
        """Number of the prototype that is shown."""
        view = self._views[self._part]
        return view.shown[view.at]

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows of the patches that are shown, the most typical first."""
        return self.patches.prototypes[self.prototype]

    @property
    def clicks(self) -> Mapping[str, PartClicks]:
        """Clicks of each part."""
        return dict(zip(self.names, self._clicks, strict=True))

    @property
    def undoable(self) -> int:
        """Clicks since the start that can be taken back."""
        return len(self._steps)

    @property
    def at_first(self) -> bool:
        """Whether there is no previous prototype."""
        return self._views[self._part].at == 0

    def said(self, rows: NDArray[np.int64] | None = None) -> NDArray[np.int8]:
        """(M,) int8 of the part that is asked for: 1 contains it, 0 does not, -1 nobody said. None is all rows."""
        chosen = np.arange(len(self.patches.image)) if rows is None else rows
        found: NDArray[np.int8] = self._said[self.patches.image[chosen], self.patches.patch[chosen], self._part]
        return found

    def labelled_prototypes(self) -> int:
        """How many prototypes have no patch left of which nothing is said about the part."""
        said = self.said()
        return sum(bool((said[rows] != UNSAID).all()) for rows in self.patches.prototypes)

    def labels(self) -> PartLabels:
        """All that was said."""
        patches = self.patches
        return PartLabels(patches.grid, patches.files, self.names, self._said.copy(), tuple(self._clicks))

    def choose_part(self, name: str) -> None:
        """Ask for another part; it goes on where it was left.

        Raises:
            InputError: there is no such part.
        """
        if name not in self.names:
            raise InputError(f"part {name!r} is unknown; known are {', '.join(self.names)}")
        self._part = self.names.index(name)
        if not self._views[self._part].shown and not self.next():
            self._show(0)  # all is labelled; it can still be corrected

    def next(self) -> bool:
        """Show the next prototype; False, and nothing changes, where all others are labelled."""
        view = self._views[self._part]
        if view.at + 1 < len(view.shown):
            view.at += 1
            return True
        said = self.said()
        open_ones = [
            k
            for k, rows in enumerate(self.patches.prototypes)
            if k not in view.shown and (said[rows] == UNSAID).any()
        ]
        if not open_ones:
            return False
        scores = self._order(self._part, said)
        self._show(max(open_ones, key=lambda k: (scores[k], -k)))
        return True

    def previous(self) -> bool:
        """Show the prototype before this one; False, and nothing changes, where this was the first."""
        view = self._views[self._part]
        if view.at == 0:
            return False
        view.at -= 1
        return True

    def confirm(self) -> None:
        """All patches of the prototype contain the part: one click.

        Raises:
            InputError: the labels cannot be saved; they are kept, and saved with the next click.
        """
        self._click(self.rows, WITH, "prototypes")

    def reject(self) -> None:
        """No patch of the prototype contains the part: one click.

        Raises:
            InputError: see `confirm`.
        """
        self._click(self.rows, WITHOUT, "prototypes")

    def correct(self, row: int) -> None:
        """The opposite of what was said of a patch; that it contains the part, where nothing was: one click.

        Raises:
            InputError: the patch is not shown; see also `confirm`.
        """
        if row not in self.rows:
            raise InputError(f"patch {row} is not in the prototype that is shown; choose one of those")
        chosen = np.array([row])
        self._click(chosen, WITHOUT if self.said(chosen)[0] == WITH else WITH, "patches")

    def undo(self) -> bool:
        """Take the latest click back, and show where it was; False where there is none since the start.

        Raises:
            InputError: see `confirm`.
        """
        if not self._steps:
            return False
        step = self._steps.pop()
        self._part = step.part
        view = self._views[step.part]
        view.at = view.shown.index(step.prototype)
        self._set(step.rows, step.before)
        self._count("undone")
        write_part_labels(self.labels(), self.path)
        return True

    def _click(self, rows: NDArray[np.int64], value: int, kind: str) -> None:
        self._steps.append(_Step(self._part, self.prototype, rows, self.said(rows)))
        self._set(rows, value)
        self._count(kind)
        write_part_labels(self.labels(), self.path)

    def _set(self, rows: NDArray[np.int64], values: NDArray[np.int8] | int) -> None:
        self._said[self.patches.image[rows], self.patches.patch[rows], self._part] = values

    def _count(self, kind: str) -> None:
        clicks = self._clicks[self._part]
        self._clicks[self._part] = replace(clicks, **{kind: getattr(clicks, kind) + 1})

    def _show(self, prototype: int) -> None:
        view = self._views[self._part]
        view.shown.append(prototype)
        view.at = len(view.shown) - 1
