"""Overlap, boundary and %75 scores of a segmentation into unseen objects.

The figures are those of the public evaluation code of uois (Xie et al.), UCN, MSMFormer and UOAIS, in whose tables
UOIS-SAM stands (UOIS-SAM, section IV-A).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.evaluation.boundary import BoundaryKind, boundary_map, near, tolerance
from uois_sam.evaluation.munkres import munkres
from uois_sam.types import relabel

DETECTED_ABOVE = 0.75


@dataclass(frozen=True)
class Scores:
    """Scores of one image, fractions of 1.

    Attributes:
        overlap_precision, overlap_recall, overlap_f: pixels of matched objects.
        boundary_precision, boundary_recall, boundary_f: boundary pixels of matched objects.
        percent75: true objects whose match has F strictly above 0.75.
        predicted: number of predicted objects.
        objects: number of true objects.
    """

    overlap_precision: float
    overlap_recall: float
    overlap_f: float
    boundary_precision: float
    boundary_recall: float
    boundary_f: float
    percent75: float
    predicted: int
    objects: int


def score_labels(
    prediction: NDArray[np.integer],
    truth: NDArray[np.integer],
    ignore: NDArray[np.bool_] | None = None,
    boundary: BoundaryKind = "davis",
) -> Scores:
    """Score a predicted label image against the truth.

    Objects are matched one to one so that the sum of their pairwise F is greatest (`munkres` breaks ties); a
    pair may have F = 0. Precision is what matched pairs share over all that is predicted, recall the same over
    all that is true, F their harmonic mean; for boundaries, what lies within `tolerance` of the match's boundary.
    Without a prediction precision is 1, without a true object recall is 1, and all the rest is 0; without either
    all are 1. What is undefined otherwise (an object that fills the image has no DAVIS boundary) is 0.

    Args:
        prediction: (H, W) int, each positive label an object.
        truth: (H, W) int, each positive label an object.
        ignore: (H, W) bool, pixels that count for nobody: both images are taken as background there.
        boundary: which boundary map; see `boundary_map`.

    Raises:
        InputError: shapes or types do not fit, or `boundary` is no kind of boundary map.
    """
    _check(prediction, truth, ignore, boundary)
    if ignore is not None:
        prediction, truth = np.where(ignore, 0, prediction), np.where(ignore, 0, truth)
    predicted, true = relabel(prediction), relabel(truth)
    n, m = int(true.max(initial=0)), int(predicted.max(initial=0))
    if n == 0 or m == 0:
        precision, recall, f = float(m == 0), float(n == 0), float(n == m)
        return Scores(precision, recall, f, precision, recall, f, f, m, n)

    shared = _shared_pixels(predicted, true, m, n)
    hits, pair_f = _hits_and_pair_f(shared)
    pairs = munkres(pair_f.max() - pair_f)
    hit = sum(int(hits[pair]) for pair in pairs)
    detected = sum(bool(pair_f[pair] > DETECTED_ABOVE) for pair in pairs)
    overlap = _precision_recall_f(hit, int(shared[:, 1:].sum()), hit, int(shared[1:].sum()))
    return Scores(*overlap, *_boundary_scores(predicted, true, pairs, boundary), detected / n, m, n)


def name_by_match(prediction: NDArray[np.integer], truth: NDArray[np.integer]) -> NDArray[np.uint16]:
    """The prediction with matched objects named as in the truth, so that both can be shown in the same colours.

    Args:
        prediction: (H, W) int, each positive label an object.
        truth: (H, W) int, objects 1 .. N without gaps.

    Returns:
        (H, W) uint16: 1 .. N where the match shares pixels with the true object, above N what matches none.
    """
    predicted = relabel(prediction)
    n, m = int(truth.max(initial=0)), int(predicted.max(initial=0))
    names = np.arange(n, n + m + 1, dtype=np.uint16)
    names[0] = 0
    if n and m:
        hits, pair_f = _hits_and_pair_f(_shared_pixels(predicted, relabel(truth), m, n))
        for i, j in munkres(pair_f.max() - pair_f):
            if hits[i, j]:
                names[j + 1] = i + 1
    return names[predicted]


def _check(
    prediction: NDArray[np.integer], truth: NDArray[np.integer], ignore: NDArray[np.bool_] | None, boundary: str
) -> None:
    for name, labels in (("prediction", prediction), ("truth", truth)):
        if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
            raise InputError(f"{name} is {labels.shape} {labels.dtype}; wanted an (H, W) integer label image")
    if prediction.shape != truth.shape:
        raise InputError(
            f"prediction is {prediction.shape}, truth {truth.shape}; resize the prediction to the truth"
        )
    if ignore is not None and (ignore.shape != truth.shape or ignore.dtype != np.bool_):
        raise InputError(f"ignore is {ignore.shape} {ignore.dtype}; wanted {truth.shape} bool")
    if boundary not in get_args(BoundaryKind):
        raise InputError(f"boundary is {boundary!r}; choose one of {', '.join(get_args(BoundaryKind))}")


def _shared_pixels(
    predicted: NDArray[np.uint16], true: NDArray[np.uint16], predictions: int, objects: int
) -> NDArray[np.int64]:
    """(objects + 1, predictions + 1) int64, pixels of each pair of labels, background first."""
    pairs = true.ravel() * np.int64(predictions + 1) + predicted.ravel()
    counted = np.bincount(pairs, minlength=(objects + 1) * (predictions + 1))
    return counted.reshape(objects + 1, predictions + 1)


def _hits_and_pair_f(shared: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Shared pixels and F of each pair of objects, both (objects, predictions)."""
    hits = shared[1:, 1:]
    precision, recall = hits / shared.sum(axis=0)[1:], hits / shared.sum(axis=1)[1:, None]
    total = precision + recall
    return hits, np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)


