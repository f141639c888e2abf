"""What judges the bundled segmenter while it learns: frames held back, as they are, with and without depth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.training.batches import Batch, BatchDataset, BatchSettings
from uois_sam.training.pictures import heat_picture, outlined, save_grid
from uois_sam.training.prepared import PreparedSet
from uois_sam.training.targets import FIRST_PART_CODE

_PICTURES = 8
_SEED = 1_000_003


def hold_back(data: Sequence[PreparedSet], frames: int) -> tuple[list[PreparedSet], PreparedSet | None]:
    """The sets without the end of the last one, and that end: at most `frames`, and a quarter of the set."""
    last = data[-1]
    count = min(frames, len(last) // 4)
    if count == 0:
        return list(data), None
    return [*data[:-1], last.part(slice(0, len(last) - count))], last.part(slice(len(last) - count, len(last)))


@dataclass(frozen=True)
class Answer:
    """What a model says to one batch.

    Attributes:
        numbers: losses and figures by name.
        logits: (M, 4, h, w) of the candidates; scores: (M, 4); heatmap: (B, h', w') logits.
    """

    numbers: dict[str, Tensor]
    logits: Tensor
    scores: Tensor
    heatmap: Tensor


class SegmenterValidation:
    """Mean losses over held back frames, every second batch without depth, and a picture of the first few."""

    def __init__(
        self,
        held: PreparedSet,
        batch: BatchSettings,
        ask: Callable[[nn.Module, Batch], Answer],
        picture: Path,
    ) -> None:
        settings = replace(batch, augmented=False, frames=min(batch.frames, len(held)))
        dataset = BatchDataset([held], settings, _SEED, 0, max(1, len(held) // settings.frames))
        self._batches = [dataset[k] for k in range(len(dataset))]
        for k in range(1, len(self._batches), 2):
            self._batches[k] = replace(self._batches[k], geometry=torch.zeros_like(self._batches[k].geometry))
        self._ask, self._picture = ask, picture

    @torch.no_grad()
    def look(self, model: nn.Module) -> dict[str, float]:
        """Named means; "loss" is what the best checkpoint has least of."""
        device = next(model.parameters()).device
        sums: dict[str, list[float]] = defaultdict(list)
        rows: list[list[NDArray[np.uint8]]] = []
        for batch in self._batches:
            said = self._ask(model, batch.to(device))
            for name, value in said.numbers.items():
                sums[name].append(float(value))
            if len(rows) < _PICTURES:
                rows += _rows(batch, said)
        save_grid(self._picture, rows[:_PICTURES])
        return {name: float(np.mean(values)) for name, values in sums.items()}


def _rows(batch: Batch, said: Answer) -> list[list[NDArray[np.uint8]]]:
    """For each frame of a batch: the truth, the masks that the scores choose for its prompts, and the heatmap."""
    each = len(batch.target) // len(batch.label)
    rows = []
    for k in range(len(batch.label)):
        image = np.ascontiguousarray((batch.colour[k].permute(1, 2, 0).numpy() * 255).astype(np.uint8))
        size = (image.shape[1], image.shape[0])
        truth = batch.label[k].numpy().astype(np.uint16)
        painted = np.zeros(truth.shape, np.uint16)
        mine = [m for m in range(k * each, (k + 1) * each) if 0 < batch.target[m] < FIRST_PART_CODE]
        for m in sorted(mine, key=lambda m: float(said.scores[m].max())):
            chosen = said.logits[m, int(said.scores[m].argmax())].cpu().numpy() > 0
            painted[chosen] = int(batch.target[m])
        large = [cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST) for labels in (truth, painted)]
        heat = heat_picture(said.heatmap[k].float().sigmoid().cpu().numpy(), image)
        rows.append([outlined(image, large[0]), outlined(image, large[1]), heat])  # type: ignore[arg-type]
    return rows
