"""Images of coloured things, and a pipeline that knows them by their colours."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instances, relabel

H, W = 48, 64
GREY, RED, ORANGE, BLUE, GREEN = (90, 90, 90), (255, 0, 0), (255, 128, 0), (0, 0, 200), (0, 160, 0)
ON_RED, ON_ORANGE, ON_BLUE, ON_GREEN, ON_GREY = (10, 14), (20, 14), (40, 35), (10, 40), (60, 3)


def table() -> NDArray[np.uint8]:
    """(48, 64, 3) uint8 RGB: a bright thing, half red and half orange, a dark blue and a small green one."""
    image = np.full((H, W, 3), GREY, np.uint8)
    image[10:20, 8:16], image[10:20, 16:24], image[30:40, 30:50], image[38:42, 8:13] = RED, ORANGE, BLUE, GREEN
    return image


def of(*colours: tuple[int, int, int]) -> NDArray[np.bool_]:
    """(H, W) bool, the pixels of the table that have one of these colours."""
    return np.logical_or.reduce([(table() == colour).all(2) for colour in colours])


def write_tables(folder: Path, count: int = 3) -> list[str]:
    """A folder of tables that are all alike; names of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [f"{k}.png" for k in range(count)]
    for file in files:
        cv2.imwrite(str(folder / file), table()[..., ::-1])
    return files


class ColourSegmenter:
    """The mask so far, with all pixels of the colours clicked on, without those of the colours clicked off."""

    device = torch.device("cpu")
    uses_depth = False
    token_dim = 2

    def __init__(self) -> None:
        self.decoder = nn.Identity()
        self.asked: list[Prompts] = []

    def encode(self, image: NDArray[np.uint8]) -> Embedding:
        pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        return Embedding((torch.zeros(1, 2, H // 4, W // 4), pixels), (H, W))

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        self.asked.append(prompts)
        image = embedding.features[1][0]
        assert prompts.points is not None
        assert prompts.labels is not None
        mask = torch.zeros(H, W, dtype=torch.bool) if prompts.masks is None else prompts.masks[0] > 0
        for (x, y), label in zip(prompts.points[0].long().tolist(), prompts.labels[0].tolist(), strict=True):
            same = (image == image[:, y, x][:, None, None]).all(0)
            mask = mask | same if label else mask & ~same
        logits = torch.where(mask, 6.0, -6.0).expand(1, 4, H, W)
        return MaskCandidates(logits, torch.ones(1, 4), torch.zeros(1, 1, 2), torch.zeros(1, 4, 2))


class ColourPipeline:
    """Finds what is bright."""

    def __init__(self) -> None:
        self.segmenter = ColourSegmenter()

    def encode(self, image: NDArray[np.uint8]) -> EmbeddedFrame:
        return EmbeddedFrame(image, self.segmenter.encode(image))

    def segment(self, frame: EmbeddedFrame) -> Instances:
        _, pieces = cv2.connectedComponents((frame.image.max(2) == 255).astype(np.uint8))
        return Instances.from_label_image(relabel(pieces))
