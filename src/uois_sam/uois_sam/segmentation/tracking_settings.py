"""What a person may choose of how instances keep their ids."""

from __future__ import annotations

from dataclasses import dataclass

from uois_sam.errors import InputError


@dataclass(frozen=True)
class TrackingSettings:
    """How instances keep their ids over the frames of a stream.

    Attributes:
        tracking: whether a thing keeps its id from frame to frame; else ids are the labels of each frame.
        max_age: frames that a thing may be out of sight and still get its id back.
        max_gap: seconds between two stamps after which all ids are forgotten.

    Raises:
        InputError: a value is out of its range.
    """

    tracking: bool = True
    max_age: int = 60
    max_gap: float = 30.0

    def __post_init__(self) -> None:
        for name, (low, high) in TRACKING_RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} is {value}; it must lie between {low} and {high}")


TRACKING_RANGES: dict[str, tuple[float, float]] = {"max_age": (1, 10000), "max_gap": (0.1, 3600.0)}
