"""What every data set gives: named frames in a fixed order, and the rule that says which labels are objects."""

from __future__ import annotations

from pathlib import Path

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.lazy_sequence import LazySequence
from uois_sam.types import Frame


class LabelledDataset(LazySequence[Frame]):
    """Frames on disk; a subclass says how the one of `names[index]` is read.

    Attributes:
        path: the folder that holds the set.
        names: of the frames, one each, the same at every opening.
        rule: which labels of `Frame.label` are objects.
    """

    def __init__(self, path: Path, names: list[str], rule: LabelRule) -> None:
        self.path = path
        self.names = names
        self.rule = rule

    def __len__(self) -> int:
        return len(self.names)
