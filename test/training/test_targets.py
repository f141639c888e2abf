from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uois_sam.training.batches import find_centres
from uois_sam.training.targets import gaussian_heatmap, interior_point, sample_prompts


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


class TestPrompts:
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_points_mean_what_they_hit(self, seed: int) -> None:
        label = scene()
        centres, _ = find_centres(label)
        prompts = sample_prompts(label, centres, 7, 2, np.random.default_rng(seed))
        assert prompts.points.shape == (9, 3, 2)
        size = np.array([80, 60])
        for k in range(9):
            has_box = not np.isnan(prompts.boxes[k]).any()
            assert has_box == (prompts.labels[k] < 0).all()
            for j in np.flatnonzero(prompts.labels[k] >= 0):
                x, y = np.floor(prompts.points[k, j] * size).astype(int)
                on = label[y, x] == prompts.target[k]
                assert on == (prompts.labels[k, j] == 1)
        assert (prompts.target[7:] == 0).all()
        assert set(prompts.target[:7]) == {1, 2, 3}

    def test_box_surrounds_its_thing(self) -> None:
        label = scene()
        centres, _ = find_centres(label)
        seen = 0
        for seed in range(30):
            prompts = sample_prompts(label, centres, 7, 0, np.random.default_rng(seed))
            for k in np.flatnonzero(~np.isnan(prompts.boxes).any(1)):
                ys, xs = np.nonzero(label == prompts.target[k])
                truth = np.array([xs.min() / 80, ys.min() / 60, (xs.max() + 1) / 80, (ys.max() + 1) / 60])
                assert np.abs(prompts.boxes[k] - truth).max() < 0.14
                seen += 1
        assert seen > 5

    def test_an_empty_table_gives_background_alone(self) -> None:
        prompts = sample_prompts(np.zeros((30, 40), np.uint8), {}, 7, 2, np.random.default_rng(0))
        assert (prompts.target == 0).all()
        assert (prompts.labels[:, 0] == 1).all()

    def test_a_full_table_has_no_background_to_point_at(self) -> None:
        label = np.ones((30, 40), np.uint8)
        centres, _ = find_centres(label)
        prompts = sample_prompts(label, centres, 2, 2, np.random.default_rng(0))
        assert (prompts.target == 1).all()


def test_small_things_are_not_asked_for() -> None:
    label = np.zeros((20, 20), np.uint8)
    label[0:3, 0:5] = 1
    label[5:9, 5:9] = 2
    centres, sizes = find_centres(label)
    assert list(centres) == [2]
    assert sizes[2] == 4
