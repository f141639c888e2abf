"""Pictures with part labels as batches for PartCLIPSeg, in the words of the seen classes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch import Tensor

from uois_sam.datasets.ov_parts import PartDataset, PartFrame, PartVocabulary
from uois_sam.errors import InputError
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.training.augment import relight
from uois_sam.training.ranks import Ranks

_RELIT = 0.5
_TRIES = 50


@dataclass(frozen=True)
class SeenFrames:
    """Some frames of a data set, without what training must not see: that is background, as in OV-PARTS.

    Attributes:
        dataset: the frames.
        indices: which of them.
        vocabulary: of the labels that are left.
    """

    dataset: PartDataset
    indices: tuple[int, ...]
    vocabulary: PartVocabulary

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, k: int) -> PartFrame:
        frame = self.dataset[self.indices[k]]
        return replace(frame, labels=frame.labels.translated(self.dataset.vocabulary, self.vocabulary))


@dataclass(frozen=True)
class PartBatch:
    """B pictures, (B, 3, S, S) float32 normalised, and (B, S, S) int64 objects and classes, -1 for none."""

    pixels: Tensor
    objects: Tensor
    classes: Tensor

    def to(self, device: torch.device) -> PartBatch:
        """The batch on another device."""
        return PartBatch(*(t.to(device) for t in (self.pixels, self.objects, self.classes)))


def part_batches(
    frames: SeenFrames, model: PartClipSegModel, count: int, steps: tuple[int, int], seed: int, ranks: Ranks
) -> Iterator[PartBatch]:
    """Batches of `count` random frames that show a seen part, mirrored and relit, for steps (first, last).

    Raises:
        InputError: many frames in a row show no seen part.
    """
    for step in range(*steps):
        rng = np.random.default_rng((seed, step, ranks.rank))
        images, labels = [], []
        for _ in range(count):
            frame = _draw(frames, rng)
            turned = slice(None, None, -1 if rng.random() < 0.5 else 1)
            image = np.ascontiguousarray(frame.image[:, turned])
            images.append(relight(image, rng) if rng.random() < _RELIT else image)
            labels.append([frame.labels.objects[:, turned], frame.labels.classes[:, turned]])
        size = (model.input_size, model.input_size)
        planes = [
            np.stack(
                [cv2.resize(np.ascontiguousarray(p[k]), size, interpolation=cv2.INTER_NEAREST) for p in labels]
            )
            for k in range(2)
        ]
        objects, classes = (torch.from_numpy(plane.astype(np.int64)) for plane in planes)
        yield PartBatch(model.pixels(images), objects, classes)


def _draw(frames: SeenFrames, rng: np.random.Generator) -> PartFrame:
    for _ in range(_TRIES):
        frame = frames[int(rng.integers(len(frames)))]
        if (frame.labels.classes >= 0).any():
            return frame
    raise InputError(f"{_TRIES} frames of {frames.dataset.path} in a row show no seen part; wanted more labels")
