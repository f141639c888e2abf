"""Boxes of what a text names, by Grounding DINO: the detector of Grounded SAM (Guided SAM, section 3.4)."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from transformers import GroundingDinoForObjectDetection

from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.with_words import load_with_tokenizer

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
SHORT_SIDE, LONG_SIDE = 800, 1333


class TextDetector(Protocol):
    """Finds what a text names."""

    def __call__(self, image: NDArray[np.uint8], text: str) -> NDArray[np.float32]:
        """(K, 4) float32 boxes x0, y0, x1, y1 in pixels of the (H, W, 3) uint8 RGB image, the surest first."""


class GroundingDino:
    """Grounding DINO (Liu et al., 2023) of transformers.

    Args:
        model: a `GroundingDinoForObjectDetection`.
        tokenizer: of its text encoder.
        threshold: least score of a box, 0 to 1; Grounded SAM's default.
        short_side, long_side: pixels that images are resized to: the shorter side, unless the longer grows beyond.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        threshold: float = 0.25,
        short_side: int = SHORT_SIDE,
        long_side: int = LONG_SIDE,
    ) -> None:
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.threshold = threshold
        self._sides = short_side, long_side

    @classmethod
    def from_pretrained(cls, name: str, device: str | torch.device = "cpu") -> GroundingDino:
        """Load a Grounding DINO folder or hub name, e.g. "IDEA-Research/grounding-dino-tiny".

        Raises:
            ModelError: it is missing, broken or no Grounding DINO.
        """
        return cls(*load_with_tokenizer(GroundingDinoForObjectDetection, name, device))

    @torch.no_grad()
    def __call__(self, image: NDArray[np.uint8], text: str) -> NDArray[np.float32]:
        """See `TextDetector`.

        Raises:
            InputError: the text is empty.
        """
        phrase = text.strip().lower().rstrip(".")
        if not phrase:
            raise InputError("the text to look for is empty; name a part")
        words = self.tokenizer(f"{phrase}.", return_tensors="pt").to(self.model.device)
        found = self.model(pixel_values=self._pixels(image), **words)
        scores = found.logits[0].sigmoid().max(-1).values
        kept = scores.argsort(descending=True, stable=True)
        kept = kept[scores[kept] > self.threshold]
        centre, size = found.pred_boxes[0, kept, :2], found.pred_boxes[0, kept, 2:]
        h, w = image.shape[:2]
        corners = torch.cat([centre - size / 2, centre + size / 2], 1).clamp(0, 1).cpu()
        boxes: NDArray[np.float32] = (corners * torch.tensor([w, h, w, h])).float().numpy()
        return boxes

    def _pixels(self, image: NDArray[np.uint8]) -> torch.Tensor:
        """(1, 3, h, w) float32 normalised, resized as Grounding DINO was trained."""
        h, w = image.shape[:2]
        short, long = self._sides
        scale = min(short / min(h, w), long / max(h, w))
        pixels = torch.from_numpy(np.ascontiguousarray(image)).to(self.model.device).permute(2, 0, 1)[None] / 255
        size = (max(1, round(h * scale)), max(1, round(w * scale)))
        pixels = F.interpolate(pixels, size=size, mode="bilinear", align_corners=False, antialias=True)
        mean, std = (pixels.new_tensor(v).view(1, 3, 1, 1) for v in (_MEAN, _STD))
        return (pixels - mean) / std
