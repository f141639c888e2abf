from __future__ import annotations

from dataclasses import replace

import numpy as np

from uois_sam.training.augment import Sample, augment, crop_to_table, mirror, relight, zoom


def sample() -> Sample:
    rng = np.random.default_rng(0)
    label = np.zeros((48, 64), np.uint8)
    label[10:40, 10:50] = 1
    colour = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
    parts = np.zeros((48, 64), np.uint16)
    parts[10:40, 10:20] = 257
    return Sample(colour, label, parts, rng.random((48, 64, 7), dtype=np.float32))


def test_mirror_twice_is_nothing() -> None:
    s = sample()
    again = mirror(mirror(s))
    assert np.array_equal(again.colour, s.colour)
    assert np.array_equal(again.label, s.label)
    assert np.array_equal(again.parts, s.parts)
    assert np.array_equal(mirror(s).parts, s.parts[:, ::-1])
    assert np.array_equal(again.geometry, s.geometry)
    assert np.array_equal(mirror(s).geometry[..., 3], -s.geometry[:, ::-1, 3])


def test_zoom_moves_all_together() -> None:
    s = sample()
    marked = replace(s, colour=np.repeat(s.label[..., None] * np.uint8(200), 3, 2))
    out = zoom(marked, 1.5, np.random.default_rng(1))
    assert out.label.shape == s.label.shape
    inside = out.colour[..., 0] > 100
    assert (inside == (out.label > 0)).mean() > 0.97
    assert (out.label[out.parts > 0] == 1).all()
    assert out.parts.any()


def test_zoom_refuses_to_lose_everything() -> None:
    s = sample()
    empty = replace(s, label=np.zeros_like(s.label))
    assert zoom(empty, 1.5, np.random.default_rng(0)) is empty


def test_crop_to_table_forgets_far_geometry_only() -> None:
    s = sample()
    s.geometry[0, 0, 0], s.geometry[0, 1, 0], s.geometry[0, 2, 0] = -1, 3, 0.5
    out = crop_to_table(s)
    assert not out.geometry[0, 0].any()
    assert not out.geometry[0, 1].any()
    assert np.array_equal(out.geometry[0, 2], s.geometry[0, 2])


def test_relight_stays_in_range() -> None:
    for seed in range(20):
        out = relight(sample().colour, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert out.dtype == np.float32
        assert out.min() >= 0
        assert out.max() <= 1


def test_depth_is_dropped_as_often_as_asked() -> None:
    gone = [not augment(sample(), np.random.default_rng(k), no_depth=0.25).geometry.any() for k in range(200)]
    assert 30 <= sum(gone) <= 70
    assert all(not augment(sample(), np.random.default_rng(k), no_depth=1.0).geometry.any() for k in range(5))


def test_same_seed_same_sample() -> None:
    a, b = (augment(sample(), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(a.colour, b.colour)
    assert np.array_equal(a.geometry, b.geometry)
