"""A segmenter and a part network that answer by rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from uois_sam.parts.part_clipseg.network import PartMaps
from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts
from uois_sam.segmentation.pipeline import EmbeddedFrame

H, W = 40, 60


def embedded() -> EmbeddedFrame:
    image = np.zeros((H, W, 3), np.uint8)
    return EmbeddedFrame(image, Embedding((torch.zeros(1, 1, 1, 1),), (H, W)))


class Echo:
    """Gives back the mask that prompts it, shifted by so many low-resolution cells for each candidate."""

    device = torch.device("cpu")

    def __init__(self, shifts: tuple[int, int, int, int] = (5, 0, 3, 9)) -> None:
        self.shifts = shifts
        self.prompts: list[Prompts] = []

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        self.prompts.append(prompts)
        masks = torch.zeros(len(prompts), 20, 30) - 1 if prompts.masks is None else prompts.masks
        logits = torch.stack([masks.roll(k, -1) for k in self.shifts], 1)
        count = len(prompts)
        return MaskCandidates(logits, torch.zeros(count, 4), torch.zeros(count, 1, 1), torch.zeros(count, 4, 1))


class HalvesModel:
    """Knows a few words; "left" is the left half of a picture, "right" the right one, and all look like a mug."""

    device = torch.device("cpu")
    parts = ("left", "right")
    objects = ("mug", "bowl")
    known = ("left", "right", "mug", "bowl")
    logit = 3.0

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.network = self._answer

    def knows(self, name: str) -> bool:
        return name in self.known

    def embed(self, names: Sequence[str]) -> Tensor:
        return torch.tensor([float(self.known.index(name)) for name in names]).reshape(-1, 1)

    def pixels(self, images: Sequence[np.ndarray]) -> Tensor:
        return torch.zeros(len(images), 3, 8, 8)

    def _answer(self, pixels: Tensor, objects: Tensor, parts: Tensor, classes: Tensor) -> PartMaps:
        count = len(pixels)
        self.seen.append(count)
        halves = torch.full((2, 8, 8), -self.logit)
        halves[0, :, :4] = halves[1, :, 4:] = self.logit
        of_parts = halves[parts[:, 0].long()]
        mug = torch.where(objects[:, 0] == 2, self.logit, -self.logit)
        of_objects = torch.cat([mug, torch.zeros(1)])[:, None, None].expand(-1, 8, 8)
        of_classes = torch.cat([of_parts[classes[:, 1]], torch.zeros(1, 8, 8)])
        return PartMaps(*(m.expand(count, -1, -1, -1) for m in (of_objects, of_parts, of_classes)))
