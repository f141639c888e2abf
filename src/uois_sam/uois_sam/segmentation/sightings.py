"""What one frame shows of its instances, at low resolution: enough to know them again in another frame.

Products are written as `einsum`, which stays on the calling thread (see `uois_sam.sam.geometry`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.sam.geometry import MAX_DEPTH
from uois_sam.types import Camera, Instances

if TYPE_CHECKING:
    from uois_sam.segmentation.pipeline import EmbeddedFrame

SAMPLES = 64
"""Cells that stand for an instance; one of fewer cells has some of them more than once."""

_MEASURED = 0.3
"""Share of the cells whose depth must be known where an instance is to have a place."""

_WIDTH = 160
"""Cells in a row of the image, about."""

_SPARSE = 4
"""Every so many cells, both ways, tell the colours of the whole image."""

_LIGHTNESS, _CHROMA = 4, 8
"""Bins of L, and of a and of b. Lightness tells less than hue, as it changes with the viewpoint."""
_BIN_COUNT = _LIGHTNESS * _CHROMA * _CHROMA
_SHADE = np.arange(256) * _LIGHTNESS // 256
_HUE = np.clip((np.arange(256) - 80) * _CHROMA // 96, 0, _CHROMA - 1)  # chroma of things lies about its middle
_BIN_OF = (_SHADE * _CHROMA * _CHROMA, _HUE * _CHROMA, _HUE)


@dataclass(frozen=True)
class Scene:
    """A frame at low resolution.

    Attributes:
        labels: (h, w) int64, 0 background, k = the k-th instance.
        depth: (h, w) float32 metres, 0 where unknown; None without depth.
        camera: intrinsics of the full image; None where depth is.
        step: pixels of the full image from a cell to the next; the first cell is pixel step // 2.
        size: (H, W) of the full image.
        colour: (B,) float32 unit vector, square roots of the image's colour histogram.
    """

    labels: NDArray[np.int64]
    depth: NDArray[np.float32] | None
    camera: Camera | None
    step: int
    size: tuple[int, int]
    colour: NDArray[np.float32]


@dataclass(frozen=True)
class Sightings:
    """K instances, each as it was last seen.

    Attributes:
        embedding: (K, C) float32 unit vectors, the image embedding averaged over the mask, less that of the image.
        colour: (K, B) float32 unit vectors, square roots of a colour histogram.
        pixels: (K, SAMPLES, 2) float32 x, y of cells of the mask, evenly spread, px of the full image.
        points: (K, SAMPLES, 3) float32 metres in the optical frame; z is 0 where depth is unknown.
        cells: (K,) float32 area, cells.
    """

    embedding: NDArray[np.float32]
    colour: NDArray[np.float32]
    pixels: NDArray[np.float32]
    points: NDArray[np.float32]
    cells: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Sightings:
        """Those of some rows."""
        return Sightings(*(getattr(self, f.name)[rows] for f in fields(self)))

    def join(self, other: Sightings) -> Sightings:
        """These, and below them the others."""
        return Sightings(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    @cached_property
    def middles(self) -> NDArray[np.float32]:
        """(K, 2) middle of the mask, px."""
        return self.pixels.mean(1)

    @cached_property
    def places(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(K, 3) middle of the measured points, metres, and (K,) whether enough of them are measured."""
        known = self.points[..., 2] > 0
        count = known.sum(1)
        place = (self.points * known[..., None]).sum(1) / np.maximum(count, 1)[:, None]
        return place, count >= _MEASURED * SAMPLES


