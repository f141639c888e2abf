"""What a structured-light camera would measure instead of the exact depth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.types import Camera

Rng = np.random.Generator
Depth = NDArray[np.float32]
Mask = NDArray[np.bool_]
_REFERENCE_WIDTH = 320  # px, the image width that pixel distances below are given for
_EDGE = 0.03  # metres between neighbours that make a depth edge


@dataclass(frozen=True)
class DepthSensor:
    """How strong each fault of a sensor is; 0 leaves a fault out. Pixels are those of an image 320 px wide.

    edge_jitter: px that samples are displaced by, which shows at edges only.
    baseline: metres from the camera to the projector, positive to its right; it throws a shadow of no depth.
    torn_edges: share of the pixels at depth edges that measure nothing.
    noise, quantisation: standard deviation and step of disparity at 1 m, metres; both grow with distance squared
        (Khoshelham and Elberink, "Accuracy and Resolution of Kinect Depth Data", 2012).
    blind_spots: number of ragged patches that measure nothing.
    blind_margins: px at the left and at the right that measure nothing.
    """

    edge_jitter: float = 0.0
    baseline: float = 0.0
    torn_edges: float = 0.0
    noise: float = 0.0
    quantisation: float = 0.0
    blind_spots: int = 0
    blind_margins: tuple[int, int] = (0, 0)


def draw_sensor(rng: Rng) -> DepthSensor:
    """A random sensor: most faults are there more often than not, in any strength seen in practice."""
    margin = int(rng.integers(0, 36)) if rng.random() < 0.3 else 0
    return DepthSensor(
        edge_jitter=float(rng.uniform(0.5, 2.5)) if rng.random() < 0.6 else 0.0,
        baseline=float(rng.uniform(0.03, 0.09) * rng.choice([-1, 1])) if rng.random() < 0.7 else 0.0,
        torn_edges=float(rng.uniform(0.2, 0.9)) if rng.random() < 0.5 else 0.0,
        noise=float(rng.uniform(0.0003, 0.003)),
        quantisation=float(rng.uniform(0.0005, 0.004)) if rng.random() < 0.6 else 0.0,
        blind_spots=int(rng.integers(0, 6)),
        blind_margins=(margin * int(rng.random() < 0.5), margin * int(rng.random() < 0.7)),
    )


def simulate_depth(depth: Depth, camera: Camera, rng: Rng, sensor: DepthSensor | None = None) -> Depth:
    """What the sensor measures of an exact depth image; without a sensor, a random one is drawn.

    depth: (H, W) float32 metres, 0 where unknown. Returns (H, W) float32 metres, 0 where nothing is measured.
    """
    if sensor is None:
        sensor = draw_sensor(rng)
    scale = camera.width / _REFERENCE_WIDTH
    measured = depth.astype(np.float32)
    if sensor.edge_jitter:
        measured = _jitter(rng, measured, sensor.edge_jitter, scale)
    holes = measured <= 0
    if sensor.baseline:
        holes |= _projector_shadow(measured, camera.fx * sensor.baseline, scale)
    if sensor.torn_edges:
        holes |= _torn_edges(rng, measured, sensor.torn_edges)
    measured = _with_noise(rng, measured, sensor.noise)
    if sensor.quantisation:
        steps = np.round(1 / (np.maximum(measured, 0.05) * sensor.quantisation))
        measured = np.asarray(1 / (np.maximum(steps, 1) * sensor.quantisation), np.float32)
    for _ in range(sensor.blind_spots):
        holes |= _blind_spot(rng, measured.shape, scale)
    left, right = (int(px * scale) for px in sensor.blind_margins)
    holes[:, :left] = True
    holes[:, camera.width - right :] = True
    measured[holes] = 0
    return np.asarray(measured, np.float32)


def _jitter(rng: Rng, depth: Depth, strength: float, scale: float) -> Depth:
    height, width = depth.shape
    v, u = np.mgrid[:height, :width].astype(np.float32)
    # A blur of `scale` px divides the spread by about 2 scale sqrt(pi).
    gain = np.float32(strength * scale**2)
    shift = [cv2.GaussianBlur(_white(rng, depth.shape), (0, 0), scale) * gain for _ in range(2)]
    remapped = cv2.remap(depth, u + shift[0], v + shift[1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(remapped, np.float32)


def _white(rng: Rng, shape: tuple[int, ...]) -> Depth:
    return rng.standard_normal(shape, dtype=np.float32)


def _projector_shadow(depth: Depth, focal_baseline: float, scale: float) -> Mask:
    """Pixels whose ray from the projector is hidden by something nearer; focal length times baseline in px m."""
    position = np.arange(depth.shape[1])[None] - focal_baseline / np.maximum(depth, 0.1)
    if focal_baseline > 0:
        return np.asarray(position > np.minimum.accumulate(position[:, ::-1], 1)[:, ::-1] + 0.6 * scale)
    return np.asarray(position < np.maximum.accumulate(position, 1) - 0.6 * scale)


def _torn_edges(rng: Rng, depth: Depth, share: float) -> Mask:
    kernel = np.ones((3, 3), np.uint8)
    torn = (cv2.dilate(depth, kernel) - cv2.erode(depth, kernel) > _EDGE) & (rng.random(depth.shape) < share)
    return cv2.dilate(torn.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0


def _with_noise(rng: Rng, depth: Depth, strength: float) -> Depth:
    """Fine noise, correlated over a pixel or two, and slow waves over a sixteenth of the image."""
    height, width = depth.shape
    fine = cv2.GaussianBlur(_white(rng, depth.shape), (0, 0), 0.8) * 1.3
    cells = _white(rng, (max(2, round(height * 20 / width)), 20))
    coarse = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC) * 0.6
    return np.asarray(depth + (fine + coarse) * np.float32(strength) * depth**2, np.float32)


def _blind_spot(rng: Rng, shape: tuple[int, ...], scale: float) -> Mask:
    spot = np.zeros(shape, np.uint8)
    centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
    axes = (int(rng.integers(2, 22) * scale), int(rng.integers(2, 16) * scale))
    cv2.ellipse(spot, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return (spot > 0) & (rng.random(shape) < rng.uniform(0.4, 1))
