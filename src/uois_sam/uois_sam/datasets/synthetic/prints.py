"""Printed surfaces: product labels, cartons with six different sides, screens. (h, w, 3) float32 RGB in 0..1."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Colour = tuple[float, float, float]
_LETTERS = list("AEIOUNRSTLMCDBPGabeinorstlu")
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


@dataclass(frozen=True)
class Palette:
    """Colours of one product, RGB in 0..255."""

    ground: Colour
    accent: Colour
    second: Colour
    ink: Colour


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    pixel = np.array([[[hue % 360, saturation, value]]], np.float32)
    r, g, b = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0] * 255
    return float(r), float(g), float(b)


def _palette(rng: np.random.Generator) -> Palette:
    hue = rng.uniform(0, 360)
    pale = rng.random() < 0.45
    ground = (
        _rgb(hue, rng.uniform(0, 0.25), rng.uniform(0.75, 1))
        if pale
        else _rgb(hue, rng.uniform(0.3, 1), rng.uniform(0.2, 0.95))
    )
    return Palette(
        ground,
        _rgb(hue + rng.choice([30, 120, 180, 210]), rng.uniform(0.4, 1), rng.uniform(0.3, 1)),
        _rgb(rng.uniform(0, 360), rng.uniform(0.2, 1), rng.uniform(0.3, 1)),
        _rgb(hue, rng.uniform(0, 0.6), rng.uniform(0.0, 0.35) if pale else rng.uniform(0.8, 1)),
    )


def _word(rng: np.random.Generator, shortest: int = 3, longest: int = 9) -> str:
    return "".join(rng.choice(_LETTERS, int(rng.integers(shortest, longest + 1))))


def _smooth_noise(rng: np.random.Generator, height: int, width: int, cells: int) -> Image:
    """(height, width, 1) soft blotches in about 0..1."""
    grid = rng.random((cells + 1, cells + 1)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)[..., None]


def _photo(rng: np.random.Generator, height: int, width: int) -> Bytes:
    """Something like a photograph: a graded ground and heaps of shaded blobs (fruit, flakes, biscuits)."""
    near = np.array(_rgb(rng.uniform(0, 360), rng.uniform(0, 0.7), rng.uniform(0.2, 1)))
    far = np.array(_rgb(rng.uniform(0, 360), rng.uniform(0, 0.7), rng.uniform(0.2, 1)))
    weight = np.clip(_smooth_noise(rng, height, width, int(rng.integers(1, 6))), 0, 1)
    image = np.ascontiguousarray(near + (far - near) * weight).astype(np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        hue = rng.uniform(0, 360) if rng.random() < 0.4 else rng.uniform(0, 60)
        saturation = rng.uniform(0.2, 0.9)
        centre = rng.uniform(0.2, 0.8, 2) * (width, height)
        spread = rng.uniform(0.05, 0.35) * min(height, width)
        size = rng.uniform(0.02, 0.2) * min(height, width)
        for _ in range(int(rng.integers(3, 40))):
            x, y = (int(c) for c in centre + rng.normal(0, spread, 2))
            axes = tuple(max(1, int(a)) for a in size * rng.uniform(0.6, 1.3, 2))
            turn, value = float(rng.uniform(0, 180)), rng.uniform(0.3, 1)
            tone = _rgb(hue + rng.normal(0, 12), saturation, value)
            shade = _rgb(hue, saturation, 0.5 * value)
            shine = _rgb(hue, 0.5 * saturation, min(1, 1.3 * value))
            cv2.ellipse(image, (x + 1, y + 1), axes, turn, 0, 360, shade, -1, cv2.LINE_AA)
            cv2.ellipse(image, (x, y), axes, turn, 0, 360, tone, -1, cv2.LINE_AA)
            small = (max(1, axes[0] // 3), max(1, axes[1] // 3))
            cv2.ellipse(image, (x - small[0], y - small[1]), small, turn, 0, 360, shine, -1, cv2.LINE_AA)
    return image


def _paste(canvas: Bytes, patch: Bytes, x: int, y: int) -> None:
    """Lay the patch over the canvas with its corner at (x, y), cropped at the border."""
    height = min(patch.shape[0], canvas.shape[0] - y)
    width = min(patch.shape[1], canvas.shape[1] - x)
    if height > 0 and width > 0:
        canvas[y : y + height, x : x + width] = patch[:height, :width]


def _headline(rng: np.random.Generator, canvas: Bytes, ink: Colour, y: int) -> None:
    height, width = canvas.shape[:2]
    word, font = _word(rng, 3, 8), int(rng.choice(_FONTS))
    thickness = int(rng.integers(2, 6))
    (text_width, _), _ = cv2.getTextSize(word, font, 1, thickness)
    scale = rng.uniform(0.45, 0.9) * width / max(text_width, 1)
    x = int(rng.uniform(0, max(1, width - scale * text_width)))
    if rng.random() < 0.5:
        edge = tuple(255 - c for c in ink)
        cv2.putText(canvas, word, (x + 2, y + 2), font, scale, edge, thickness + 2, cv2.LINE_AA)
    cv2.putText(canvas, word, (x, min(y, height - 4)), font, scale, ink, thickness, cv2.LINE_AA)


def _text_block(rng: np.random.Generator, canvas: Bytes, ink: Colour) -> None:
    height, width = canvas.shape[:2]
    x, y = int(rng.uniform(0.03, 0.5) * width), int(rng.uniform(0.05, 0.7) * height)
    scale = rng.uniform(0.22, 0.4)
    step = int(rng.uniform(30, 40) * scale)
    right = int(rng.uniform(0.6, 0.97) * width)
    for line in range(int(rng.integers(3, 14))):
        bottom = y + step * (line + 1)
        if bottom > height - 3:
            break
        words = " ".join(_word(rng) for _ in range(8))
        strip = canvas[:, :right]
        if strip.flags["C_CONTIGUOUS"]:
            cv2.putText(strip, words, (x, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA)
        else:
            copy = np.ascontiguousarray(strip)
            cv2.putText(copy, words, (x, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA)
            canvas[:, :right] = copy


def _barcode(rng: np.random.Generator, canvas: Bytes) -> None:
    bars = int(rng.integers(25, 45))
    row = np.repeat(rng.integers(0, 2, bars) * 235 + 10, int(rng.integers(1, 4))).astype(np.uint8)
    patch = np.pad(
        np.tile(row[None, :, None], (int(rng.integers(20, 50)), 1, 3)),
        ((4, 8), (6, 6), (0, 0)),
        constant_values=255,
    )
    if rng.random() < 0.5:
        patch = np.ascontiguousarray(patch.transpose(1, 0, 2))
    height, width = canvas.shape[:2]
    _paste(canvas, patch, int(rng.uniform(0, 0.7) * width), int(rng.uniform(0, 0.7) * height))


def _table(rng: np.random.Generator, canvas: Bytes, ink: Colour) -> None:
    height, width = canvas.shape[:2]
    x, y = int(rng.uniform(0.03, 0.4) * width), int(rng.uniform(0.05, 0.5) * height)
    rows, columns = int(rng.integers(3, 9)), int(rng.integers(2, 4))
    row_height, column_width = int(rng.integers(11, 17)), int(rng.uniform(0.4, 0.55) * width / columns)
    for r in range(rows):
        for c in range(columns):
            corner = (x + c * column_width, y + r * row_height)
            cv2.rectangle(canvas, corner, (corner[0] + column_width, corner[1] + row_height), ink, 1)
            cv2.putText(
                canvas, _word(rng, 2, 5), (corner[0] + 3, corner[1] + row_height - 4), 0, 0.25, ink, 1, cv2.LINE_AA
            )


def _shape(rng: np.random.Generator, canvas: Bytes, tone: Colour) -> None:
    height, width = canvas.shape[:2]
    x, y = int(rng.integers(width)), int(rng.integers(height))
    kind = int(rng.integers(4))
    if kind == 0:
        cv2.circle(canvas, (x, y), int(rng.integers(8, 70)), tone, -1, cv2.LINE_AA)
    elif kind == 1:
        cv2.rectangle(canvas, (x, y), (x + int(rng.integers(10, 140)), y + int(rng.integers(6, 80))), tone, -1)
    elif kind == 2:
        corners = rng.integers(0, width, (int(rng.integers(3, 7)), 2)).astype(np.int32)
        cv2.fillPoly(canvas, [corners], tone, cv2.LINE_AA)
    else:
        axes = (int(rng.integers(10, 90)), int(rng.integers(5, 45)))
        cv2.ellipse(canvas, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, tone, -1, cv2.LINE_AA)


def _bands(rng: np.random.Generator, canvas: Bytes, palette: Palette) -> None:
    height, width = canvas.shape[:2]
    for tone in (palette.accent, palette.second)[: int(rng.integers(0, 3))]:
        start = rng.random()
        end = start + rng.uniform(0.05, 0.45)
        if rng.random() < 0.7:
            canvas[int(start * height) : int(end * height)] = tone
        else:
            canvas[:, int(start * width) : int(end * width)] = tone


def _face(rng: np.random.Generator, size: int, palette: Palette, *, front: bool) -> Bytes:
    """One (size, size, 3) side of a product: the front has a picture and a name, the others fine print."""
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = palette.ground
    _bands(rng, canvas, palette)
    for _ in range(int(rng.integers(0, 3))):
        _shape(rng, canvas, palette.accent if rng.random() < 0.6 else palette.second)
    if rng.random() < (0.85 if front else 0.25):
        height, width = (int(rng.uniform(0.25, 1) * size) for _ in range(2))
        x, y = int(rng.uniform(0, size - width + 1)), int(rng.uniform(0, size - height + 1))
        _paste(canvas, _photo(rng, height, width), x, y)
    if front:
        for _ in range(int(rng.integers(1, 4))):
            _headline(
                rng,
                canvas,
                palette.ink if rng.random() < 0.6 else palette.accent,
                int(rng.uniform(0.15, 0.95) * size),
            )
    else:
        for _ in range(int(rng.integers(0, 3))):
            _text_block(rng, canvas, palette.ink)
        if rng.random() < 0.4:
            _table(rng, canvas, palette.ink)
        if rng.random() < 0.4:
            _barcode(rng, canvas)
        if rng.random() < 0.5:
            _headline(rng, canvas, palette.ink, int(rng.uniform(0.2, 0.9) * size))
    return canvas


def label(rng: np.random.Generator, n: int) -> Image:
    """A wrap-round label: a front face and, more often than not, fine print."""
    palette = _palette(rng)
    canvas = _face(rng, n, palette, front=True)
    if rng.random() < 0.6:
        half = _face(rng, n, palette, front=False)
        canvas[:, n // 2 :] = cv2.resize(half, (n - n // 2, n), interpolation=cv2.INTER_AREA)
    return np.asarray(canvas, np.float32) / np.float32(255)


def carton(rng: np.random.Generator, n: int) -> Image:
    """(2 n, 3 n, 3): the six sides of a printed box, in the cells that `meshes.rounded_box(atlas=True)` uses."""
    palette = _palette(rng)
    rows = []
    for _ in range(2):
        faces = [_face(rng, n, palette, front=bool(rng.random() < 0.55)) for _ in range(3)]
        rows.append(np.hstack([np.rot90(f, int(rng.integers(4))) for f in faces]))
    return np.asarray(np.vstack(rows), np.float32) / np.float32(255)


def screen(rng: np.random.Generator, n: int) -> Image:
    """A display: dark, or a desktop with windows of text and pictures."""
    if rng.random() < 0.4:
        return np.full((n, n, 3), rng.uniform(0.005, 0.06), np.float32)
    canvas = (
        _photo(rng, n, n)
        if rng.random() < 0.5
        else np.full((n, n, 3), _rgb(rng.uniform(0, 360), 0.6, rng.uniform(0.1, 0.8)), np.uint8)
    )
    for _ in range(int(rng.integers(1, 5))):
        height, width = (int(rng.uniform(0.25, 0.8) * n) for _ in range(2))
        window = np.full((height, width, 3), int(rng.integers(20, 256)), np.uint8)
        ink = (20.0, 20.0, 20.0) if window.mean() > 128 else (230.0, 230.0, 230.0)
        _text_block(rng, window, ink)
        window[:10] = _rgb(rng.uniform(0, 360), 0.5, 0.5)
        _paste(canvas, window, int(rng.uniform(0, 0.6) * n), int(rng.uniform(0, 0.6) * n))
    return np.asarray(canvas, np.float32) / np.float32(255)
