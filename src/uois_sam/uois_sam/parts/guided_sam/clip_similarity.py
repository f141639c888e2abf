"""How much patches look like what a name says, by CLIP (Guided SAM, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from transformers import CLIPModel

from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.with_words import load_with_tokenizer

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)
_BATCH = 32


class ClipSimilarity:
    """CLIP of transformers, on patches and names.

    Args:
        model: a `CLIPModel`.
        tokenizer: of its text encoder.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self._side: int = model.config.vision_config.image_size

    @classmethod
    def from_pretrained(cls, name: str, device: str | torch.device = "cpu") -> ClipSimilarity:
        """Load a CLIP folder or hub name, e.g. "laion/CLIP-ViT-B-32-laion2B-s34B-b79K".

        Raises:
            ModelError: it is missing, broken or no CLIP.
        """
        return cls(*load_with_tokenizer(CLIPModel, name, device))

    @torch.no_grad()
    def __call__(self, patches: Sequence[NDArray[np.uint8]], names: Sequence[str]) -> NDArray[np.float32]:
        """(M, K) float32 cosine similarities of M patches, each (h, w, 3) uint8 RGB of any size, and K names.

        Raises:
            InputError: there are no patches or no names.
        """
        if not patches or not names:
            raise InputError(f"{len(patches)} patches and {len(names)} names; wanted one or more of each")
        texts = [f"a photo of a {name}" for name in names]
        words = self.tokenizer(texts, padding=True, truncation=True, return_tensors="pt").to(self.model.device)
        found = []
        for start in range(0, len(patches), _BATCH):
            pixels = torch.stack([self._pixels(patch) for patch in patches[start : start + _BATCH]])
            out = self.model(
                input_ids=words.input_ids,
                attention_mask=words.attention_mask,
                pixel_values=pixels.to(self.model.device),
            )
            found.append((out.image_embeds @ out.text_embeds.T).float().cpu())  # both have length 1
        similarities: NDArray[np.float32] = torch.cat(found).numpy()
        return similarities

    def _pixels(self, patch: NDArray[np.uint8]) -> torch.Tensor:
        """(3, side, side) float32 normalised as CLIP was trained."""
        shrinks = min(patch.shape[:2]) > self._side
        resized = cv2.resize(
            patch, (self._side, self._side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        )
        standard = (resized.astype(np.float32) / 255 - np.array(_MEAN, np.float32)) / np.array(_STD, np.float32)
        return torch.from_numpy(standard).permute(2, 0, 1)
