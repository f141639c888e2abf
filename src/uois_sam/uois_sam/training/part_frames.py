"""Pictures with part labels as batches for PartCLIPSeg, in the words of the seen classes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch import Tensor

from uois_sam.datasets.ov_parts import PartFrame, PartVocabulary, VocabularyDataset
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

    dataset: VocabularyDataset
    indices: tuple[int, ...]
    vocabulary: PartVocabulary

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, k: int) -> PartFrame:
        frame = self.dataset[self.indices[k]]
        return replace(frame, labels=frame.labels.translated(self.dataset.vocabulary, self.vocabulary))


@dataclass(frozen=True)
class PartBatch:
    """B pictures and what is asked of them.

    Attributes:
        pixels: (B, 3, S, S) float32, normalised.
        objects, classes: (B, S, S) int64, indices in the vocabulary, -1 for none.
        vocabulary: what is asked for.
    """

    pixels: Tensor
    objects: Tensor
    classes: Tensor
    vocabulary: PartVocabulary

    def to(self, device: torch.device) -> PartBatch:
        """The batch on another device."""
        return PartBatch(self.pixels.to(device), self.objects.to(device), self.classes.to(device), self.vocabulary)


def part_batches(
    frames: SeenFrames,
    model: PartClipSegModel,
    count: int,
    steps: tuple[int, int],
    seed: int,
    ranks: Ranks,
    absent: int = -1,
) -> Iterator[PartBatch]:
    """Batches of random frames that show a seen part, mirrored and relit at random.

    Args:
        frames: to draw from.
        model: makes the pixels.
        count: frames of a batch.
        steps: first and last; a step's batch depends on it and the seed alone.
        seed: of the draws.
        ranks: each draws its own.
        absent: objects that a batch asks for besides those that it shows, drawn anew; -1 for all.

    Raises:
        InputError: many frames in a row show no seen part.
    """
    for step in range(*steps):
        rng = np.random.default_rng((seed, step, ranks.rank))
        drawn = [_draw(frames, rng) for _ in range(count)]
        vocabulary = _asked(frames.vocabulary, drawn, absent, rng)
        images, labels = [], []
        for frame in drawn:
            turned = slice(None, None, -1 if rng.random() < 0.5 else 1)
            image = np.ascontiguousarray(frame.image[:, turned])
            images.append(relight(image, rng) if rng.random() < _RELIT else image)
            known = frame.labels.translated(frames.vocabulary, vocabulary)
            labels.append([known.objects[:, turned], known.classes[:, turned]])
        size = (model.input_size, model.input_size)
        planes = [
            np.stack(
                [cv2.resize(np.ascontiguousarray(p[k]), size, interpolation=cv2.INTER_NEAREST) for p in labels]
            )
            for k in range(2)
        ]
        objects, classes = (torch.from_numpy(plane.astype(np.int64)) for plane in planes)
        yield PartBatch(model.pixels(images), objects, classes, vocabulary)


def _asked(
    vocabulary: PartVocabulary, frames: list[PartFrame], absent: int, rng: np.random.Generator
) -> PartVocabulary:
    """The vocabulary of the objects that frames show, and of some that they do not."""
    if absent < 0:
        return vocabulary
    shown = {int(k) for frame in frames for k in np.unique(frame.labels.objects) if k >= 0}
    shown |= {vocabulary.classes[k][0] for frame in frames for k in np.unique(frame.labels.classes) if k >= 0}
    others = [k for k in range(len(vocabulary.objects)) if k not in shown]
    more = rng.permutation(len(others))[:absent]
    return vocabulary.only(shown | {others[int(k)] for k in more})


def _draw(frames: SeenFrames, rng: np.random.Generator) -> PartFrame:
    for _ in range(_TRIES):
        frame = frames[int(rng.integers(len(frames)))]
        if (frame.labels.classes >= 0).any():
            return frame
    raise InputError(f"{_TRIES} frames of {frames.dataset.path} in a row show no seen part; wanted more labels")
