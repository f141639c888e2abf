"""Small label images, by hand and at random, and what is known of their assignment."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))


def boxes(*rectangles: tuple[int, int, int, int], shape: tuple[int, int] = (60, 80)) -> np.ndarray:
    """Label image with one box (x, y, w, h) per label."""
    labels = np.zeros(shape, np.uint16)
    for label, (x, y, w, h) in enumerate(rectangles, 1):
        labels[y : y + h, x : x + w] = label
    return labels


@st.composite
def image_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two label images with up to four objects: blocks of random labels, so that objects have area and overlap."""
    h, w = draw(SHAPES)
    small = hnp.arrays(np.uint16, (-(-h // 3), -(-w // 3)), elements=st.integers(0, 4))
    prediction, truth = (np.kron(draw(small), np.ones((3, 3), np.uint16))[:h, :w] for _ in range(2))
    return np.roll(prediction, draw(st.integers(0, 2)), axis=1), truth


def pair_f(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    rows = [truth == k for k in np.unique(truth[truth > 0])]
    columns = [prediction == k for k in np.unique(prediction[prediction > 0])]
    f = np.zeros((len(rows), len(columns)))
    for i, true in enumerate(rows):
        for j, predicted in enumerate(columns):
            tp = np.count_nonzero(true & predicted)
            p, r = tp / np.count_nonzero(predicted), tp / np.count_nonzero(true)
            f[i, j] = 2 * p * r / (p + r) if tp else 0
    return f


def has_one_best_assignment(prediction: np.ndarray, truth: np.ndarray) -> bool:
    f = pair_f(prediction, truth)
    f = f if f.shape[0] <= f.shape[1] else f.T
    rows = np.arange(len(f))
    totals = sorted(f[rows, list(columns)].sum() for columns in permutations(range(f.shape[1]), len(f)))
    return len(totals) == 1 or totals[-1] - totals[-2] > 1e-9
