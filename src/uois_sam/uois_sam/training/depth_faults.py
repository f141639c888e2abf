"""Faults of depth that concern whole things or the whole image, on the geometry channels that the network sees.

What a sensor does at edges and to single pixels is simulated before (`datasets/synthetic/sensor.py`); these are
drawn anew each time a frame is shown: transparent and dark things, depth that lies beside its colour, and large
parts lost.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Geometry = NDArray[np.float32]
Rng = np.random.Generator

_TABLE = np.array([0, 0, 1, 0, 0, 0, 1], np.float32)
"""Channels of a point on the table: no height, upright normal, no edge, measured."""


def misalign(geometry: Geometry, dx: int, dy: int) -> Geometry:
    """Geometry moved by (dx, dy) pixels, as by a wrong extrinsic; nothing is measured where it left."""
    moved = np.zeros_like(geometry)
    h, w = geometry.shape[:2]
    target = (slice(max(dy, 0), min(h + dy, h)), slice(max(dx, 0), min(w + dx, w)))
    source = (slice(max(-dy, 0), min(h - dy, h)), slice(max(-dx, 0), min(w - dx, w)))
    moved[target] = geometry[source]
    return moved


def see_through(geometry: Geometry, thing: NDArray[np.bool_]) -> Geometry:
    """A transparent thing: the sensor measures the table behind it."""
    clear = geometry.copy()
    clear[thing] = _TABLE
    return clear


def lose(geometry: Geometry, lost: NDArray[np.bool_]) -> Geometry:
    """Nothing is measured where `lost` (H, W)."""
    kept = geometry.copy()
    kept[lost] = 0
    return kept


def patches(shape: tuple[int, ...], share: float, rng: Rng) -> NDArray[np.bool_]:
    """(H, W) large smooth random patches that cover about `share` of the image."""
    cells = rng.standard_normal((4, 5), np.float32)
    smooth = cv2.resize(cells, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth < np.quantile(smooth, share))


def spoil(geometry: Geometry, label: NDArray[np.uint8], rng: Rng) -> Geometry:
    """All of the above at the chances that training uses.

    Args:
        geometry: (H, W, 7), see `geometry_channels`.
        label: (H, W), 0 background, 1.. things.
        rng: the only source of chance.
    """
    if rng.random() < 0.2:
        dx, dy = rng.integers(-3, 4, 2)
        geometry = misalign(geometry, int(dx), int(dy))
    things = np.unique(label[label > 0])
    if len(things) and rng.random() < 0.3:
        for thing in rng.choice(things, min(len(things), int(rng.integers(1, 4))), replace=False):
            mask = label == thing
            if rng.random() < 0.4:
                geometry = see_through(geometry, mask)
            else:
                geometry = lose(geometry, mask & (rng.random(label.shape) < rng.uniform(0.5, 1.2)))
    if rng.random() < 0.12:
        geometry = lose(geometry, patches(label.shape, rng.uniform(0.2, 0.8), rng))
    return geometry
