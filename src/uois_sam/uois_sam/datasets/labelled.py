"""What every data set gives: named frames in a fixed order, and the rule that says which labels are objects."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.types import Frame


class LabelledDataset(Sequence[Frame]):
    """Frames on disk, read when they are asked for; a subclass says how one is read.

    Attributes:
        path: the folder that holds the set.
        names: of the frames, one each, the same at every opening.
        rule: which labels of `Frame.label` are objects.
    """

    def __init__(self, path: Path, names: list[str], rule: LabelRule) -> None:
        self.path = path
        self.names = names
        self.rule = rule

    @abstractmethod
    def _read(self, index: int) -> Frame:
        """The frame of `names[index]`, 0 <= index < len; InputError where a file of it is unusable."""

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Frame: ...

    @overload
    def __getitem__(self, index: slice) -> list[Frame]: ...

    def __getitem__(self, index: int | slice) -> Frame | list[Frame]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)} in {self.path}")
        return self._read(index % len(self))
