from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uois_sam.training.repaint import repaint


def frame() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    label = np.zeros((60, 80), np.uint8)
    label[5:30, 5:40], label[20:55, 45:75], label[0:4, 0:4] = 1, 2, 3
    return rng.integers(60, 120, (60, 80, 3), dtype=np.uint8), label


@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_only_things_of_some_size_change(seed: int) -> None:
    colour, label = frame()
    before = colour.copy()
    painted = repaint(colour, label, 1.0, np.random.default_rng(seed))
    assert painted.dtype == np.uint8
    assert np.array_equal(colour, before)
    untouched = (label == 0) | (label == 3)
    assert np.array_equal(painted[untouched], colour[untouched])


def test_things_are_painted_as_often_as_asked() -> None:
    colour, label = frame()
    changed = np.array(
        [
            [
                (repaint(colour, label, 0.3, np.random.default_rng(k)) != colour)[label == thing].any()
                for thing in (1, 2)
            ]
            for k in range(300)
        ]
    )
    assert 0.2 < changed.mean() < 0.36


def test_shading_stays() -> None:
    """A thing that is dark on its left stays darker there, whatever its paint."""
    label = np.ones((40, 40), np.uint8)
    ramp = np.repeat(np.linspace(60, 200, 40)[None, :, None], 40, 0).repeat(3, 2).astype(np.uint8)
    darker = []
    for seed in range(60):
        painted = repaint(ramp, label, 1.0, np.random.default_rng(seed)).astype(float)
        fresh = np.abs(painted - ramp).sum(2) > 12
        if fresh[:, :12].sum() > 100 and fresh[:, 28:].sum() > 100 and painted[fresh].std() < 40:
            darker.append(painted[:, :12][fresh[:, :12]].mean() < painted[:, 28:][fresh[:, 28:]].mean())
    assert len(darker) > 5
    assert np.mean(darker) > 0.8


@pytest.mark.parametrize("label", [np.zeros((60, 80), np.uint8), np.eye(60, 80, dtype=np.uint8)])
def test_nothing_to_paint(label: np.ndarray) -> None:
    colour, _ = frame()
    assert np.array_equal(repaint(colour, label * (np.arange(80) < 50), 1.0, np.random.default_rng(0)), colour)