def look(frame: EmbeddedFrame, instances: Instances) -> tuple[Scene, Sightings]:
    """What a frame shows of its instances."""
    height, width = instances.label_image.shape
    step = max(1, round(width / _WIDTH))
    grid = (slice(step // 2, None, step), slice(step // 2, None, step))
    labels = instances.label_image[grid].astype(np.int64)
    _mark_the_small(labels, instances, step)
    depth = camera = None
    if frame.depth is not None and frame.camera is not None:
        depth, camera = frame.depth[grid], frame.camera
        depth = np.where(depth < MAX_DEPTH, depth, np.float32(0))
    image = frame.image[grid]
    scene = Scene(labels, depth, camera, step, (height, width), _histogram(image[::_SPARSE, ::_SPARSE]))

    covered = np.flatnonzero(labels)
    covered = covered[np.argsort(labels.ravel()[covered], kind="stable")]
    owner = labels.ravel()[covered] - 1
    rows, columns = np.divmod(covered, labels.shape[1])
    chosen, cells = _sample(owner, len(instances))
    pixels = (np.stack([columns[chosen], rows[chosen]], -1) * step + step // 2).astype(np.float32)
    points = np.zeros((*pixels.shape[:2], 3), np.float32)
    if depth is not None and camera is not None:
        z = depth[rows[chosen], columns[chosen]]
        points[..., 0] = (pixels[..., 0] - camera.cx) / camera.fx * z
        points[..., 1] = (pixels[..., 1] - camera.cy) / camera.fy * z
        points[..., 2] = z
    colour = _histograms(image[rows, columns], owner, len(instances))
    embedding = _pooled(
        frame.embedding.map(0)[0], rows[chosen] / labels.shape[0], columns[chosen] / labels.shape[1]
    )
    return scene, Sightings(embedding, colour, pixels, points, cells)


def _mark_the_small(labels: NDArray[np.int64], instances: Instances, step: int) -> None:
    """Give instances that fall between the cells, in place, the cell nearest to the middle of their box."""
    area = np.bincount(labels.ravel(), minlength=len(instances) + 1)[1:]
    for k in np.flatnonzero(area == 0):
        x, y, w, h = instances.bbox[k]
        row, column = (y + h // 2) // step, (x + w // 2) // step
        labels[min(row, labels.shape[0] - 1), min(column, labels.shape[1] - 1)] = k + 1


def _sample(owner: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(K, SAMPLES) positions in the sorted (N,) owners, evenly spread over each instance's, and (K,) its cells."""
    cells = np.bincount(owner, minlength=count)
    first = np.cumsum(cells) - cells
    share = (np.arange(SAMPLES) + 0.5) / SAMPLES
    chosen = (first[:, None] + share * cells[:, None]).astype(np.int64)
    return np.minimum(chosen, max(len(owner) - 1, 0)), cells.astype(np.float32)


def _histograms(colours: NDArray[np.uint8], owner: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """(K, B) unit vectors, square roots of the histograms of (N, 3) RGB colours of each owner."""
    lab = cv2.cvtColor(np.ascontiguousarray(colours[None]), cv2.COLOR_RGB2LAB)[0] if len(colours) else colours
    bins = sum(table[lab[:, channel]] for channel, table in enumerate(_BIN_OF))
    histogram = np.bincount(owner * _BIN_COUNT + bins, minlength=count * _BIN_COUNT)
    return _unit(np.sqrt(histogram.reshape(count, _BIN_COUNT)))


def _histogram(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    colours = image.reshape(-1, 3)
    return _histograms(colours, np.zeros(len(colours), np.int64), 1)[0]


def _pooled(features: Tensor, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float32]:
    """(K, C) unit vectors, means of (C, h, w) features over the samples of each instance less that over the image.

    rows, columns: (K, SAMPLES) as shares of the image.
    """
    h, w = features.shape[-2:]
    cells = (rows * h).astype(np.int64) * w + (columns * w).astype(np.int64)
    flat = features.detach().flatten(1)
    if flat.device.type == "cpu":  # PyTorch's threads would take longer to wake than to work
        maps = flat.float().numpy()
        at_samples, everywhere = maps[:, cells], maps.mean(1)
    else:
        at_samples = flat[:, torch.from_numpy(cells).to(flat.device)].float().cpu().numpy()
        everywhere = flat.float().mean(1).cpu().numpy()
    return _unit(at_samples.mean(-1).T - everywhere)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    length = np.sqrt((vectors**2).sum(1, keepdims=True))
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)
