"""Every threshold of UOIS-SAM in one place, with the paper's value as default."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from uois_sam.errors import InputError

_REFERENCE_PIXELS = 480 * 640


@dataclass(frozen=True)
class SegmentationSettings:
    """Thresholds of prompt selection, mask choice and postprocessing (UOIS-SAM, section IV-A, Inference).

    The first six are the paper's. The rest are additions that do nothing at their defaults.

    Attributes:
        foreground_threshold: probability above which a pixel may hold a prompt.
        heatmap_threshold: smallest heatmap value of a peak.
        max_prompts: K, the number of highest peaks that become prompts.
        score_threshold: smallest refined IoU score of a mask.
        nms_iou: masks that overlap a better one by more than this IoU are dropped.
        max_area: largest mask in pixels of a 480 x 640 image; scales with the image's size.
        min_area: smallest mask in pixels of a 480 x 640 image; scales likewise.
        max_containment: masks of which more than this fraction lies inside a better one are dropped.
        min_foreground: smallest mean foreground probability over a mask.
        min_component: pieces smaller than this fraction of a mask's largest piece are dropped.
        standing_height: metres above the table; pieces of the depth image that stand higher and hold no peak
            become prompts too, as far as `max_prompts` allows. 0 adds none.

    Raises:
        InputError: a value is out of its range.
    """

    foreground_threshold: float = 0.85
    heatmap_threshold: float = 0.007
    max_prompts: int = 30
    score_threshold: float = 0.48
    nms_iou: float = 0.3
    max_area: int = 200 * 200
    min_area: int = 0
    max_containment: float = 1.0
    min_foreground: float = 0.0
    min_component: float = 0.0
    standing_height: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in SETTING_RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} is {value}; it must lie between {low} and {high}")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SegmentationSettings:
        """Settings from a model's config.json; names that are missing keep their default.

        Raises:
            InputError: a name is not a setting, or a value is out of range.
        """
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise InputError(f"unknown setting {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return cls(**values)


SETTING_RANGES: dict[str, tuple[float, float]] = {
    "foreground_threshold": (0.0, 1.0),
    "heatmap_threshold": (0.0, 1.0),
    "max_prompts": (1, 1024),
    "score_threshold": (0.0, 1.0),
    "nms_iou": (0.0, 1.0),
    "max_area": (1, 4096 * 4096),
    "min_area": (0, 4096 * 4096),
    "max_containment": (0.0, 1.0),
    "min_foreground": (0.0, 1.0),
    "min_component": (0.0, 1.0),
    "standing_height": (0.0, 1.0),
}


def scaled_area(area: int, height: int, width: int) -> float:
    """An area given for 480 x 640 pixels, for an image or mask of `height` x `width` pixels."""
    return area * (height * width) / _REFERENCE_PIXELS
