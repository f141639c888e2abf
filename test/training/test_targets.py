from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uois_sam.training.batches import find_centres
from uois_sam.training.targets import (
    FramePrompts,
    PromptCounts,
    gaussian_heatmap,
    interior_point,
    part_codes,
    sample_prompts,
)


def scene() -> np.ndarray:
    label = np.zeros((60, 80), np.uint8)
    label[5:25, 5:25] = 1
    label[30:50, 40:70] = 2
    label[35:45, 45:55] = 3
    return label


class TestInteriorPoint:
    def test_lies_inside_a_bent_thing(self) -> None:
        y, x = np.mgrid[:60, :60]
        r = np.hypot(x - 30, y - 30)
        ring = (r > 18) & (r < 25) & (x > 20)
        px, py = interior_point(ring)
        assert ring[int(py), int(px)]

    def test_is_the_middle_of_a_square(self) -> None:
        mask = np.zeros((21, 21), bool)
        mask[5:16, 5:16] = True
        assert interior_point(mask) == (10, 10)

    def test_single_pixel(self) -> None:
        mask = np.zeros((5, 5), bool)
        mask[3, 1] = True
        assert interior_point(mask) == (1, 3)


class TestHeatmap:
    def test_is_equation_1_with_the_maximum_of_neighbours(self) -> None:
        centres = np.array([[3, 4], [6, 4]], np.float32)
        heatmap = gaussian_heatmap(centres, np.array([1, 2], np.float32), (10, 12))
        assert heatmap.shape == (10, 12)
        assert heatmap[4, 3] == 1
        assert heatmap[4, 6] == 1
        assert heatmap[4, 4] == pytest.approx(max(np.exp(-1 / 2), np.exp(-4 / 8)))
        assert heatmap[9, 3] == pytest.approx(max(np.exp(-25 / 2), np.exp(-(9 + 25) / 8)))

    def test_nothing_there(self) -> None:
        assert not gaussian_heatmap(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), (4, 4)).any()


def ask(label: np.ndarray, wanted: PromptCounts, seed: int = 0, parts: np.ndarray | None = None) -> FramePrompts:
    none = np.zeros(label.shape, np.uint16)
    centres, _ = find_centres(label)
    return sample_prompts(label, none if parts is None else parts, centres, wanted, np.random.default_rng(seed))


class TestPrompts:
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_points_mean_what_they_hit(self, seed: int) -> None:
        label = scene()
        prompts = ask(label, PromptCounts(7, 0, 2), seed)
        assert prompts.points.shape == (9, 3, 2)
        size = np.array([80, 60])
        for k in range(9):
            assert not np.isnan(prompts.boxes[k]).any() or (prompts.labels[k] >= 0).any()
            for j in np.flatnonzero(prompts.labels[k] >= 0):
                x, y = np.floor(prompts.points[k, j] * size).astype(int)
                on = label[y, x] == prompts.target[k]
                assert on == (prompts.labels[k, j] == 1)
        assert (prompts.target[7:] == 0).all()
        assert set(prompts.target[:7]) == {1, 2, 3}

    def test_box_surrounds_its_thing(self) -> None:
        label = scene()
        seen = 0
        for seed in range(30):
            prompts = ask(label, PromptCounts(7, 0, 0), seed)
            for k in np.flatnonzero(~np.isnan(prompts.boxes).any(1)):
                ys, xs = np.nonzero(label == prompts.target[k])
                truth = np.array([xs.min() / 80, ys.min() / 60, (xs.max() + 1) / 80, (ys.max() + 1) / 60])
                assert np.abs(prompts.boxes[k] - truth).max() < 0.14
                seen += 1
        assert seen > 5

    def test_an_empty_table_gives_background_alone(self) -> None:
        prompts = ask(np.zeros((30, 40), np.uint8), PromptCounts(7, 2, 2))
        assert (prompts.target == 0).all()
        assert (prompts.labels[:, 0] == 1).all()

    def test_a_full_table_has_no_background_to_point_at(self) -> None:
        label = np.ones((30, 40), np.uint8)
        prompts = ask(label, PromptCounts(2, 0, 2))
        assert (prompts.target == 1).all()

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_parts_are_asked_for_by_boxes_and_points_in_them(self, seed: int) -> None:
        label = scene()
        numbers = np.zeros(label.shape, np.uint8)
        ys, xs = np.nonzero(label == 1)
        numbers[ys, xs] = np.where(xs > np.median(xs), 2, 1)  # thing 1 has two halves, thing 2 one part alone
        numbers[label == 2] = 1
        parts = part_codes(label, numbers)
        prompts = ask(label, PromptCounts(0, 3, 1), seed, parts)
        assert set(prompts.target[:2]) == {257, 258}
        assert (prompts.target[2:] == 0).all()
        for k in range(2):
            ys, xs = np.nonzero(parts == prompts.target[k])
            truth = np.array([xs.min() / 80, ys.min() / 60, (xs.max() + 1) / 80, (ys.max() + 1) / 60])
            assert np.abs(prompts.boxes[k] - truth).max() < 0.14
            if prompts.labels[k, 0] == 1:
                x, y = np.floor(prompts.points[k, 0] * [80, 60]).astype(int)
                assert parts[y, x] == prompts.target[k]


def test_codes_of_parts_are_those_of_no_thing() -> None:
    label = np.array([[0, 0, 1, 255, 255]], np.uint8)
    parts = np.array([[0, 3, 0, 1, 900]], np.uint16)
    np.testing.assert_array_equal(part_codes(label, parts), [[0, 0, 0, 255 * 256 + 1, 255 * 256 + 255]])


def test_small_things_are_not_asked_for() -> None:
    label = np.zeros((20, 20), np.uint8)
    label[0:3, 0:5] = 1
    label[5:9, 5:9] = 2
    centres, sizes = find_centres(label)
    assert list(centres) == [2]
    assert sizes[2] == 4
