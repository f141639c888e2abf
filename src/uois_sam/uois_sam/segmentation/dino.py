"""DINOv2 as HPG's backbone (UOIS-SAM, section IV-A: ViT-S, frozen, 336 x 448 input)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import Dinov2Config, Dinov2Model

from uois_sam.errors import ModelError
from uois_sam.sam.pretrained import model_folder, read_config
from uois_sam.sam.protocol import Embedding

INPUT_SIZE = (336, 448)
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class DinoBackbone(nn.Module):
    """A frozen DINOv2; gives its normalised patch tokens as a map of one vector per patch.

    Args:
        model: a `transformers.Dinov2Model`.
        input_size: H, W that images are resized to; multiples of the patch size.
    """

    def __init__(self, model: nn.Module, input_size: tuple[int, int] = INPUT_SIZE) -> None:
        super().__init__()
        self.model = model.eval().requires_grad_(False)
        self.input_size = input_size
        self.patch: int = model.config.patch_size  # type: ignore[union-attr, assignment]
        if input_size[0] % self.patch or input_size[1] % self.patch:
            raise ModelError(f"input size {input_size} is no multiple of the patch size {self.patch}")

    @classmethod
    def from_pretrained(cls, name: str, input_size: tuple[int, int] = INPUT_SIZE) -> DinoBackbone:
        """Load a DINOv2 folder or hub name, e.g. "facebook/dinov2-small".

        Raises:
            ModelError: it is missing, broken or no DINOv2.
        """
        folder = model_folder(name)
        read_config(folder, Dinov2Config.model_type)
        try:
            loaded: Any = Dinov2Model.from_pretrained(
                folder, output_loading_info=True, ignore_mismatched_sizes=True
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise ModelError(f"the weights in {folder} cannot be read: {str(error).splitlines()[0]}") from None
        model, report = loaded
        if report["missing_keys"] or report["mismatched_keys"]:  # transformers would leave them random
            raise ModelError(f"the weights in {folder} do not fit its config.json; fetch the model again")
        return cls(model, input_size)

    @property
    def channels(self) -> int:
        """Width of the patch tokens."""
        width: int = self.model.config.hidden_size  # type: ignore[union-attr, assignment]
        return width

    @torch.no_grad()
    def forward(self, image: NDArray[np.uint8], embedding: Embedding | None = None) -> Tensor:
        """(1, C, H / patch, W / patch) float32 of an (H, W, 3) uint8 RGB image; the embedding is not needed."""
        device = next(self.model.parameters()).device
        pixels = torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1)[None].float() / 255
        pixels = F.interpolate(pixels, size=self.input_size, mode="bilinear", align_corners=False, antialias=True)
        mean, std = (pixels.new_tensor(v).view(1, 3, 1, 1) for v in (_MEAN, _STD))
        tokens = self.model(pixel_values=(pixels - mean) / std).last_hidden_state[:, 1:]
        rows, columns = self.input_size[0] // self.patch, self.input_size[1] // self.patch
        features: Tensor = tokens.transpose(1, 2).reshape(1, -1, rows, columns)
        return features
