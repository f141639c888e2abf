"""Which instance of a frame is which thing of the memory: by appearance, by place, and by overlap of the masks.

Places and overlap are looked at when the camera's motion is undone, in space where depth is known, else in the
image. Appearance is the image embedding pooled under the mask, which tells neighbours apart from one frame to the
next but changes with the viewpoint, and colours, which outlast a long absence. No cue decides alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from uois_sam.segmentation.camera_motion import Similarity, estimate
from uois_sam.segmentation.sightings import SAMPLES, Scene, Sightings

Array = NDArray[np.float64]

RECENT = 3
"""Frames out of sight after which a thing is lost: its colours must be right, and the embedding says less."""

_EMBEDDING, _EMBEDDING_LOST = 0.5, 0.2
"""Share of the embedding in appearance; the rest is colour."""

_FAR, _NEAR = (0.15, 0.12), (0.20, 0.12)
"""Metres, and widths of the image, at which nearness is 1 / e; before and after the motion is undone."""

_GUESS = 0.8
"""Least score, of nearness and one and a half times appearance, of a pair that speaks for the camera's motion."""

_TOLERANCE = 0.02
"""Metres, and widths of the image, by which a thing at rest may seem to move."""

_TRUSTED = 64
"""Cells from which on a thing has full say: what is large is often near, or carried past."""

_SAME_DEPTH = 0.04
"""Metres between a remembered point and the depth seen there that make them different surfaces."""

_INSIDE = 0.4
"""What it is worth, of a full overlap, to lie all within where a thing should be, as what is half hidden does."""

_SURE = 40
"""Cells that an instance must have for its looks to count fully; of a few, they tell next to nothing."""

_UNSURE = 0.6
"""Appearance of what is too small to be told by its looks."""

_COARSE = 4
"""Cells to a side of the squares in which a thing's place is drawn."""

_LOOKS, _NEARNESS = 1.5, 0.5
"""Weights of appearance and nearness; that of overlap is 1."""

_LEAST, _LEAST_AGAIN = 1.0, 1.1
"""Least score of a pair; of a thing that was out of sight."""

_LEAST_APPEARANCE, _LEAST_APPEARANCE_LOST = 0.35, 0.5
"""Least appearance of a pair; of a lost thing."""


@dataclass(frozen=True)
class Association:
    """Pairs of a thing that is remembered and an instance that is seen.

    Attributes:
        memory: the things where they should be in the new frame.
        things: (n,) rows of the memory.
        instances: (n,) rows of what is seen; the pair of `things` at the same place.
    """

    memory: Sightings
    things: NDArray[np.int64]
    instances: NDArray[np.int64]


def associate(memory: Sightings, unseen: NDArray[np.int64], scene: Scene, seen: Sightings) -> Association:
    """Find the best pairs: each thing and each instance in one at most.

    Args:
        memory: T things, as they were last seen, where they should have been in the last frame.
        unseen: (T,) for how many frames each has been out of sight.
        scene: the new frame.
        seen: its K instances.
    """
    appearance = _appearance(memory, unseen, seen)
    motion = _camera_motion(memory, unseen, scene, seen, appearance)
    moved = _moved(memory, scene, *motion)
    near = _nearness(moved, seen, scene, _NEAR)
    overlap = np.maximum(_overlap(moved, scene, seen), _INSIDE * _inside(moved, scene, seen))
    score = overlap + _NEARNESS * near + _LOOKS * appearance - np.where(unseen > 0, _LEAST_AGAIN, _LEAST)[:, None]
    possible = (near > 0.02) | (overlap > 0.05)
    possible &= appearance > np.where(unseen > RECENT, _LEAST_APPEARANCE_LOST, _LEAST_APPEARANCE)[:, None]
    return Association(moved, *_assign(np.where(possible, score, 0)))


