"""SAM's prompt encoder and mask decoder, with all four masks and the tokens that UOIS-SAM's HDNet reads.

transformers' own `SamMaskDecoder.forward` answers three masks or one and keeps the tokens to itself, so the
forward pass is written here over its submodules.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import SamModel

from uois_sam.errors import InputError, ModelError
from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts

MASKS_PER_PROMPT = 4
BACKGROUND_LOGIT = -10.0


class SamDecoder(nn.Module):
    """Prompt encoder and mask decoder of a `SamModel` (Kirillov et al. 2023, appendix A).

    The random matrix of the positional encoding is kept fixed, as in segment-anything; all else can be trained.

    Args:
        model: any SAM; its modules are shared, not copied.

    Raises:
        ModelError: the model does not predict four masks per prompt.
    """

    def __init__(self, model: SamModel) -> None:
        super().__init__()
        self.prompt_encoder = model.prompt_encoder
        self.mask_decoder = model.mask_decoder
        self.prompt_encoder.shared_embedding.requires_grad_(False)
        self.input_size: int = self.prompt_encoder.input_image_size
        self.grid_size: int = self.prompt_encoder.image_embedding_size[0]
        self.token_dim: int = self.prompt_encoder.hidden_size
        if self.mask_decoder.num_mask_tokens != MASKS_PER_PROMPT:
            raise ModelError(
                f"this SAM predicts {self.mask_decoder.num_mask_tokens} masks per prompt; "
                f"use one that predicts {MASKS_PER_PROMPT} (single, whole, part, subpart)"
            )

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.mask_decoder.iou_token.weight.device

    def forward(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        """Four candidate masks with scores and tokens for each prompt; see `PromptableSegmenter.decode`.

        Raises:
            InputError: embedding, tokens or masks do not fit this model, or the embedding is on another device.
        """
        self._check(embedding, prompts)
        height, width = self._low_resolution_size(embedding)
        if len(prompts) == 0:
            return self._no_candidates(height, width)
        prompt_tokens = self._pad_lone_token(self.prompt_tokens(embedding, prompts))
        own_tokens = torch.cat([self.mask_decoder.iou_token.weight, self.mask_decoder.mask_tokens.weight])
        tokens = torch.cat([own_tokens.expand(len(prompts), -1, -1), prompt_tokens], dim=1)

        # All prompts share one embedding of batch size 1 unless they bring masks; attention broadcasts it.
        tokens, features = self.mask_decoder.transformer(
            point_embeddings=tokens[:, None],
            image_embeddings=embedding.features[0] + self._dense_prompt(prompts.masks, height, width),
            image_positional_embeddings=self._grid_positions(),
            attention_similarity=None,
        )
        tokens, features = tokens[:, 0], features[:, 0]
        iou_token = tokens[:, :1]
        mask_tokens = tokens[:, 1 : 1 + MASKS_PER_PROMPT]
        scores = self.mask_decoder.iou_prediction_head(iou_token)[:, 0]
        return MaskCandidates(
            self._mask_logits(features, mask_tokens, height, width), scores, iou_token, mask_tokens
        )

    def prompt_tokens(self, embedding: Embedding, prompts: Prompts) -> Tensor:
        """The prompt encoder's sparse tokens, such that decoding them equals decoding the prompts themselves.

        One point gives one token, a box two, P points and a box P + 2. SAM adds a "not a point" token where there
        is no box: `forward` does it for a lone point, while P > 1 points without a box give P + 1 tokens with it.

        Returns:
            (M, T, C) float32; the prompts' own tokens where they bring some.

        Raises:
            InputError: embedding, tokens or masks do not fit this model, or the embedding is on another device.
        """
        self._check(embedding, prompts)
        if prompts.tokens is not None:
            return prompts.tokens.to(self.device)
        height, width = embedding.image_size
        scale = torch.tensor(
            (self.input_size * embedding.extent[1] / width, self.input_size * embedding.extent[0] / height),
            device=self.device,
        )
        points = labels = boxes = None
        if prompts.points is not None and prompts.labels is not None:
            points = (prompts.points.to(self.device) * scale)[:, None]
            labels = prompts.labels.to(self.device)[:, None]
        if prompts.boxes is not None:
            boxes = (prompts.boxes.to(self.device) * scale.repeat(2))[:, None]
        tokens = self.prompt_encoder(points, labels, boxes, None)[0][:, 0]
        lone_point = boxes is None and points is not None and points.shape[2] == 1
        return tokens[:, :1] if lone_point else tokens

    def _pad_lone_token(self, tokens: Tensor) -> Tensor:
        """(M, T, C) with SAM's "not a point" token after a point that stands alone."""
        if tokens.shape[1] != 1:
            return tokens
        padding = self.prompt_encoder.not_a_point_embed.weight.expand(len(tokens), 1, -1)
        return torch.cat([tokens, padding], dim=1)

    def _dense_prompt(self, masks: Tensor | None, height: int, width: int) -> Tensor:
        """(M, C, g, g) embedding of earlier masks, or (1, C, 1, 1) where there are none.

        The logits cover the image alone; the rest of SAM's square is filled with background.
        """
        if masks is None:
            return self.prompt_encoder.no_mask_embed.weight[..., None, None]
        if masks.shape[1:] != (height, width):
            raise InputError(
                f"mask prompts are {tuple(masks.shape)}; this embedding wants (M, {height}, {width}), "
                "the logits of an earlier decode of the same image"
            )
        side = 4 * self.grid_size
        square = F.pad(masks.to(self.device), (0, side - width, 0, side - height), value=BACKGROUND_LOGIT)
        return self.prompt_encoder.mask_embed(square[:, None])

    def _grid_positions(self) -> Tensor:
        """(1, C, g, g) positional encoding of the centres of the embedding's cells."""
        centres = (torch.arange(self.grid_size, device=self.device) + 0.5) / self.grid_size
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        return self.prompt_encoder.shared_embedding(torch.stack([x, y], dim=-1)).permute(2, 0, 1)[None]

    def _mask_logits(self, features: Tensor, mask_tokens: Tensor, height: int, width: int) -> Tensor:
        """(M, 4, height, width) logits from (M, g * g, C) features and (M, 4, C) mask tokens."""
        decoder = self.mask_decoder
        features = features.unflatten(1, (self.grid_size, self.grid_size)).permute(0, 3, 1, 2)
        # The upscaling convolutions do not overlap, so cells of pure padding can be left out before them.
        features = features[:, :, : -(-height // 4), : -(-width // 4)]
        features = decoder.activation(decoder.upscale_layer_norm(decoder.upscale_conv1(features)))
        features = decoder.activation(decoder.upscale_conv2(features))[:, :, :height, :width]
        heads = zip(decoder.output_hypernetworks_mlps, mask_tokens.unbind(1), strict=True)
        weights = torch.stack([head(token) for head, token in heads], dim=1)
        return (weights @ features.flatten(2)).unflatten(2, (height, width))

    def _no_candidates(self, height: int, width: int) -> MaskCandidates:
        masks, dim = MASKS_PER_PROMPT, self.token_dim
        shapes = ((0, masks, height, width), (0, masks), (0, 1, dim), (0, masks, dim))
        return MaskCandidates(*(torch.zeros(shape, device=self.device) for shape in shapes))

    def _low_resolution_size(self, embedding: Embedding) -> tuple[int, int]:
        """(h, w) of the logits that the image covers, to the nearest whole low-resolution pixel."""
        side = 4 * self.grid_size
        return max(1, round(side * embedding.extent[0])), max(1, round(side * embedding.extent[1]))

    def _check(self, embedding: Embedding, prompts: Prompts) -> None:
        features = embedding.features[0]
        wanted = (1, self.token_dim, self.grid_size, self.grid_size)
        if features.shape != wanted or features.device != self.device:
            raise InputError(
                f"embedding is {tuple(features.shape)} on {features.device}; this decoder wants {wanted} on "
                f"{self.device}, made by the encoder of the same model"
            )
        if prompts.tokens is not None and (prompts.tokens.ndim, prompts.tokens.shape[-1]) != (3, self.token_dim):
            raise InputError(f"tokens are {tuple(prompts.tokens.shape)}; wanted (M, T, {self.token_dim})")
