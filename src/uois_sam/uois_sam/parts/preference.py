"""Where a gripper may hold a thing: what a person says of its parts, on the thing's pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from uois_sam.types import Part, Parts


def with_preferences(parts: Parts, preference: Callable[[str], float], score_threshold: float = 0.0) -> Parts:
    """The parts that are sure enough, each with the preference of its name.

    Args:
        parts: as found.
        preference: 0 (a gripper may not hold it) to 1 (best) of a part's name.
        score_threshold: parts of lower score are left out.
    """
    kept = [p for p in parts if p.score >= score_threshold]
    return replace(parts, parts=[replace(p, preference=float(preference(p.name))) for p in kept])


def grasp_map(parts: Iterable[Part], height: int, width: int) -> NDArray[np.float32]:
    """(H, W) float32, how gladly a gripper may hold a thing at each pixel, from its parts: 0 not at all to 1 best.

    Where parts overlap the best counts, but a part that may not be held rules the others out. Beside all parts it
    is 0 if some part of the thing may be held, for then that part is meant; else 1, so that a thing of which only
    the blade was found can still be held elsewhere.
    """
    wanted = np.zeros((height, width), np.float32)
    forbidden = np.zeros((height, width), bool)
    some = False
    for part in parts:
        x, y, w, h = part.bbox
        window = (slice(y, y + h), slice(x, x + w))
        if part.graspable:
            some = True
            wanted[window] = np.where(part.mask, np.maximum(wanted[window], part.preference), wanted[window])
        else:
            forbidden[window] |= part.mask
    if not some:
        wanted[:] = 1
    wanted[forbidden] = 0
    return wanted


def grasp_of_points(
    parts: Iterable[Part], pixels: NDArray[np.int64], height: int, width: int
) -> NDArray[np.float32]:
    """`grasp_map` at the pixels of a cloud's points, (N,) row * width + column."""
    return grasp_map(parts, height, width).ravel()[pixels]
