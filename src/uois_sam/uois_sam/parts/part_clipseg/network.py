"""The network of PartCLIPSeg (Choi et al., NeurIPS 2024, section 3.2) on transformers' CLIPSeg."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPSegConfig, CLIPSegForImageSegmentation

from uois_sam.parts.part_clipseg.conv_vision import ConvVision

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of the colours, 0 .. 1, that the network takes, as CLIPSeg's processor has them."""
_ADAPTED = 0.2
"""Share of the visual adapter in the image features, as OV-PARTS fine-tunes CLIPSeg."""


@dataclass(frozen=True)
class PartMaps:
    """What the network says of B images, O objects, P generalized parts and C object-specific parts.

    Attributes:
        objects: (B, O + 1, h, w) logits, the background last.
        parts: (B, P, h, w) logits.
        classes: (B, C + 1, h, w) logits, the background last.
        object_attention: (B, O, T, T) self-attention among the T = r * r tokens of the last decoder layer, mean
            over its heads; rows are queries. None where it was not asked for.
        part_attention: (B, P, T, T), the same of the parts.
    """

    objects: Tensor
    parts: Tensor
    classes: Tensor
    object_attention: Tensor | None = None
    part_attention: Tensor | None = None


class PartClipSegNetwork(nn.Module):
    """CLIPSeg conditioned by objects and by generalized parts, whose features join to object-specific parts.

    FiLM stands in its usual form, a product and a sum, where eqs. 2 and 4 write a sum alone: so CLIPSeg's weights
    have it. What is new to CLIPSeg's decoder begins as a copy of what it resembles.

    Args:
        config: of CLIPSeg; widths, depths and the patch size follow from it.
        convolutional: whether the image features are those of `ConvVision`, and not CLIP's.
    """

    def __init__(self, config: CLIPSegConfig, *, convolutional: bool = False) -> None:
        super().__init__()
        sizes: Any = config
        self.config = sizes
        self.convolutional = convolutional
        clipseg: Any = CLIPSegForImageSegmentation(config)
        self.clip, self.decoder = clipseg.clip, clipseg.decoder
        for layer in self.decoder.layers:  # the other implementations keep the attention to themselves
            layer.self_attn.config._attn_implementation = "eager"
        width, words = sizes.reduce_dim, sizes.projection_dim
        visual = sizes.vision_config.hidden_size
        if convolutional:
            seen = sizes.vision_config
            self.clip.vision_model = ConvVision(visual, seen.image_size // seen.patch_size)
        self.adapter = nn.Sequential(
            nn.Linear(visual, visual // 4, bias=False),
            nn.ReLU(),
            nn.Linear(visual // 4, visual, bias=False),
            nn.ReLU(),
        )
        self.background = nn.Parameter(torch.randn(1, words) * words**-0.5)
        self.join_features = nn.Linear(2 * width, width)
        self.join_words = nn.Linear(2 * words, words)
        self.film_mul: nn.Linear
        self.film_add: nn.Linear
        self.start_from_clipseg()

    def start_from_clipseg(self) -> None:
        """Copy CLIPSeg's FiLM and upsampling to the object-specific parts, as training begins."""
        self.film_mul = deepcopy(self.decoder.film_mul)
        self.film_add = deepcopy(self.decoder.film_add)
        self.upsampling = deepcopy(self.decoder.transposed_convolution)

    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(N, D) embeddings of N token sequences, (N, L) ids and attention mask (eq. 1)."""
        embedding: Tensor = self.clip.get_text_features(ids, attention_mask=mask).pooler_output
        return embedding

    def see(self, pixels: Tensor) -> list[Tensor]:
        """The image features (eq. 1): (B, 1 + T, V) of each extracted layer, of (B, 3, S, S) normalised pixels."""
        if self.convolutional:
            mean, std = (pixels.new_tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
            layers = self.clip.vision_model(pixels * std + mean)
        else:
            seen = self.clip.vision_model(pixels, interpolate_pos_encoding=True, output_hidden_states=True)
            layers = [seen.hidden_states[k + 1] for k in self.config.extract_layers]
        return [(1 - _ADAPTED) * layer + _ADAPTED * self.adapter(layer) for layer in layers]

    def forward(
        self, pixels: Tensor, objects: Tensor, parts: Tensor, classes: Tensor, attention: bool = False
    ) -> PartMaps:
        """Masks of objects, parts and object-specific parts.

        Args:
            pixels: (B, 3, S, S) float32, normalised; S a multiple of the patch size.
            objects: (O, D) embeddings of their names.
            parts: (P, D) embeddings of their names.
            classes: (C, 2) int64, object and part of each object-specific part.
            attention: whether the maps of attention are wanted.
        """
        layers = self.see(pixels)
        conditions = torch.cat([parts, objects, self.background])
        features, weights = self._decode(layers, conditions)
        logits = self._masks(features, self.decoder.transposed_convolution)
        count = len(parts)
        nothing = len(conditions) - 1
        o = torch.cat([classes[:, 0] + count, classes.new_tensor([nothing])])
        p = torch.cat([classes[:, 1], classes.new_tensor([nothing])])
        joined = self.join_features(torch.cat([features[:, o], features[:, p]], -1))  # eq. 3
        words = self.join_words(torch.cat([conditions[o], conditions[p]], -1))
        joined = self.film_mul(words)[:, None] * joined + self.film_add(words)[:, None]  # eq. 4
        return PartMaps(
            logits[:, count:],
            logits[:, :count],
            self._masks(joined, self.upsampling),
            weights[:, count:nothing] if attention else None,
            weights[:, :count] if attention else None,
        )

    def _decode(self, layers: list[Tensor], conditions: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, T, R) features modulated by N conditions (eq. 2), and the last layer's (B, N, T, T) attention."""
        count, images = len(conditions), len(layers[0])
        words = conditions.repeat(images, 1)[:, None]
        tokens = weights = torch.zeros((), device=words.device)
        steps = zip(reversed(layers), self.decoder.layers, self.decoder.reduces, strict=True)
        for k, (seen, layer, reduce) in enumerate(steps):
            tokens = tokens + reduce(seen).repeat_interleave(count, 0)
            if k == self.config.conditional_layer:
                tokens = self.decoder.film_mul(words) * tokens + self.decoder.film_add(words)
            attended, weights = layer.self_attn(tokens)
            tokens = layer.layer_norm1(tokens + attended)
            tokens = layer.layer_norm2(tokens + layer.mlp(tokens))
        features = tokens[:, 1:].unflatten(0, (images, count))
        return features, weights.mean(1)[:, 1:, 1:].unflatten(0, (images, count))

    @staticmethod
    def _masks(features: Tensor, upsampling: nn.Module) -> Tensor:
        """(B, N, h, w) logits of (B, N, T, R) features."""
        side = round(features.shape[2] ** 0.5)
        maps = features.flatten(0, 1).transpose(1, 2).unflatten(2, (side, side))
        masks: Tensor = upsampling(maps)[:, 0]
        return masks.unflatten(0, features.shape[:2])