def _assign(score: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the pairs of the greatest total score; only those above 0."""
    rows, columns = linear_sum_assignment(-score.clip(0))
    good = score[rows, columns] > 0
    return rows[good], columns[good]


def _appearance(memory: Sightings, unseen: NDArray[np.int64], seen: Sightings) -> Array:
    """(T, K) 0 to about 1."""
    embedding = np.einsum("tc,kc->tk", memory.embedding, seen.embedding)
    among = np.einsum("tc,kc->tk", seen.embedding, seen.embedding)[np.triu_indices(len(seen), 1)]
    # Different things of one frame say what a cosine of this embedding is worth.
    typical = float(np.median(among)) if len(among) else 0.0
    embedding = np.clip((embedding - typical) / max(1 - typical, 0.05), 0, 1)
    colour = np.einsum("tc,kc->tk", memory.colour, seen.colour)
    share = np.where(unseen > RECENT, _EMBEDDING_LOST, _EMBEDDING)[:, None]
    sure = np.minimum(np.minimum(memory.cells[:, None], seen.cells) / _SURE, 1)
    return np.asarray(sure * (share * embedding + (1 - share) * colour) + (1 - sure) * _UNSURE)


def _nearness(memory: Sightings, seen: Sightings, scene: Scene, scale: tuple[float, float]) -> Array:
    """(T, K) 0 to 1, by the distance of places where both have one, else by that in the image."""
    (before, placed), (after, placed_now) = memory.places, seen.places
    metres = _distances(before, after) / scale[0]
    widths = _distances(memory.middles, seen.middles) / (scale[1] * scene.size[1])
    return np.asarray(np.exp(-(np.where(placed[:, None] & placed_now, metres, widths) ** 2)))


def _distances(a: NDArray[np.floating], b: NDArray[np.floating]) -> Array:
    return np.sqrt(((a[:, None].astype(float) - b) ** 2).sum(-1))


def _camera_motion(
    memory: Sightings, unseen: NDArray[np.int64], scene: Scene, seen: Sightings, appearance: Array
) -> tuple[Similarity | None, Similarity | None]:
    """How the things moved together: in space, where depth allows, and in the image, where it does not for all."""
    near = _nearness(memory, seen, scene, _FAR)
    score = near + 1.5 * appearance - _GUESS
    recent = (unseen <= RECENT)[:, None]
    things, instances = _assign(np.where(recent & (near > 0.05), score, 0))
    cells = np.minimum(memory.cells[things], seen.cells[instances])
    trust = appearance[things, instances] * np.sqrt(np.minimum(cells, _TRUSTED))
    (before, placed), (after, placed_now) = memory.places, seen.places
    space = image = None
    both = placed[things] & placed_now[instances]
    if both.any():
        space = estimate(before[things[both]], after[instances[both]], trust[both], _TOLERANCE, rigid=True)
    if space is None or not placed.all():
        tolerance = _TOLERANCE * scene.size[1]
        image = estimate(memory.middles[things], seen.middles[instances], trust, tolerance, rigid=False)
    return space, image


def _moved(memory: Sightings, scene: Scene, space: Similarity | None, image: Similarity | None) -> Sightings:
    """The things where they should be now: in space where enough of them is measured, all others in the image."""
    pixels: NDArray[np.floating] = memory.pixels
    points: NDArray[np.floating] = memory.points
    if image is not None:
        pixels = image(pixels)
    camera = scene.camera
    if space is not None and camera is not None:
        known = points[..., 2:] > 0
        points = np.where(known, space(points), 0)
        z = np.maximum(points[..., 2:], 1e-3)
        seen_at = points[..., :2] / z * (camera.fx, camera.fy) + (camera.cx, camera.cy)
        # What is not measured goes along with what is.
        shift = np.where(known, seen_at - memory.pixels, 0).sum(1) / np.maximum(known.sum(1), 1)
        along = np.where(known, seen_at, memory.pixels + shift[:, None])
        pixels = np.where(memory.places[1][:, None, None], along, pixels)
    return replace(memory, pixels=pixels.astype(np.float32), points=points.astype(np.float32))


def _overlap(memory: Sightings, scene: Scene, seen: Sightings) -> Array:
    """(T, K) IoU of the masks; cells at another depth do not count, those of unknown depth count by half."""
    things, count = len(memory), len(seen) + 1
    height, width = scene.labels.shape
    cell = np.rint((memory.pixels - scene.step // 2) / scene.step)
    inside = np.all((cell >= 0) & (cell < (width, height)), axis=-1)
    cell = np.where(inside[..., None], cell, 0).astype(np.int64)
    columns, rows = cell[..., 0], cell[..., 1]
    label = np.where(inside, scene.labels[rows, columns], 0)
    worth = np.ones(label.shape)
    if scene.depth is not None:
        there, remembered = scene.depth[rows, columns], memory.points[..., 2]
        same = np.exp(-(((there - remembered) / _SAME_DEPTH) ** 2))
        worth = np.where((there > 0) & (remembered > 0), same, 0.5)
    index = np.arange(things)[:, None] * count + label
    hits = np.bincount(index.ravel(), worth.ravel(), things * count).reshape(things, count)[:, 1:]
    area, area_now = memory.cells[:, None].astype(float), seen.cells.astype(float)
    shared = np.minimum(hits * area / SAMPLES, area_now)
    return np.asarray(shared / np.maximum(area + area_now - shared, 1))


def _inside(memory: Sightings, scene: Scene, seen: Sightings) -> Array:
    """(T, K) share of each instance that lies where a thing should be, at about its depth."""
    things, count = len(memory), len(seen)
    height, width = (-(-side // _COARSE) for side in scene.labels.shape)
    square = scene.step * _COARSE
    place = np.floor(memory.pixels / square).astype(np.int64)
    inside = np.all((place >= 0) & (place < (width, height)), axis=-1)
    owner = np.broadcast_to(np.arange(things)[:, None], inside.shape)[inside]
    depth = np.full((things, height * width), np.nan, np.float32)
    depth[owner, place[inside][:, 1] * width + place[inside][:, 0]] = memory.points[..., 2][inside]
    cell = np.floor(seen.pixels / square).astype(np.int64)
    there = depth[:, cell[..., 1] * width + cell[..., 0]]
    now = seen.points[..., 2]
    same = (np.abs(there - now) < 2 * _SAME_DEPTH) | (there == 0) | ((now == 0) & ~np.isnan(there))
    return np.asarray(same.mean(-1), np.float64).reshape(things, count)
