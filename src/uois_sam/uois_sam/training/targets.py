"""What a frame's labels teach: the heatmap of centres, and prompts with the thing each should find."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FIRST_PART_CODE = 256
"""Labels of things are lower, `part_codes` are not."""

MAX_POINTS = 3
"""Points of a prompt; fewer are padded."""

_KINDS = ("point", "box", "point in a box", "clicks")
_KIND_CHANCES = (0.7, 0.12, 0.03, 0.15)
_POINT_IN_PART = 0.5
_MIN_PART = 16
_MOST_OF_THING = 0.9


def interior_point(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """x, y of a pixel well inside a mask and near its centroid.

    UOIS-SAM (section III-A) takes the centroid itself, which lies beside bent and half-hidden things and would
    then prompt the background. This point maximises depth inside the mask less the distance from the centroid.
    """
    inside = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    ys, xs = np.nonzero(mask)
    off_centre = np.hypot(ys - ys.mean(), xs - xs.mean()) / np.sqrt(len(ys))
    best = int((inside[ys, xs] / inside.max() - 0.35 * off_centre).argmax())
    return float(xs[best]), float(ys[best])


def gaussian_heatmap(
    centres: NDArray[np.float32], sigmas: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Element-wise maximum of one Gaussian per centre (UOIS-SAM, eq. 1).

    Args:
        centres: (N, 2) x, y in cells of the map, rounded to the nearest cell.
        sigmas: (N,) standard deviations in cells.
        shape: (h, w) of the map.
    """
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    heatmap = np.zeros(shape, np.float32)
    for (cx, cy), sigma in zip(np.round(centres), sigmas, strict=True):
        squared = (x - cx) ** 2 + (y - cy) ** 2
        heatmap = np.maximum(heatmap, np.exp(-squared / (2 * sigma**2)))
    return heatmap


@dataclass(frozen=True)
class PromptCounts:
    """Prompts of a frame.

    Attributes:
        on_things: that mean a thing.
        on_parts: that mean a part of a thing.
        on_background: points beside the things, half of them close; and all those that find no thing or part.
    """

    on_things: int
    on_parts: int
    on_background: int


@dataclass(frozen=True)
class FramePrompts:
    """N prompts on one frame.

    Attributes:
        points: (N, 3, 2) float32 in 0 .. 1; labels: (N, 3) int64, 1 on, 0 off, -1 padding.
        boxes: (N, 4) float32 in 0 .. 1, NaN where there is none.
        masks: (N, h, w) float32 logits of an imagined earlier answer, NaN where there is none.
        target: (N,) int64 label of the thing meant, code of the part (see `part_codes`), 0 for the background.
    """

    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    boxes: NDArray[np.float32]
    masks: NDArray[np.float32]
    target: NDArray[np.int64]


def part_codes(label: NDArray[np.integer], parts: NDArray[np.integer]) -> NDArray[np.uint16]:
    """Parts by numbers of their own, which no thing has: 256 times the label of the thing, plus the part's number.

    Args:
        label: (H, W), 0 background, 1 .. 255 things.
        parts: (H, W), k for the k-th part of its thing, 0 for none.
    """
    codes = label.astype(np.uint16) * FIRST_PART_CODE + np.minimum(parts, 255).astype(np.uint16)
    return np.where((label > 0) & (parts > 0), codes, 0).astype(np.uint16)


