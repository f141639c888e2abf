"""Number of Clicks and Failure Rate of interactive segmentation (Schön et al., 2024, section 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from uois_sam.errors import InputError


@dataclass(frozen=True)
class Goal:
    """When an object is done, and when it has failed.

    Attributes:
        clicks: n, at most.
        iou: that is to be reached, 0 to 1.

    Raises:
        InputError: a value is out of range.
    """

    clicks: int
    iou: float

    def __post_init__(self) -> None:
        if self.clicks < 1 or not 0 < self.iou <= 1:
            raise InputError(
                f"goal of IoU {self.iou} in {self.clicks} clicks; wanted IoU of 0 to 1, clicks from 1 on"
            )

    @property
    def label(self) -> str:
        """As the tables have it, such as 20@85."""
        return f"{self.clicks}@{100 * self.iou:g}"

    def reached(self, ious: Sequence[float]) -> int | None:
        """Clicks that were needed; None where n were not enough.

        Args:
            ious: after the first click, the second, and so on.
        """
        return next((k for k, iou in enumerate(ious[: self.clicks], 1) if iou >= self.iou), None)


GOALS = (Goal(20, 0.85), Goal(30, 0.90))
"""Of tables 1 and 3, and of tables 2 and 4."""


def number_of_clicks(traces: Sequence[Sequence[float]], goal: Goal) -> float:
    """NoC_n@IoU: clicks that an object needed on average, n for one that failed.

    Args:
        traces: for each object the IoU after each click.
        goal: n and IoU.

    Raises:
        InputError: there is no object.
    """
    return sum(goal.reached(ious) or goal.clicks for ious in traces) / _count(traces)


def failure_rate(traces: Sequence[Sequence[float]], goal: Goal) -> float:
    """FR_n@IoU: share, 0 to 1, of the objects that n clicks were not enough for; see `number_of_clicks`."""
    return sum(goal.reached(ious) is None for ious in traces) / _count(traces)


def _count(traces: Sequence[Sequence[float]]) -> int:
    if not traces:
        raise InputError("no object was clicked on; give images with objects")
    return len(traces)
