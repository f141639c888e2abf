"""A segmenter that draws what its prompts say, and tables of parts in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from uois_sam.datasets.part_labels import PartDataset, PartLabels
from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts
from uois_sam.segmentation.load import LoadedSegmenter
from uois_sam.types import Frame

H, W = 48, 64
GRID = (12, 16)
LOW = (24, 32)
HALF = 0.05


class BoxSegmenter(nn.Module):
    """Draws the rectangle between the corners of two tokens, or a square around one; tokens are (x, y, 1, 0)."""

    uses_depth = False
    token_dim = 4
    device = torch.device("cpu")

    def __init__(self, mark: float = 0.0) -> None:
        super().__init__()
        self.decoder = nn.Linear(1, 1)
        nn.init.constant_(self.decoder.weight, mark)
        nn.init.zeros_(self.decoder.bias)
        self.decoded: list[int] = []

    def encode(self, image: np.ndarray, depth: Any = None, camera: Any = None) -> Embedding:
        small = cv2.resize(image, GRID[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        features = torch.from_numpy(small).permute(2, 0, 1)[None]
        return Embedding((features,), (image.shape[0], image.shape[1]))

    def prompt_tokens(self, embedding: Embedding, prompts: Prompts) -> Tensor:
        if prompts.tokens is not None:
            return prompts.tokens
        height, width = embedding.image_size
        if prompts.boxes is not None:
            xy = prompts.boxes.view(-1, 2, 2) / torch.tensor([width, height])
        else:
            assert prompts.points is not None
            xy = (prompts.points + 0.5) / torch.tensor([width, height])
        return torch.cat([xy, torch.ones_like(xy[..., :1]), torch.zeros_like(xy[..., :1])], -1)

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        tokens = self.prompt_tokens(embedding, prompts)
        self.decoded.append(len(tokens))
        low, high = tokens[:, 0, :2], tokens[:, -1, :2]
        if tokens.shape[1] == 1:
            low, high = low - HALF, high + HALF
        y, x = torch.meshgrid(
            (torch.arange(LOW[0]) + 0.5) / LOW[0], (torch.arange(LOW[1]) + 0.5) / LOW[1], indexing="ij"
        )
        grid = torch.stack([x, y], -1)[None]
        inside = ((grid > low[:, None, None]) & (grid < high[:, None, None])).all(-1)
        logits = torch.where(inside, 5.0, -5.0)[:, None].repeat(1, 4, 1, 1)
        logits[:, 1:] = -5.0
        scores = torch.tensor([0.9, 0.1, 0.1, 0.1]).expand(len(tokens), -1)
        return MaskCandidates(logits, scores, torch.zeros(len(tokens), 1, 4), torch.zeros(len(tokens), 4, 4))


def loaded(segmenter: BoxSegmenter) -> LoadedSegmenter:
    """As `load_segmenter` gives a segmenter."""
    return LoadedSegmenter(segmenter, (3,), {"kind": "boxes"}, None)


class Tables(PartDataset):
    """`count` mugs with a red body and a blue handle; the last table is empty."""

    def __init__(self, count: int = 6, masks: bool = True) -> None:
        super().__init__(Path("tables"), [str(k) for k in range(count)], ("body", "handle"))
        self._masks = masks

    def _areas(self, index: int) -> list[tuple[slice, slice]]:
        if index == len(self) - 1:
            return []
        x, y = 8 + 4 * (index % 4), 8 + 4 * (index % 3)
        return [(slice(y, y + 24), slice(x, x + 24)), (slice(y + 4, y + 16), slice(x + 24, x + 36))]

    def _read(self, index: int) -> Frame:
        image = np.full((H, W, 3), 60, np.uint8)
        for area, colour in zip(self._areas(index), ((220, 20, 20), (20, 20, 220)), strict=False):
            image[area] = colour
        return Frame(image, name=self.names[index])

    def parts(self, index: int) -> PartLabels:
        masks = np.zeros((len(self._areas(index)), H, W), bool)
        for mask, area in zip(masks, self._areas(index), strict=True):
            mask[area] = True
        labels = PartLabels.from_masks(np.arange(len(masks)), masks)
        return labels if self._masks else PartLabels(labels.kinds, labels.boxes)