def sample_prompts(
    label: NDArray[np.uint8],
    parts: NDArray[np.uint16],
    centres: dict[int, tuple[float, float]],
    wanted: PromptCounts,
    rng: np.random.Generator,
) -> FramePrompts:
    """Random prompts of every kind the decoder should understand.

    For things single points (most of them), jittered boxes, and clicks that refine a spoilt earlier mask. For
    parts boxes, half of them with a point in them: a point alone means the whole thing.

    Args:
        label: (h, w) uint8.
        parts: (h, w) uint16 `part_codes`.
        centres: things that may be asked for, with x, y in pixels of `label`.
        wanted: how many of each.
        rng: the only source of chance.
    """
    h, w = label.shape
    count = wanted.on_things + wanted.on_background + wanted.on_parts
    points = np.zeros((count, MAX_POINTS, 2), np.float32)
    labels = np.full((count, MAX_POINTS), -1, np.int64)
    boxes = np.full((count, 4), np.nan, np.float32)
    masks = np.full((count, h, w), np.nan, np.float32)
    target = np.zeros(count, np.int64)
    order = rng.permutation(sorted(centres)) if centres else np.zeros(0, int)
    size = np.array([w, h], np.float32)
    taken = wanted.on_things if len(order) else 0
    for k in range(taken):
        thing = int(order[k % len(order)])
        mask = label == thing
        target[k] = thing
        kind = rng.choice(_KINDS, p=_KIND_CHANCES)
        if "box" in kind:
            boxes[k] = _jittered_box(mask, rng) / np.tile(size, 2)
        if kind == "box":
            continue
        points[k, 0] = _point_on(mask, centres[thing], rng) / size
        labels[k, 0] = 1
        if kind == "clicks":
            masks[k] = _spoilt(mask, rng)
            for j in range(1, int(rng.integers(2, MAX_POINTS + 1))):
                points[k, j], labels[k, j] = _correction(mask, masks[k] > 0, size, rng)
    shown = _shown_parts(label, parts)
    for k, code in enumerate(rng.permutation(shown)[: wanted.on_parts], start=taken):
        mask = parts == code
        target[k] = code
        boxes[k] = _jittered_box(mask, rng) / np.tile(size, 2)
        if rng.random() < _POINT_IN_PART:
            points[k, 0] = _point_on(mask, interior_point(mask), rng) / size
            labels[k, 0] = 1
    taken += min(len(shown), wanted.on_parts)
    near = cv2.dilate((label > 0).astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    for k in range(taken, count):
        free = (label == 0) & near if rng.random() < 0.5 else label == 0
        ys, xs = np.nonzero(free if free.any() else label >= 0)
        j = int(rng.integers(len(ys)))
        points[k, 0] = (np.array([xs[j], ys[j]]) + 0.5) / size
        labels[k, 0] = 1
        thing = int(label[ys[j], xs[j]])
        target[k] = thing if thing in centres else 0
    return FramePrompts(points, labels, boxes, masks, target)


def _shown_parts(label: NDArray[np.uint8], parts: NDArray[np.uint16]) -> list[int]:
    """Codes of the parts that are worth asking for: of some size, and not nearly all that shows of their thing."""
    codes, areas = np.unique(parts[parts > 0], return_counts=True)
    whole = np.bincount(label.ravel(), minlength=FIRST_PART_CODE)[codes // FIRST_PART_CODE]
    return [int(code) for code in codes[(areas >= _MIN_PART) & (areas <= _MOST_OF_THING * whole)]]


def _point_on(
    mask: NDArray[np.bool_], centre: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float64]:
    """x, y in pixels (edges at integers): anywhere on the mask, or near its centre as HPG's peaks are."""
    ys, xs = np.nonzero(mask)
    if rng.random() < 0.5:
        j = int(rng.integers(len(ys)))
    else:
        x, y = np.array(centre) + rng.normal(0, 1.5, 2)
        j = int(((ys - y) ** 2 + (xs - x) ** 2).argmin())
    return np.array([xs[j], ys[j]]) + rng.random(2)


def _jittered_box(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    ys, xs = np.nonzero(mask)
    box = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], float)
    w, h = box[2] - box[0], box[3] - box[1]
    jitter = rng.normal(0, 0.06, 4) * np.array([w, h, w, h])
    limit = np.array([mask.shape[1], mask.shape[0]] * 2, float)
    return np.clip(box + np.clip(jitter, -8, 8), 0, limit)


def _spoilt(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Logits of a mask as a segmenter might have got it wrong: grown, shrunk, shifted, cut or leaking."""
    spoilt = mask.astype(np.uint8)
    kernel = np.ones((int(rng.integers(2, 7)),) * 2, np.uint8)
    change = cv2.dilate if rng.random() < 0.5 else cv2.erode
    spoilt = change(spoilt, kernel).astype(np.uint8)
    ys, xs = np.nonzero(mask)
    j = int(rng.integers(len(ys)))
    radius = int(rng.uniform(0.15, 0.5) * np.sqrt(len(ys))) + 1
    cv2.circle(spoilt, (int(xs[j]), int(ys[j])), radius, int(rng.random() < 0.4), -1)
    blurred = cv2.GaussianBlur(spoilt.astype(np.float32), (0, 0), rng.uniform(0.5, 2))
    return ((blurred - 0.5) * rng.uniform(4, 16)).astype(np.float32)


def _correction(
    mask: NDArray[np.bool_], earlier: NDArray[np.bool_], size: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float64], int]:
    """A click where the earlier mask is wrong (anywhere on the thing where it is right), and its label."""
    wrong = mask ^ earlier
    ys, xs = np.nonzero(wrong if wrong.any() else mask)
    j = int(rng.integers(len(ys)))
    return (np.array([xs[j], ys[j]]) + rng.random(2)) / size, int(mask[ys[j], xs[j]])
