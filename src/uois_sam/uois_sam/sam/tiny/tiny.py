"""The bundled promptable segmenter: SAM's protocol at 288 x 384 on a CPU, with depth where there is some."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.sam.geometry import GEOMETRY_CHANNELS, geometry_cells, small_geometry
from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts, check_depth, check_image
from uois_sam.sam.tiny.encoder import EMBEDDING_DIM, Features, TinyEncoder
from uois_sam.sam.tiny.mask_decoder import MaskDecoder
from uois_sam.sam.tiny.prompt_encoder import PromptEncoder, PromptTokens
from uois_sam.sam.weights import load_weights
from uois_sam.types import Camera

INPUT_SIZE = (288, 384)
"""H, W of the network's input; other shapes are fitted into it and padded at the right and bottom."""


class TinyDecoder(nn.Module):
    """Prompt encoder and mask decoder: what may be adapted, copied and swapped apart from the image encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts = PromptEncoder()
        self.masks = MaskDecoder()

    def forward(self, features: Features, prompts: PromptTokens, masks: Tensor | None = None) -> MaskCandidates:
        """Decode M prompts; `masks` (M, h, w) are logits of an earlier answer."""
        size = (features.stride8.shape[-2], features.stride8.shape[-1])
        dense = self.prompts.dense(masks, size, 1 if masks is None else len(masks))
        return self.masks(features, prompts, dense, self.prompts)

    @property
    def mask_decoder(self) -> MaskDecoder:
        """`masks` under the name that SAM has for it."""
        return self.masks


class TinySegmenter(nn.Module):
    """`PromptableSegmenter` of 3.4 million parameters, trained on synthetic tables (see its model card).

    Source: SAM's encode / decode split and mask decoder (Kirillov et al., 2023) on a convolutional pyramid.
    """

    uses_depth = True
    token_dim = EMBEDDING_DIM

    def __init__(self, frozen: int = 0) -> None:
        super().__init__()
        self.encoder = TinyEncoder(frozen)
        self.decoder: nn.Module = TinyDecoder()

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @torch.no_grad()
    def encode(
        self,
        image: NDArray[np.uint8],
        depth: NDArray[np.float32] | None = None,
        camera: Camera | None = None,
    ) -> Embedding:
        """See `PromptableSegmenter.encode`. Features come at strides 8, 4 and 2 of the 288 x 384 input.

        Raises:
            InputError: image or depth is not as the protocol wants it.
        """
        check_image(image)
        fit = Fit.of(image.shape[0], image.shape[1])
        colour = np.zeros((*INPUT_SIZE, 3), np.uint8)
        interpolation = cv2.INTER_AREA if fit.scale < 1 else cv2.INTER_LINEAR
        colour[: fit.height, : fit.width] = cv2.resize(image, (fit.width, fit.height), interpolation=interpolation)
        geometry = np.zeros((*INPUT_SIZE, GEOMETRY_CHANNELS), np.float32)
        if depth is not None and camera is not None:
            check_depth(depth, image)
            geometry[: fit.height, : fit.width] = small_geometry(depth, camera, fit.height, fit.width)
        features = self.encoder(
            _to_batch(colour).to(self.device).float() / 255, _to_batch(geometry).to(self.device)
        )
        extent = (fit.height / INPUT_SIZE[0], fit.width / INPUT_SIZE[1])
        cells = None
        if geometry.any():
            cells = geometry_cells(geometry[: fit.height, : fit.width]).to(self.device)
        return Embedding(tuple(features), (image.shape[0], image.shape[1]), extent, cells)

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        """See `PromptableSegmenter.decode`; logits come at about a quarter of a 480 x 640 image."""
        features = Features(*embedding.features)
        candidates = self.decoder(
            features, self._tokens(embedding, prompts), self._padded(embedding, prompts.masks)
        )
        h, w = candidates.logits.shape[-2:]
        rows, columns = _covered(h, embedding.extent[0]), _covered(w, embedding.extent[1])
        return MaskCandidates(
            candidates.logits[..., :rows, :columns].float(),
            candidates.scores.float(),
            candidates.iou_token.float(),
            candidates.mask_tokens.float(),
        )

    def prompt_tokens(self, embedding: Embedding, prompts: Prompts) -> Tensor:
        """(M, T, 96): one token per point, two per box (WPS-SAM's teacher)."""
        return self._tokens(embedding, prompts).tokens

    def _tokens(self, embedding: Embedding, prompts: Prompts) -> PromptTokens:
        encoder: PromptEncoder = self.decoder.prompts  # type: ignore[assignment]
        if prompts.tokens is not None:
            return encoder.from_tokens(prompts.tokens.to(self.device))
        h, w = embedding.image_size
        unit = torch.tensor([embedding.extent[1] / w, embedding.extent[0] / h], device=self.device)
        points = labels = boxes = None
        if prompts.points is not None and prompts.labels is not None:
            points = (prompts.points.to(self.device) + 0.5) * unit
            labels = prompts.labels.to(self.device)
        if prompts.boxes is not None:
            boxes = (prompts.boxes.to(self.device).view(-1, 2, 2) * unit).view(-1, 4)
        return encoder(embedding.features[0], points, labels, boxes)

    def _padded(self, embedding: Embedding, masks: Tensor | None) -> Tensor | None:
        """Logits that cover the image, laid into the whole padded input."""
        if masks is None:
            return None
        h, w = embedding.features[2].shape[-2:]
        out = masks.new_full((len(masks), h, w), -10.0, device=self.device)
        rows, columns = _covered(h, embedding.extent[0]), _covered(w, embedding.extent[1])
        resized = nn.functional.interpolate(
            masks[:, None].to(self.device), size=(rows, columns), mode="bilinear", align_corners=False
        )
        out[:, :rows, :columns] = resized[:, 0]
        return out

    @classmethod
    def from_file(cls, path: Path, device: str | torch.device = "cpu") -> TinySegmenter:
        """Load weights from a safetensors file.

        Raises:
            ModelError: the file is missing, broken or holds another network.
        """
        model = cls()
        load_weights(model, path)
        return model.to(device).eval()


@dataclass(frozen=True)
class Fit:
    """How an image is scaled into `INPUT_SIZE`: `height` x `width` pixels of it are used."""

    scale: float
    height: int
    width: int

    @classmethod
    def of(cls, height: int, width: int) -> Fit:
        """The largest fit of an image of `height` x `width` pixels."""
        scale = min(INPUT_SIZE[0] / height, INPUT_SIZE[1] / width)
        return cls(scale, max(1, round(height * scale)), max(1, round(width * scale)))


def _covered(size: int, extent: float) -> int:
    return max(1, round(size * extent))


def _to_batch(array: NDArray[np.generic]) -> Tensor:
    """(H, W, C) to (1, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))[None]
