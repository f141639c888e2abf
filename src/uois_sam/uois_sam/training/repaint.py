"""New paint for things in a training frame: two tones, bands, stickers, pictures, and a neighbour's colour.

A network that learns from few kinds of things takes every change of colour for a border, and like colours for one
thing. Paint is free, and says that neither holds.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float32]
Mask = NDArray[np.bool_]
Rng = np.random.Generator
Window = tuple[slice, slice]

_MIN_PIXELS = 60
_REGIONS = ("all", "half", "band", "patch")
_REGION_CHANCES = (0.25, 0.35, 0.2, 0.2)
_PAINTS = ("plain", "picture", "stripes", "neighbour")
_PAINT_CHANCES = (0.45, 0.25, 0.1, 0.2)


def repaint(colour: NDArray[np.uint8], label: NDArray[np.integer], share: float, rng: Rng) -> NDArray[np.uint8]:
    """Give some things new paint, on all or on a part of what is seen of them; their shading stays.

    Args:
        colour: (H, W, 3) RGB.
        label: (H, W), 0 background, 1.. things.
        share: chance of each thing to be painted.
        rng: the only source of chance.
    """
    painted = colour.copy()
    areas = np.bincount(label.ravel())
    for thing in np.flatnonzero(areas[1:] >= _MIN_PIXELS) + 1:
        if rng.random() >= share:
            continue
        x, y, w, h = cv2.boundingRect((label == thing).astype(np.uint8))
        window = (slice(y, y + h), slice(x, x + w))
        mask = label[window] == thing
        region = mask & _region((h, w), str(rng.choice(_REGIONS, p=_REGION_CHANCES)), rng)
        if not region.any():
            continue
        kind = str(rng.choice(_PAINTS, p=_PAINT_CHANCES))
        paint = _around(colour, label, window, rng) if kind == "neighbour" else _paint(colour, (h, w), kind, rng)
        shade = _shading(colour[window], mask, region, rng)
        fresh = np.clip(paint * shade[..., None], 0, 255)
        painted[window][region] = fresh[region].astype(np.uint8)
    return painted


def _region(shape: tuple[int, int], kind: str, rng: Rng) -> Mask:
    """Where on a thing's box the paint goes: everywhere, to one side of a line, between two, or on a patch."""
    h, w = shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    if rng.random() < 0.5:  # along or across a thing's longer side more often than askew
        angle = float(rng.choice([0, np.pi / 2])) + rng.normal(0, 0.15)
    along = (x - w * rng.uniform(0.25, 0.75)) * np.cos(angle) + (y - h * rng.uniform(0.25, 0.75)) * np.sin(angle)
    extent = abs(w * np.cos(angle)) + abs(h * np.sin(angle))
    if kind == "half":
        return np.asarray(along > 0)
    if kind == "band":
        return np.asarray(np.abs(along) < extent * rng.uniform(0.06, 0.25))
    if kind == "patch":
        across = -(x - w * rng.uniform(0.3, 0.7)) * np.sin(angle) + (y - h * rng.uniform(0.3, 0.7)) * np.cos(angle)
        a, b = extent * rng.uniform(0.1, 0.35, 2)
        if rng.random() < 0.5:
            return np.asarray((along / a) ** 2 + (across / b) ** 2 < 1)
        return np.asarray((np.abs(along) < a) & (np.abs(across) < b))
    return np.ones(shape, bool)


def _paint(colour: NDArray[np.uint8], shape: tuple[int, int], kind: str, rng: Rng) -> Colour:
    """(h, w, 3) in 0 .. 255: one colour, two in stripes, or a window of the frame as a picture."""
    h, w = shape
    first, second = _pigment(rng), _pigment(rng)
    if kind == "picture":
        rows, columns = colour.shape[:2]
        height, width = int(rng.integers(8, rows)), int(rng.integers(8, columns))
        y, x = int(rng.integers(rows - height + 1)), int(rng.integers(columns - width + 1))
        picture = cv2.resize(colour[y : y + height, x : x + width], (w, h), interpolation=cv2.INTER_AREA)
        return picture[..., rng.permutation(3)].astype(np.float32)
    if kind == "stripes":
        y, x = np.mgrid[:h, :w]
        angle, period = rng.uniform(0, np.pi), rng.uniform(3, 20)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period) > rng.uniform(-0.7, 0.7)
        return np.where(wave[..., None], first, second).astype(np.float32)
    return np.broadcast_to(first, (h, w, 3))


def _pigment(rng: Rng) -> Colour:
    """(3,) in 0 .. 255, greys, black and white about as often as colours."""
    value = rng.uniform(10, 250)
    if rng.random() < 0.4:
        return np.full(3, value, np.float32) + rng.normal(0, 6, 3).astype(np.float32)
    return rng.uniform(5, 250, 3).astype(np.float32)


def _around(colour: NDArray[np.uint8], label: NDArray[np.integer], window: Window, rng: Rng) -> Colour:
    """(h, w, 3) the colour of a pixel just outside the thing's box: of a neighbour or of the table."""
    rows, columns = window
    y = int(np.clip(rng.choice([rows.start - 3, rows.stop + 2]), 0, label.shape[0] - 1))
    x = int(np.clip(rng.integers(columns.start - 3, columns.stop + 3), 0, label.shape[1] - 1))
    near = colour[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].reshape(-1, 3).mean(0).astype(np.float32)
    return np.broadcast_to(near, (rows.stop - rows.start, columns.stop - columns.start, 3))


def _shading(colour: NDArray[np.uint8], mask: Mask, region: Mask, rng: Rng) -> Colour:
    """(h, w) brightness about 1 over the region, smoothed so that old paint does not show through."""
    grey = colour.mean(2, dtype=np.float32)
    inside = mask.astype(np.float32)
    sigma = float(rng.uniform(0.6, 3))
    smooth = cv2.GaussianBlur(grey * inside, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(inside, (0, 0), sigma), 1e-3
    )
    return np.clip(smooth / max(float(smooth[region].mean()), 8.0), 0.35, 1.8) ** np.float32(rng.uniform(0.4, 1))
