"""A made-up segmenter that shows what it has learned."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts

SIZE = (24, 32)


class Growing:
    """Draws a square around the first click that is 4 x clicks wide, more by the bias that adaptation changes."""

    def __init__(self) -> None:
        self.decoder = nn.Module()
        self.decoder.mask_decoder = nn.Linear(1, 1)
        nn.init.zeros_(self.decoder.mask_decoder.weight)
        nn.init.zeros_(self.decoder.mask_decoder.bias)
        self.encoded: list[int] = []

    def encode(self, image: NDArray[np.uint8], depth: object = None, camera: object = None) -> Embedding:
        self.encoded.append(int(image[0, 0, 0]))
        return Embedding((torch.zeros(1, 2, 6, 8),), SIZE)

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        assert prompts.points is not None
        x, y = prompts.points[0, 0]
        rows, columns = torch.meshgrid(torch.arange(24.0), torch.arange(32.0), indexing="ij")
        away = torch.maximum((rows - y).abs(), (columns - x).abs())
        radius = 2.0 * prompts.points.shape[1] + self.decoder.mask_decoder(torch.ones(1))
        logits = (radius - away)[None, None].expand(1, 4, 24, 32)
        return MaskCandidates(logits, torch.full((1, 4), 0.9), torch.zeros(1, 1, 2), torch.zeros(1, 4, 2))
