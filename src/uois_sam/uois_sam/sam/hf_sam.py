"""Any SAM of transformers' `SamModel` as a promptable segmenter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import SamConfig, SamModel

from uois_sam.errors import ModelError
from uois_sam.sam.geometry import coarse_geometry
from uois_sam.sam.hf_decoder import SamDecoder
from uois_sam.sam.preprocessing import preprocess, resized_size
from uois_sam.sam.pretrained import model_folder, read_config, read_weights
from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts, check_depth, check_image
from uois_sam.sam.sam_checkpoint import read_sam_checkpoint
from uois_sam.types import Camera

# One matrix under two names; files may hold it under either.
TIED_POSITIONS = (
    "shared_image_embedding.positional_embedding",
    "prompt_encoder.shared_embedding.positional_embedding",
)


class HfSam:
    """`PromptableSegmenter` over transformers' SAM (Kirillov et al. 2023); its networks look at RGB only.

    `encode` never records gradients; `decode` and `prompt_tokens` follow the caller's `torch.no_grad` or
    `torch.inference_mode`, so that the decoder can be trained on embeddings made outside inference mode.

    Attributes:
        encoder: the image encoder.
        token_dim: C of the prompt, IoU and mask tokens.
    """

    uses_depth = False

    def __init__(self, model: SamModel, device: str | torch.device = "cpu") -> None:
        self.encoder: nn.Module = model.vision_encoder
        self._decoder = SamDecoder(model)
        modules: tuple[nn.Module, nn.Module] = (self.encoder, self._decoder)
        for module in modules:
            module.to(device).eval()
        self.token_dim = self._decoder.token_dim

    @classmethod
    def from_pretrained(cls, name: str | Path, device: str | torch.device = "cpu") -> HfSam:
        """Load a SAM folder in Hugging Face format, or a hub model such as facebook/sam-vit-large.

        Raises:
            ModelError: folder or hub model cannot be found, is no SAM, or its weights are missing or broken.
        """
        folder = model_folder(name)
        config = read_config(folder, SamConfig.model_type)
        return cls(build_sam(config, read_weights(folder), folder), device)

    @classmethod
    def from_checkpoint(cls, path: str | Path, device: str | torch.device = "cpu") -> HfSam:
        """Load an original segment-anything checkpoint such as sam_vit_b_01ec64.pth.

        Raises:
            ModelError: the file is missing, broken, unsafe to unpickle or no SAM.
        """
        path = Path(path)
        return cls(build_sam(*read_sam_checkpoint(path), path), device)

    @property
    def decoder(self) -> nn.Module:
        """Prompt encoder and mask decoder; may be replaced by another `SamDecoder`."""
        return self._decoder

    @decoder.setter
    def decoder(self, module: nn.Module) -> None:
        if not isinstance(module, SamDecoder):
            raise ModelError(f"the decoder cannot be a {type(module).__name__}; give a SamDecoder")
        self._decoder = module

    @property
    def device(self) -> torch.device:
        """Where the weights are and the tensors come out."""
        return self._decoder.device

    def encode(
        self,
        image: NDArray[np.uint8],
        depth: NDArray[np.float32] | None = None,
        camera: Camera | None = None,
    ) -> Embedding:
        """Run the image encoder once.

        Args:
            image: (H, W, 3) uint8 RGB.
            depth: (H, W) float32, metres, registered to the image; only handed on as geometry.
            camera: intrinsics of image and depth; depth without it is not used.

        Returns:
            features: one map, (1, C, g, g) float32 with g = 64 in the published models.

        Raises:
            InputError: the image is of another shape or type, or under 16 x 16 pixels.
        """
        check_image(image)
        geometry = None
        if depth is not None and camera is not None:
            check_depth(depth, image)
            geometry = coarse_geometry(depth, camera).to(self.device)
        side = self._decoder.input_size
        height, width = resized_size(image.shape[0], image.shape[1], side)
        with torch.no_grad():
            features = self.encoder(preprocess(image, side, self.device)).last_hidden_state
        extent = (height / side, width / side)
        return Embedding((features,), (image.shape[0], image.shape[1]), extent, geometry)

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        """Four candidate masks with IoU scores and tokens for each prompt, in one pass of the mask decoder.

        The logits are SAM's low-resolution square (256 x 256 in the published models) cut to the image, at whole
        low-resolution pixels: the shorter side may be off by up to half of one.

        Raises:
            InputError: embedding, tokens or masks do not fit this model, or the embedding is on another device.
        """
        candidates: MaskCandidates = self._decoder(embedding, prompts)
        return candidates

    def prompt_tokens(self, embedding: Embedding, prompts: Prompts) -> Tensor:
        """(M, T, C) float32, the prompt encoder's tokens: one for a point, two for a box.

        See `SamDecoder.prompt_tokens` for mixtures. `decode` of these tokens equals `decode` of the prompts.

        Raises:
            InputError: embedding, tokens or masks do not fit this model, or the embedding is on another device.
        """
        return self._decoder.prompt_tokens(embedding, prompts)


def build_sam(config: dict[str, Any], weights: dict[str, Tensor], source: Path) -> SamModel:
    """A float32 SAM on the CPU with exactly these weights; tensors that it does not know are left out.

    Args:
        config: as in a SAM folder's config.json.
        weights: tensors by `SamModel`'s names.
        source: where both come from, for the error.

    Raises:
        ModelError: the configuration makes no model, or weights are missing or of another shape.
    """
    weights = {name: tensor.float() for name, tensor in weights.items()}
    for name, tied in (TIED_POSITIONS, TIED_POSITIONS[::-1]):
        if tied in weights:
            weights.setdefault(name, weights[tied])
    try:
        with torch.device("meta"):
            model = SamModel(SamConfig.from_dict(config))
    except Exception as error:  # transformers and torch refuse a senseless configuration in many ways
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"the configuration of {source} makes no SAM ({reason}); fetch it again") from error
    try:
        missing = model.load_state_dict(weights, strict=False, assign=True).missing_keys
    except RuntimeError as error:
        raise ModelError(f"weights of {source} do not fit its configuration; fetch it again") from error
    if missing:
        raise ModelError(f"{source} lacks {len(missing)} of SAM's weights, {missing[0]} first; give a whole SAM")
    return model
