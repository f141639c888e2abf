"""Prototypes of patches, and which come first."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.prototypes import (
    PrototypeSettings,
    SimilarityOrder,
    UncertaintyOrder,
    find_prototypes,
    mean_scores,
    reduce_features,
    side_by_side,
)

pytest.importorskip("sklearn")


def blobs(sizes: tuple[int, ...], channels: int = 8) -> np.ndarray:
    """Points in well separated groups, one after the other."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 30, (len(sizes), channels))
    return np.concatenate(
        [c + rng.normal(0, 1, (n, channels)) for c, n in zip(centres, sizes, strict=True)]
    ).astype(np.float32)


@given(st.integers(2, 30), st.integers(1, 5))
def test_patches_side_by_side_cover_the_image(cells: int, span: int) -> None:
    grid = PatchGrid(cells, min(span, cells))
    covered = np.zeros((cells, cells), int)
    for row, column in grid.places()[side_by_side(grid)]:
        covered[row : row + grid.span, column : column + grid.span] += 1
    assert covered.min() == 1
    assert cells % grid.span or covered.max() == 1


@settings(max_examples=40)
@given(
    st.integers(1, 300), st.integers(1, 20), st.integers(0, 20), st.integers(0, 2**31), st.sampled_from([0, 1, 3])
)
def test_each_point_is_in_one_prototype_that_can_be_seen_at_once(
    count: int, patches: int, more: int, seed: int, distinct: int
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 3)).astype(np.float32)
    if distinct:
        points = points[rng.integers(0, min(distinct, count), count)]
    grouping = PrototypeSettings(patches=patches, most=patches + more)
    found = find_prototypes(points, grouping)
    assert np.array_equal(np.sort(np.concatenate(found)), np.arange(count))
    assert all(1 <= len(rows) <= grouping.most for rows in found)
    again = find_prototypes(points, grouping)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))


def test_what_looks_alike_is_together_the_most_typical_first() -> None:
    points = blobs((30, 30, 30))
    found = find_prototypes(points, PrototypeSettings(patches=30))
    for rows in found:
        assert len(set((rows // 30).tolist())) == 1
        apart = np.linalg.norm(points[rows] - points[rows].mean(0), axis=1)
        assert (np.diff(apart) >= 0).all()


def test_reduced_features_keep_the_groups_whatever_the_scale() -> None:
    features = np.concatenate([blobs((20, 20)) * 100, np.ones((40, 2), np.float32)], 1).astype(np.float16)
    points = reduce_features(features, PrototypeSettings(components=4))
    assert points.shape == (40, 4)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    assert np.ptp(np.sign(points[:20, 0])) == 0
    assert points[0, 0] * points[-1, 0] < 0
    assert reduce_features(features[:3], PrototypeSettings()).shape == (3, 3)


def test_the_largest_come_first_until_both_answers_are_known_then_the_doubtful() -> None:
    points = blobs((10, 20, 15))
    points[30:] = (points[:10].mean(0) + points[10:30].mean(0)) / 2 + 0.1 * points[30:]
    prototypes = [np.arange(10), np.arange(10, 30), np.arange(30, 45)]
    order = UncertaintyOrder(points, prototypes)
    said = np.full(45, -1, np.int8)
    assert order(0, said).argmax() == 1
    said[:10] = 1
    assert order(0, said).argmax() == 1
    said[10:30] = 0
    assert order(0, said).argmax() == 2


def test_names_rank_each_part_by_itself() -> None:
    order = SimilarityOrder(np.array([[0.1, 0.9], [0.5, 0.2]], np.float32))
    said = np.full(4, -1, np.int8)
    assert order(0, said).argmax() == 1
    assert order(1, said).argmax() == 0


def test_the_score_of_a_prototype_is_the_mean_of_its_patches() -> None:
    scores = mean_scores([np.array([0, 2]), np.array([1])], np.array([1.0, 5.0, 2.0]))
    assert scores.tolist() == [1.5, 5.0]


def test_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="give images"):
        find_prototypes(np.zeros((0, 3), np.float32), PrototypeSettings())
    for wrong in ({"patches": 0}, {"patches": 61}, {"components": 0}):
        with pytest.raises(InputError, match="prototypes of"):
            PrototypeSettings(**wrong)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(InputError, match="pip install scikit-learn"):
        find_prototypes(np.zeros((3, 3), np.float32), PrototypeSettings())
