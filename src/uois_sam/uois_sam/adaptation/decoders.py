"""Decoders apart from their segmenter: copied, exchanged, and the part of them that learns."""

from __future__ import annotations

import copy

from torch import nn

from uois_sam.errors import ModelError
from uois_sam.sam.protocol import PromptableSegmenter


def with_decoder(segmenter: PromptableSegmenter, decoder: nn.Module) -> PromptableSegmenter:
    """A segmenter over the same encoder with another decoder; the given one stays as it is."""
    other = copy.copy(segmenter)
    if isinstance(other, nn.Module):
        other._modules = dict(other._modules)  # which the shallow copy shares with the original
    other.decoder = decoder
    return other


def adapted_parameters(decoder: nn.Module) -> list[nn.Parameter]:
    """The parameters that adaptation changes: those of the mask decoder, without the prompt encoder's.

    All others are frozen here.

    Raises:
        ModelError: the decoder has no `mask_decoder`.
    """
    masks = getattr(decoder, "mask_decoder", None)
    if not isinstance(masks, nn.Module):
        raise ModelError(f"a {type(decoder).__name__} has no mask_decoder to adapt; give a segmenter's decoder")
    decoder.requires_grad_(False)
    masks.requires_grad_(True)
    return list(masks.parameters())