def _precision_recall_f(hit: int, predicted: int, found: int, true: int) -> tuple[float, float, float]:
    precision = hit / predicted if predicted else 0.0
    recall = found / true if true else 0.0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


def _boundary_scores(
    predicted: NDArray[np.uint16], true: NDArray[np.uint16], pairs: list[tuple[int, int]], kind: BoundaryKind
) -> tuple[float, float, float]:
    radius = tolerance((true.shape[0], true.shape[1]))
    predicted_boxes, true_boxes = _boxes(predicted), _boxes(true)
    hit = found = 0
    for i, j in pairs:
        window = _window(true_boxes[i], predicted_boxes[j])
        predicted_edge = boundary_map(predicted[window] == j + 1, kind)
        true_edge = boundary_map(true[window] == i + 1, kind)
        hit += int(np.count_nonzero(predicted_edge & near(true_edge, radius)))
        found += int(np.count_nonzero(true_edge & near(predicted_edge, radius)))
    return _precision_recall_f(
        hit, _boundary_pixels(predicted, predicted_boxes, kind), found, _boundary_pixels(true, true_boxes, kind)
    )


def _boundary_pixels(labels: NDArray[np.uint16], boxes: NDArray[np.int64], kind: BoundaryKind) -> int:
    edges = (boundary_map(labels[_window(box)] == k, kind) for k, box in enumerate(boxes, 1))
    return sum(int(np.count_nonzero(edge)) for edge in edges)


def _boxes(labels: NDArray[np.uint16]) -> NDArray[np.int64]:
    """(N, 4) x, y, w, h of the labels 1 .. N."""
    count = int(labels.max(initial=0))
    return np.array([cv2.boundingRect((labels == k).view(np.uint8)) for k in range(1, count + 1)], np.int64)


def _window(*boxes: NDArray[np.int64]) -> tuple[slice, slice]:
    """Rows and columns around boxes, a pixel wider: where the boundaries of what they hold lie."""
    x0, y0 = (max(0, int(min(box[k] for box in boxes)) - 1) for k in (0, 1))
    x1, y1 = (int(max(box[k] + box[k + 2] for box in boxes)) + 1 for k in (0, 1))
    return slice(y0, y1), slice(x0, x1)
