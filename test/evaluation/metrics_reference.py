"""The scores read literally from their definitions: sets of pixels, loops, and nothing of the package.

Slow, and meant to be compared by eye with the text it stands for: the public evaluation code of the UOIS papers
(uois, UCN, MSMFormer, UOAIS), the DAVIS benchmark's boundary map, and version 1.0.6 of the `munkres` package.
"""

from __future__ import annotations

import math

import numpy as np

Pixel = tuple[int, int]
Mask = set[Pixel]


def objects(labels: np.ndarray, ignore: np.ndarray | None) -> list[Mask]:
    """The pixels of each positive label, in rising order of labels; what is ignored belongs to none."""
    found: dict[int, Mask] = {}
    for y, x in np.argwhere(labels > 0).tolist():
        if ignore is None or not ignore[y, x]:
            found.setdefault(int(labels[y, x]), set()).add((y, x))
    return [found[label] for label in sorted(found)]


def davis_map(mask: Mask, height: int, width: int) -> Mask:
    """seg2bmap of DAVIS: XOR with the mask shifted by half a pixel; the last row and column have one neighbour."""
    boundary: Mask = set()
    for y, x in {(v - dv, u - du) for v, u in mask for dv in (0, 1) for du in (0, 1)}:
        if not (0 <= y < height and 0 <= x < width):
            continue
        last_row, last_column = y == height - 1, x == width - 1
        here = (y, x) in mask
        east, south, south_east = ((y, x + 1) in mask, (y + 1, x) in mask, (y + 1, x + 1) in mask)
        if last_row and last_column:
            marked = False
        elif last_row:
            marked = here != east
        elif last_column:
            marked = here != south
        else:
            marked = here != east or here != south or here != south_east
        if marked:
            boundary.add((y, x))
    return boundary


def contour_map(mask: Mask, height: int, width: int) -> Mask:
    """The mask's pixels beside what surrounds it: reached from outside the image over pixels that share a side."""
    top, bottom = min(y for y, _ in mask) - 1, max(y for y, _ in mask) + 1
    left, right = min(x for _, x in mask) - 1, max(x for _, x in mask) + 1
    outside, front = {(top, left)}, [(top, left)]
    while front:
        y, x = front.pop()
        for beside in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            within = top <= beside[0] <= bottom and left <= beside[1] <= right
            if within and beside not in mask and beside not in outside:
                outside.add(beside)
                front.append(beside)
    return {(y, x) for y, x in mask if outside & {(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)}}


def near(boundary: Mask, radius: int) -> Mask:
    """All pixels within a Euclidean distance, also beyond the image: dilation with a disk."""
    steps = range(-radius, radius + 1)
    disk = [(dy, dx) for dy in steps for dx in steps if dy * dy + dx * dx <= radius * radius]
    return {(y + dy, x + dx) for y, x in boundary for dy, dx in disk}


def classical_munkres(cost: list[list[float]]) -> list[tuple[int, int]]:
    """Munkres 1.0.6, step by step: `find a zero` ends on the last zero of the first row that has one."""
    rows, columns = len(cost), len(cost[0])
    n = max(rows, columns)
    c = [[cost[i][j] if i < rows and j < columns else 0.0 for j in range(n)] for i in range(n)]
    marked = [[""] * n for _ in range(n)]
    for i in range(n):  # step 1
        smallest = min(c[i])
        c[i] = [value - smallest for value in c[i]]
    for i in range(n):  # step 2
        for j in range(n):
            starred = "*" in marked[i] or any(marked[k][j] == "*" for k in range(n))
            if c[i][j] == 0 and not starred:
                marked[i][j] = "*"
    while True:
        row_covered = [False] * n  # step 3
        column_covered = [any(marked[i][j] == "*" for i in range(n)) for j in range(n)]
        if all(column_covered):
            break
        while True:
            zero = None  # step 4
            for i in range(n):
                for j in range(n):
                    if c[i][j] == 0 and not row_covered[i] and not column_covered[j]:
                        zero = (i, j)
                if zero is not None:
                    break
            if zero is None:  # step 6
                smallest = min(
                    c[i][j] for i in range(n) for j in range(n) if not row_covered[i] and not column_covered[j]
                )
                for i in range(n):
                    for j in range(n):
                        if row_covered[i]:
                            c[i][j] += smallest
                        if not column_covered[j]:
                            c[i][j] -= smallest
                continue
            i, j = zero
            marked[i][j] = "'"
            if "*" not in marked[i]:
                break
            row_covered[i] = True
            column_covered[marked[i].index("*")] = False
        path = [(i, j)]  # step 5
        while any(marked[k][path[-1][1]] == "*" for k in range(n)):
            star_row = next(k for k in range(n) if marked[k][path[-1][1]] == "*")
            path.append((star_row, path[-1][1]))
            path.append((star_row, marked[star_row].index("'")))
        for i, j in path:
            marked[i][j] = "" if marked[i][j] == "*" else "*"
        marked = [["*" if mark == "*" else "" for mark in row] for row in marked]
    return [(i, j) for i in range(rows) for j in range(columns) if marked[i][j] == "*"]


def f_measure(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def score(
    prediction: np.ndarray, truth: np.ndarray, ignore: np.ndarray | None = None, boundary: str = "davis"
) -> tuple[float, ...]:
    """Overlap P, R, F, boundary P, R, F, %75, number of predicted and of true objects."""
    height, width = truth.shape
    predicted, true = objects(prediction, ignore), objects(truth, ignore)
    counts = (len(predicted), len(true))
    if not predicted and not true:
        return (1, 1, 1, 1, 1, 1, 1, *counts)
    if not predicted:
        return (1, 0, 0, 1, 0, 0, 0, *counts)
    if not true:
        return (0, 1, 0, 0, 1, 0, 0, *counts)

    f = [[f_measure(len(g & c) / len(c), len(g & c) / len(g)) for c in predicted] for g in true]
    highest = max(max(row) for row in f)
    pairs = classical_munkres([[highest - value for value in row] for row in f])
    assert len(pairs) == min(counts)

    shared = sum(len(true[i] & predicted[j]) for i, j in pairs)
    overlap_precision = shared / sum(len(c) for c in predicted)
    overlap_recall = shared / sum(len(g) for g in true)
    percent75 = sum(f[i][j] > 0.75 for i, j in pairs) / len(true)

    radius = math.ceil(0.003 * math.sqrt(height**2 + width**2))
    draw = davis_map if boundary == "davis" else contour_map
    predicted_edges = [draw(c, height, width) for c in predicted]
    true_edges = [draw(g, height, width) for g in true]
    hit = sum(len(predicted_edges[j] & near(true_edges[i], radius)) for i, j in pairs)
    found = sum(len(true_edges[i] & near(predicted_edges[j], radius)) for i, j in pairs)
    all_predicted, all_true = sum(map(len, predicted_edges)), sum(map(len, true_edges))
    boundary_precision = hit / all_predicted if all_predicted else 0.0
    boundary_recall = found / all_true if all_true else 0.0
    return (
        overlap_precision,
        overlap_recall,
        f_measure(overlap_precision, overlap_recall),
        boundary_precision,
        boundary_recall,
        f_measure(boundary_precision, boundary_recall),
        percent75,
        *counts,
    )
