"""The labelled frames that heads on frozen networks learn from, and those that judge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.training.ranks import Ranks
from uois_sam.types import Frame


@dataclass(frozen=True)
class LabelledFrames:
    """Some frames of a data set.

    Attributes:
        dataset: every frame has a label.
        rule: how to read the labels.
        indices: of the frames in the data set.
    """

    dataset: Sequence[Frame]
    rule: LabelRule
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, k: int) -> LabelledFrame:
        frame = self.dataset[self.indices[k]]
        if frame.label is None:
            raise InputError(f"frame {frame.name!r} has no label; training wants one for every frame")
        return LabelledFrame(frame, self.rule.objects(frame.label), self.rule.ignored(frame.label))


@dataclass(frozen=True)
class LabelledFrame:
    """A frame and its truth.

    Attributes:
        frame: as read.
        objects: (H, W) uint16, 0 where there is no object.
        ignored: (H, W) bool, pixels that count for nobody.
    """

    frame: Frame
    objects: NDArray[np.uint16]
    ignored: NDArray[np.bool_]


@dataclass(frozen=True)
class Share:
    """Which frames of a data set are used (UOIS-SAM, table V).

    The paper trains on a tenth of UOAIS-Sim. A smaller share of the same seed is part of every larger one, so that
    runs on 1, 5, 10, 50 and 100 per cent differ by frames added.

    Attributes:
        percent: of the frames that are left for training.
        validation: percent of all frames that judge the checkpoints; at least one frame.
        seed: of the draw.

    Raises:
        InputError: a share is not above 0, or leaves nothing to train on.
    """

    percent: float = 100.0
    validation: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.percent <= 100 or not 0 < self.validation < 100:
            raise InputError(
                f"percent is {self.percent}, validation {self.validation}; wanted 0 < percent <= 100 and "
                "0 < validation < 100"
            )

    def split(self, dataset: Sequence[Frame], rule: LabelRule) -> tuple[LabelledFrames, LabelledFrames]:
        """Frames to train on, and frames to validate with.

        Raises:
            InputError: the data set has fewer than two frames.
        """
        used, held = self.draw(len(dataset))
        return LabelledFrames(dataset, rule, used), LabelledFrames(dataset, rule, held)

    def draw(self, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Indices of frames to train on, and of frames to validate with, of a data set of `count`.

        Raises:
            InputError: the data set has fewer than two frames.
        """
        if count < 2:
            raise InputError(f"the data set has {count} frames; wanted one to train on and one to validate")
        order = [int(k) for k in np.random.default_rng(self.seed).permutation(count)]
        held = min(len(order) - 1, max(1, round(len(order) * self.validation / 100)))
        rest = order[held:]
        used = rest[: max(1, round(len(rest) * self.percent / 100))]
        return tuple(used), tuple(order[:held])


@dataclass(frozen=True)
class EpochOrder:
    """Which frames make the batch of a step; every epoch goes over all of them in an order of its own.

    Attributes:
        frames: number of them.
        batch: frames of a step on one rank.
        seed: of the orders.
        ranks: that share a step's frames.
    """

    frames: int
    batch: int
    seed: int
    ranks: Ranks = field(default_factory=Ranks)

    @property
    def steps(self) -> int:
        """Steps of an epoch; frames that do not fill a last batch are left out."""
        return max(1, self.frames // (self.batch * self.ranks.count))

    def at(self, step: int) -> tuple[int, list[int]]:
        """The epoch of a step, and the frames that this rank takes in it."""
        epoch, place = divmod(step, self.steps)
        order = np.random.default_rng((self.seed, epoch)).permutation(self.frames)
        begin = (place * self.ranks.count + self.ranks.rank) * self.batch
        return epoch, [int(k) for k in order[begin : begin + self.batch]]
