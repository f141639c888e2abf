"""Batches of augmented frames with prompts, the same for the same seed and step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from uois_sam.training.augment import Sample, augment
from uois_sam.training.frames import EpochOrder
from uois_sam.training.prepared import PreparedSet, dequantise
from uois_sam.training.targets import FramePrompts, PromptCounts, gaussian_heatmap, interior_point, sample_prompts

_MIN_PIXELS = 16


@dataclass(frozen=True)
class Batch:
    """B frames with M = B x N prompts.

    Attributes:
        colour: (B, 3, 288, 384) float32 in 0 .. 1; geometry: (B, 7, 288, 384) float32.
        label: (B, 144, 192) int16; parts: (B, 144, 192) int32 `part_codes`.
        foreground, heatmap: (B, 72, 96) float32.
        points, labels, boxes, masks, target: see `FramePrompts`, with M rows.
    """

    colour: Tensor
    geometry: Tensor
    label: Tensor
    parts: Tensor
    foreground: Tensor
    heatmap: Tensor
    points: Tensor
    labels: Tensor
    boxes: Tensor
    masks: Tensor
    target: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on another device."""
        return Batch(**{name: tensor.to(device) for name, tensor in vars(self).items()})


@dataclass(frozen=True)
class BatchSettings:
    """How frames become batches.

    Attributes:
        frames: B; on_things, on_parts, on_background: prompts per frame, see `PromptCounts`.
        no_depth: how often a frame loses all its depth.
        foreign_depth: how often a frame comes with the depth of another one, which is plainly wrong.
        painted: share of the things that get new paint, see `repaint`.
        augmented: whether frames are changed at random.
    """

    frames: int = 4
    on_things: int = 7
    on_parts: int = 2
    on_background: int = 2
    no_depth: float = 0.25
    foreign_depth: float = 0.03
    painted: float = 0.3
    augmented: bool = True

    @property
    def prompts(self) -> PromptCounts:
        """The counts of prompts alone."""
        return PromptCounts(self.on_things, self.on_parts, self.on_background)


class BatchDataset(Dataset[Batch]):
    """Item k is the k-th batch of a run; frames come in a new order every epoch."""

    def __init__(
        self, data: Sequence[PreparedSet], settings: BatchSettings, seed: int, first: int, last: int
    ) -> None:
        self.data, self.settings, self.seed = data, settings, seed
        self.first, self.last = first, last
        self.ends = np.cumsum([len(part) for part in data])

    def __len__(self) -> int:
        return self.last - self.first

    def __getitem__(self, k: int) -> Batch:
        cv2.setNumThreads(1)
        start = (self.first + k) * self.settings.frames
        return collate([self._frame(start + j) for j in range(self.settings.frames)])

    def _frame(self, position: int) -> tuple[Sample, FramePrompts, NDArray[np.float32]]:
        frames = int(self.ends[-1])
        _, (index,) = EpochOrder(frames, 1, self.seed).at(position)
        rng = np.random.default_rng((self.seed, 1, position))
        foreign = self.settings.augmented and rng.random() < self.settings.foreign_depth
        part, row = self._place(index)
        of_depth, depth_row = self._place(int(rng.integers(frames))) if foreign else (part, row)
        sample = Sample(
            np.array(part.colour[row]),
            np.array(part.label[row]),
            np.array(part.parts[row]),
            dequantise(of_depth.geometry[depth_row]),
        )
        if self.settings.augmented:
            sample = augment(sample, rng, self.settings.no_depth, self.settings.painted)
        else:
            colour = (sample.colour / 255.0).astype(np.float32)
            sample = replace(sample, colour=colour)
        label2 = np.ascontiguousarray(sample.label[::2, ::2])
        centres, sizes = find_centres(label2)
        parts2 = np.ascontiguousarray(sample.parts[::2, ::2])
        prompts = sample_prompts(label2, parts2, centres, self.settings.prompts, rng)
        cells = np.array(list(centres.values()), np.float32).reshape(-1, 2) / 2
        sigmas = np.clip(0.06 * np.array(list(sizes.values()), np.float32), 0.8, 2.5)
        shape = (label2.shape[0] // 2, label2.shape[1] // 2)
        return sample, prompts, gaussian_heatmap(np.floor(cells), sigmas, shape)

    def _place(self, index: int) -> tuple[PreparedSet, int]:
        """The set that holds a frame of all sets, and its row there."""
        which = int(np.searchsorted(self.ends, index, "right"))
        return self.data[which], index - (int(self.ends[which - 1]) if which else 0)


def find_centres(
    label: NDArray[np.uint8], min_pixels: int = _MIN_PIXELS
) -> tuple[dict[int, tuple[float, float]], dict[int, float]]:
    """Interior point (x, y) and square root of the area, in pixels, of every thing of some size."""
    centres, sizes = {}, {}
    for value, area in enumerate(np.bincount(label.ravel())):
        if value and area >= min_pixels:
            centres[value] = interior_point(label == value)
            sizes[value] = float(np.sqrt(area))
    return centres, sizes


def collate(frames: list[tuple[Sample, FramePrompts, NDArray[np.float32]]]) -> Batch:
    """Stack frames; prompts of one frame stay together."""
    samples, prompts, heatmaps = zip(*frames, strict=True)

    def stacked(arrays: list[NDArray[np.generic]]) -> Tensor:
        return torch.from_numpy(np.stack(arrays))

    def joined(name: str) -> Tensor:
        return torch.from_numpy(np.concatenate([getattr(p, name) for p in prompts]))

    return Batch(
        colour=stacked([s.colour.transpose(2, 0, 1) for s in samples]),
        geometry=stacked([s.geometry.transpose(2, 0, 1) for s in samples]),
        label=stacked([s.label[::2, ::2].astype(np.int16) for s in samples]),
        parts=stacked([s.parts[::2, ::2].astype(np.int32) for s in samples]),
        foreground=stacked([(s.label[::4, ::4] > 0).astype(np.float32) for s in samples]),
        heatmap=stacked(list(heatmaps)),
        **{name: joined(name) for name in ("points", "labels", "boxes", "masks", "target")},
    )


def batches(
    data: Sequence[PreparedSet], settings: BatchSettings, seed: int, first: int, last: int, workers: int
) -> Iterator[Batch]:
    """The batches of steps `first` to `last` of a run, made ahead by worker processes."""
    loader = DataLoader(
        BatchDataset(data, settings, seed, first, last),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )
    yield from loader
