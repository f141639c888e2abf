"""Random changes of a training frame: crops, mirror images, paint, light, and depth that is wrong or gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.training.depth_faults import spoil
from uois_sam.training.repaint import repaint


@dataclass(frozen=True)
class Sample:
    """One frame while it is being changed.

    Attributes:
        colour: (H, W, 3) uint8 RGB, or float32 0 to 1 after `relight`.
        label: (H, W) uint8.
        parts: (H, W) uint16 `part_codes`.
        geometry: (H, W, 7) float32, see `geometry_channels`.
    """

    colour: NDArray[np.uint8] | NDArray[np.float32]
    label: NDArray[np.uint8]
    parts: NDArray[np.uint16]
    geometry: NDArray[np.float32]


def crop_to_table(sample: Sample) -> Sample:
    """Forget geometry far below and above the table, as sensors and drivers that crop their range do."""
    geometry = sample.geometry.copy()
    geometry[(geometry[..., 0] < -0.25) | (geometry[..., 0] > 2.98)] = 0
    return replace(sample, geometry=geometry)


def mirror(sample: Sample) -> Sample:
    """Left and right exchanged, the normals' x with them."""
    geometry = sample.geometry[:, ::-1].copy()
    geometry[..., 3] *= -1
    return Sample(sample.colour[:, ::-1], sample.label[:, ::-1], sample.parts[:, ::-1], geometry)


def zoom(sample: Sample, factor: float, rng: np.random.Generator, min_pixels: int = 300) -> Sample:
    """A random window, 1 / factor of the frame, at the frame's size; unchanged where it would show no thing."""
    h, w = sample.label.shape
    hh, ww = int(h / factor), int(w / factor)
    y, x = int(rng.integers(0, h - hh + 1)), int(rng.integers(0, w - ww + 1))
    window = (slice(y, y + hh), slice(x, x + ww))
    if np.count_nonzero(sample.label[window]) < min_pixels:
        return sample

    def enlarged(array: NDArray[np.generic], interpolation: int) -> NDArray[np.generic]:
        return cv2.resize(np.ascontiguousarray(array[window]), (w, h), interpolation=interpolation)

    return Sample(
        enlarged(sample.colour, cv2.INTER_LINEAR),  # type: ignore[arg-type]
        enlarged(sample.label, cv2.INTER_NEAREST),  # type: ignore[arg-type]
        enlarged(sample.parts, cv2.INTER_NEAREST),  # type: ignore[arg-type]
        enlarged(sample.geometry, cv2.INTER_NEAREST),  # type: ignore[arg-type]
    )


def relight(colour: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """(H, W, 3) float32 in 0 .. 1 with random exposure, gamma, tint, saturation, contrast, blur and noise."""
    image = colour.astype(np.float32) / 255
    if rng.random() < 0.8:
        image = np.clip(image * rng.uniform(0.6, 1.4), 0, 1) ** rng.uniform(0.65, 1.5)
    if rng.random() < 0.6:
        image = image * rng.uniform(0.8, 1.2, 3).astype(np.float32)
    if rng.random() < 0.5:
        grey = image.mean(2, keepdims=True)
        image = grey + (image - grey) * rng.uniform(0.2, 1.6)
    if rng.random() < 0.5:
        mean = image.mean()
        image = mean + (image - mean) * rng.uniform(0.6, 1.4)
    if rng.random() < 0.1:
        image = image[..., rng.permutation(3)]
    if rng.random() < 0.35:
        smooth = np.ascontiguousarray(image, np.float32)
        image = np.asarray(cv2.GaussianBlur(smooth, (0, 0), rng.uniform(0.3, 1.4)), np.float32)
    if rng.random() < 0.4:
        image = image + rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(0.005, 0.04))
    return np.clip(image, 0, 1).astype(np.float32)


def augment(
    sample: Sample,
    rng: np.random.Generator,
    no_depth: float = 0.25,
    painted: float = 0.3,
) -> Sample:
    """All of the above at the chances that training uses; the colour comes out as float32.

    Args:
        sample: with uint8 colour.
        rng: the only source of chance.
        no_depth: how often all depth is gone, so that the same weights run on colour alone.
        painted: share of the things of a frame that get new paint, in two frames of three.
    """
    if rng.random() < 0.35:
        sample = crop_to_table(sample)
    if rng.random() < 0.5:
        sample = mirror(sample)
    if rng.random() < 0.5:
        sample = zoom(sample, rng.uniform(1.05, 1.7), rng)
    label = np.ascontiguousarray(sample.label)
    colour = np.ascontiguousarray(sample.colour, np.uint8)
    if rng.random() < 0.67:
        colour = repaint(colour, label, painted, rng)
    blind = rng.random() < no_depth
    geometry = np.zeros_like(sample.geometry) if blind else spoil(sample.geometry, label, rng)
    return Sample(relight(colour, rng), label, sample.parts, np.ascontiguousarray(geometry))
