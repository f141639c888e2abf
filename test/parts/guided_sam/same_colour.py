"""A promptable segmenter without weights: the pixels like the one under the point, or the bright ones of a box."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts
from uois_sam.segmentation.pipeline import EmbeddedFrame

SIZE = 96


class SameColour:
    """Its embedding is the red channel; remembers the size of each image and the prompts."""

    uses_depth = False
    token_dim = 4

    def __init__(self) -> None:
        self.decoder: nn.Module = nn.Identity()
        self.device = torch.device("cpu")
        self.encoded: list[tuple[int, ...]] = []
        self.prompts: list[Prompts] = []

    def encode(self, image: np.ndarray, depth: Any = None, camera: Any = None) -> Embedding:
        self.encoded.append(image.shape[:2])
        return Embedding((torch.from_numpy(image[None, None, ..., 0].copy()).float(),), image.shape[:2])

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        self.prompts.append(prompts)
        red = embedding.features[0][0, 0]
        masks = []
        for k in range(len(prompts)):
            if prompts.points is not None:
                x, y = prompts.points[k, 0].round().long().tolist()
                masks.append(red == red[y, x])
            else:
                assert prompts.boxes is not None
                x0, y0, x1, y1 = prompts.boxes[k].round().long().tolist()
                mask = torch.zeros_like(red, dtype=torch.bool)
                mask[y0:y1, x0:x1] = red[y0:y1, x0:x1] > 128
                masks.append(mask)
        logits = torch.stack(masks)[:, None].float() * 2 - 1
        scores = torch.tensor([[0.2, 0.9, 0.1, 0.3]]).expand(len(masks), -1)
        nothing = torch.full_like(logits, -1)
        tokens = torch.zeros(len(masks), 4, 4)
        return MaskCandidates(torch.cat([nothing, logits, nothing, nothing], 1), scores, tokens[:, :1], tokens)

    def prompt_tokens(self, embedding: Embedding, prompts: Prompts) -> Tensor:
        raise NotImplementedError


def mug() -> np.ndarray:
    """(96, 96, 3) uint8: a red body at rows 24..71, columns 12..59, and a bright handle right of it."""
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[24:72, 12:60, 0] = 100
    image[36:60, 60:84, 0] = 200
    return image


def frame(segmenter: SameColour) -> EmbeddedFrame:
    image = mug()
    return EmbeddedFrame(image, segmenter.encode(image))


class RedCells:
    """Patch features: mean red of each cell, and a constant."""

    channels = 2

    def __init__(self) -> None:
        self.network = nn.Linear(1, 1)

    def __call__(self, images: Any, grid: Any) -> Tensor:
        red = torch.stack([torch.from_numpy(image[..., 0].copy()).float() for image in images])
        cells = nn.functional.interpolate(red[:, None], size=(grid.cells, grid.cells), mode="area")
        return torch.cat([cells / 255, torch.ones_like(cells)], 1)
