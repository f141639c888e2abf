"""Procedural surface textures, (n, n, 3) uint8 RGB, tileable only where the pattern is."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.synthetic.prints import carton, label, screen

Image = NDArray[np.float32]
SIZE = 256  # px of a surface texture
POOL = 60  # textures of a kind that one run draws from


def noise(rng: np.random.Generator, n: int, octaves: int = 5, x_scale: float = 1, y_scale: float = 1) -> Image:
    """(n, n) float32 fractal noise in 0..1."""
    total = np.zeros((n, n), np.float32)
    for k in range(octaves):
        rows = max(2, int(y_scale * 2 ** (k + 1))) + 1
        columns = max(2, int(x_scale * 2 ** (k + 1))) + 1
        grid = rng.random((rows, columns)).astype(np.float32)
        total += cv2.resize(grid, (n, n), interpolation=cv2.INTER_CUBIC) / 2**k
    return (total - total.min()) / (np.ptp(total) + 1e-6)


def hsv(hue: float, saturation: float, value: float) -> Image:
    """(3,) RGB in 0..1 of a hue in degrees."""
    pixel = np.array([[[hue % 360, saturation, value]]], np.float32)
    return np.clip(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0], 0, 1)


def colour(
    rng: np.random.Generator, saturation: float = 1, darkest: float = 0.05, lightest: float = 0.95
) -> Image:
    return hsv(rng.uniform(0, 360), rng.uniform(0, saturation), rng.uniform(darkest, lightest))


def blend(weight: NDArray, low: NDArray, high: NDArray) -> Image:
    """(n, n, 3): `low` where the (n, n) weight is 0, `high` where it is 1."""
    return (low + (high - low) * weight[..., None]).astype(np.float32)


def _coordinates(n: int) -> tuple[NDArray, NDArray]:
    steps = np.linspace(0, 1, n, endpoint=False)
    u, v = np.meshgrid(steps, steps)
    return u, v


def _two_colours(rng: np.random.Generator) -> tuple[Image, Image]:
    saturation = rng.random() ** 1.5
    return colour(rng, saturation), colour(rng, saturation)


def wood(rng: np.random.Generator, n: int) -> Image:
    u, v = _coordinates(n)
    base = hsv(rng.uniform(15, 38), rng.uniform(0.15, 0.7), rng.uniform(0.3, 0.92))
    rings = np.abs(np.sin(noise(rng, n, 6, 8, 0.6) * rng.uniform(4, 18) + v * 2))
    grain = noise(rng, n, 6, 40, 1)
    image = blend(rings * 0.6 + 0.4 * grain, base, base * rng.uniform(0.55, 0.95))
    planks = int(rng.integers(1, 7))
    if planks > 1:
        image *= np.where((u * planks) % 1 < 0.006 * planks, 0.55, 1)[..., None]
        image *= rng.uniform(0.85, 1.1, planks)[(u * planks).astype(int)][..., None]
    return image


def marble(rng: np.random.Generator, n: int) -> Image:
    u, _ = _coordinates(n)
    veins = np.abs(np.sin(6 * u + rng.uniform(2, 14) * noise(rng, n, 6))) ** rng.uniform(0.2, 1)
    return blend(veins, colour(rng, 0.5) * 0.4 + 0.6 * rng.random(), np.full(3, rng.uniform(0.5, 1)))


def tiles(rng: np.random.Generator, n: int) -> Image:
    u, v = _coordinates(n)
    low, high = _two_colours(rng)
    count = int(rng.integers(2, 9))
    each = cv2.resize(rng.random((count, count)).astype(np.float32), (n, n), interpolation=cv2.INTER_NEAREST)
    image = blend(0.25 * each + 0.2 * noise(rng, n), low, high)
    image[((u * count) % 1 < 0.03) | ((v * count) % 1 < 0.03)] = colour(rng, 0.2)
    return image


def check(rng: np.random.Generator, n: int) -> Image:
    u, v = _coordinates(n)
    count = int(rng.integers(2, 14))
    squares = ((u * count).astype(int) + (v * count).astype(int)) % 2
    return blend(squares * 0.9 + 0.1 * noise(rng, n), *_two_colours(rng))


def stripe(rng: np.random.Generator, n: int) -> Image:
    u, v = _coordinates(n)
    count = int(rng.integers(2, 16))
    bands = ((u * count + int(rng.integers(0, 3)) * v * count) % 1 < rng.uniform(0.2, 0.8)) * 1.0
    return blend(bands * 0.9 + 0.1 * noise(rng, n), *_two_colours(rng))


def weave(rng: np.random.Generator, n: int) -> Image:
    u, v = _coordinates(n)
    low, high = _two_colours(rng)
    count = int(rng.integers(20, 60))
    threads = 0.5 + 0.5 * np.sin(2 * np.pi * count * u) * np.sin(2 * np.pi * count * v)
    return blend(threads * 0.6 + 0.4 * noise(rng, n, 6), low, 0.5 * (low + high))


def speckle(rng: np.random.Generator, n: int) -> Image:
    dots = (rng.random((n, n)) > 0.8) * rng.uniform(0.1, 0.8)
    return blend(np.clip(noise(rng, n) * 0.3 + dots, 0, 1), *_two_colours(rng))


def plain(rng: np.random.Generator, n: int) -> Image:
    return blend(noise(rng, n) * rng.uniform(0, 0.4), *_two_colours(rng))


def wall(rng: np.random.Generator, n: int) -> Image:
    """Light paint with a little dirt."""
    base = hsv(rng.uniform(0, 360), rng.uniform(0, 0.25), rng.uniform(0.55, 0.95))
    return blend(noise(rng, n) * rng.uniform(0, 0.3), base, base * 0.7)


def laminate(rng: np.random.Generator, n: int) -> Image:
    """Even table top: white, grey or pale wood with a fine grain."""
    base = hsv(rng.uniform(10, 45), rng.uniform(0, 0.35), rng.uniform(0.35, 0.95))
    return blend(noise(rng, n, 6, 40, 2) * rng.uniform(0, 0.4), base, base * rng.uniform(0.75, 1))


_PAINTERS: dict[str, Callable[[np.random.Generator, int], Image]] = {
    "wood": wood,
    "marble": marble,
    "tiles": tiles,
    "check": check,
    "stripe": stripe,
    "weave": weave,
    "speckle": speckle,
    "plain": plain,
    "wall": wall,
    "laminate": laminate,
    "label": label,
    "carton": carton,
    "screen": screen,
}
_FIXED_COLOURS = ("wood", "laminate", "wall", "screen")


@lru_cache(maxsize=POOL * len(_PAINTERS))
def _pooled(kind: str, index: int) -> NDArray[np.uint8]:
    """The index-th texture of a kind; it depends on nothing else, so that every process paints the same pool."""
    image = _PAINTERS[kind](np.random.default_rng([zlib.crc32(kind.encode()), index]), SIZE)
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def draw_texture(rng: np.random.Generator, kind: str) -> NDArray[np.uint8]:
    """A random (h, w, 3) uint8 RGB texture of the kind, often with its colour channels exchanged."""
    image = _pooled(kind, int(rng.integers(POOL)))
    order = rng.permutation(3)
    if kind in _FIXED_COLOURS or rng.random() < 0.5:
        return image
    return np.ascontiguousarray(image[..., order])
