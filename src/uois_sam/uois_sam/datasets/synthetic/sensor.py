"""What a structured-light camera would measure instead of the exact depth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.types import Camera

Rng = np.random.Generator
Depth = NDArray[np.float32]
Mask = NDArray[np.bool_]
_REFERENCE_WIDTH = 320  # px, the image width that pixel distances below are given for


def simulate_depth(depth: Depth, camera: Camera, rng: Rng) -> Depth:
    """Add the faults of a Kinect-like sensor; every fault is drawn anew in kind and strength.

    depth: (H, W) float32, exact metres. Returns (H, W) float32 metres, 0 where nothing is measured.
    Faults: jittered edges, the projector's shadow, torn edges, noise and quantisation growing with the square
    of distance (Khoshelham and Elberink, 2012), blind spots, blind margins.
    """
    scale = camera.width / _REFERENCE_WIDTH
    measured = depth.astype(np.float32).copy()
    if rng.random() < 0.6:
        measured = _jitter(rng, measured, scale)
    holes = np.zeros(measured.shape, bool)
    if rng.random() < 0.7:
        holes |= _projector_shadow(rng, measured, camera.fx, scale)
    if rng.random() < 0.5:
        holes |= _torn_edges(rng, measured)
    measured = _noise(rng, measured)
    if rng.random() < 0.6:
        step = rng.uniform(0.0005, 0.004) * measured**2 + 1e-4
        measured = np.round(measured / step) * step
    holes |= _blind_spots(rng, measured.shape, scale)
    if rng.random() < 0.3:
        holes |= _blind_margins(rng, measured.shape, scale)
    measured[holes | (depth <= 0)] = 0
    return measured.astype(np.float32)


def _jitter(rng: Rng, depth: Depth, scale: float) -> Depth:
    """Samples displaced by a pixel or two, which only shows at edges."""
    height, width = depth.shape
    v, u = np.mgrid[:height, :width].astype(np.float32)
    shift = []
    for _ in range(2):
        wander = cv2.GaussianBlur(rng.normal(0, 1, depth.shape).astype(np.float32), (0, 0), scale)
        shift.append(wander * np.float32(rng.uniform(0.5, 2.5) * scale**2))
    return cv2.remap(depth, u + shift[0], v + shift[1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)


def _projector_shadow(rng: Rng, depth: Depth, focal: float, scale: float) -> Mask:
    """Pixels whose ray from a projector beside the camera is hidden by something nearer."""
    baseline = rng.uniform(0.03, 0.09)
    columns = np.arange(depth.shape[1])[None]
    parallax = focal * baseline / np.maximum(depth, 0.1)
    if rng.random() < 0.5:
        position = columns - parallax
        return position < np.maximum.accumulate(position, 1) - 0.6 * scale
    position = columns + parallax
    return position > np.minimum.accumulate(position[:, ::-1], 1)[:, ::-1] + 0.6 * scale


def _torn_edges(rng: Rng, depth: Depth) -> Mask:
    kernel = np.ones((3, 3), np.uint8)
    edge = (cv2.dilate(depth, kernel) - cv2.erode(depth, kernel)) > 0.03
    torn = edge & (rng.random(depth.shape) < rng.uniform(0.2, 0.9))
    return cv2.dilate(torn.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0


def _noise(rng: Rng, depth: Depth) -> Depth:
    height, width = depth.shape
    fine = cv2.GaussianBlur(rng.normal(0, 1, depth.shape).astype(np.float32), (0, 0), 0.8) * 1.3
    cells = rng.normal(0, 1, (max(2, round(height * 20 / width)), 20)).astype(np.float32)
    coarse = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC) * 0.6
    return (depth + (fine + coarse) * rng.uniform(0.0003, 0.003) * depth**2).astype(np.float32)


def _blind_spots(rng: Rng, shape: tuple[int, ...], scale: float) -> Mask:
    """Ragged ellipses where the surface gives nothing back."""
    holes = np.zeros(shape, bool)
    for _ in range(int(rng.integers(0, 6))):
        spot = np.zeros(shape, np.uint8)
        centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        axes = (int(rng.integers(2, 22) * scale), int(rng.integers(2, 16) * scale))
        cv2.ellipse(spot, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        holes |= (spot > 0) & (rng.random(shape) < rng.uniform(0.4, 1))
    return holes


def _blind_margins(rng: Rng, shape: tuple[int, ...], scale: float) -> Mask:
    holes = np.zeros(shape, bool)
    margin = int(rng.integers(0, 36) * scale)
    holes[:, :margin] = rng.random() < 0.5
    holes[:, shape[1] - margin :] |= rng.random() < 0.7
    return holes
