"""Depth under which a segmentation is measured: as the camera gave it, none, half of it, or a wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.lazy_sequence import LazySequence
from uois_sam.errors import InputError
from uois_sam.types import Frame

DepthCondition = Literal["measured", "none", "half", "wrong"]

TITLES: dict[DepthCondition, str] = {
    "none": "RGB",
    "measured": "RGB-D",
    "half": "RGB-D, half removed",
    "wrong": "RGB-D, wrong",
}
"""What tables call the conditions, in the order of their rows."""

_REGIONS = (4, 5)
_SEED = 0


class ConditionedDepth(LazySequence[Frame]):
    """Frames of a set whose depth is put under a condition, read when they are asked for.

    measured: the frames as they are.
    none: no depth.
    half: `half_removed`, seeded by the frame's place in the set.
    wrong: the depth of the frame half the set away, counted cyclically, in its own metres; where the sizes differ,
        it is scaled to this frame's image by nearest pixels. None where that frame has none. The intrinsics stay
        this frame's. The whole set has the right statistics, and no frame's depth belongs to its image.

    Images, labels, names and order stay, and nothing depends on earlier reads.

    Raises:
        InputError: wrong depth is asked of a set of one frame, which has no other.
    """

    def __init__(self, frames: Sequence[Frame], condition: DepthCondition) -> None:
        if condition == "wrong" and len(frames) == 1:
            raise InputError("wrong depth is that of another frame, and the set has one; give more frames")
        self._frames = frames
        self._condition = condition

    def __len__(self) -> int:
        return len(self._frames)

    def _read(self, index: int) -> Frame:
        frame = self._frames[index]
        if self._condition == "measured":
            return frame
        if self._condition == "none":
            return replace(frame, depth=None)
        if self._condition == "half":
            return frame if frame.depth is None else replace(frame, depth=half_removed(frame.depth, index))
        other = self._frames[(index + len(self) // 2) % len(self)].depth
        height, width = frame.image.shape[:2]
        if other is not None and other.shape != (height, width):
            other = cv2.resize(other, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.float32)
        return replace(frame, depth=other)


def half_removed(depth: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Depth without half of its measured pixels, in a few large regions, as glass or a shiny table leaves it.

    Smooth random noise (4 x 5 normal values, enlarged by cubic interpolation) is cut at its median over the
    measured pixels; where it is higher, the depth is gone.

    Args:
        depth: (H, W) float32, metres, 0 where unknown.
        seed: of the noise.

    Returns:
        (H, W) float32, of which half of the measured pixels, rounded down, are 0 and the others as they were.
    """
    height, width = depth.shape
    coarse = np.random.default_rng((_SEED, seed)).standard_normal(_REGIONS)
    noise = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    measured = depth > 0
    if not measured.any():
        return depth
    return np.where(noise > np.median(noise[measured]), np.float32(0), depth)


def has_depth(frames: Sequence[Frame]) -> bool:
    """Whether any frame has depth and the intrinsics that make it useful; reads frames until one has."""
    return any(frame.depth is not None and frame.camera is not None for frame in frames)
