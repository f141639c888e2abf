"""Another decoder over the same encoder, and which parameters learn."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from small_segmenters import tiny
from torch import nn

from uois_sam.adaptation.decoders import adapted_parameters, with_decoder
from uois_sam.errors import ModelError
from uois_sam.sam.protocol import PromptableSegmenter, Prompts

POINT = Prompts.from_points(torch.tensor([[40.0, 30.0]]))


@torch.no_grad()
def test_another_decoder_answers_and_the_first_stays(
    any_segmenter: PromptableSegmenter, image: NDArray[np.uint8]
) -> None:
    embedding = any_segmenter.encode(image)
    own = any_segmenter.decoder
    answer = any_segmenter.decode(embedding, POINT).logits
    changed = copy.deepcopy(own)
    for parameter in adapted_parameters(changed):
        parameter.mul_(1.5)
    other = with_decoder(any_segmenter, changed)
    assert other.decoder is changed
    assert any_segmenter.decoder is own
    assert torch.equal(other.encode(image).features[0], embedding.features[0])
    assert not torch.allclose(other.decode(embedding, POINT).logits, answer, rtol=0.1, atol=0)
    assert torch.equal(any_segmenter.decode(embedding, POINT).logits, answer)


def test_only_the_mask_decoder_learns(any_segmenter: PromptableSegmenter) -> None:
    decoder = copy.deepcopy(any_segmenter.decoder)
    chosen = {id(p) for p in adapted_parameters(decoder)}
    learns = {name: id(p) in chosen for name, p in decoder.named_parameters()}
    assert {name.split(".")[0] for name, on in learns.items() if on} <= {"masks", "mask_decoder"}
    assert {name.split(".")[0] for name, on in learns.items() if not on} <= {"prompts", "prompt_encoder"}
    assert len(set(learns.values())) == 2
    assert all(p.requires_grad == learns[name] for name, p in decoder.named_parameters())


def test_what_has_no_mask_decoder_is_refused() -> None:
    with pytest.raises(ModelError, match="Linear has no mask_decoder"):
        adapted_parameters(nn.Linear(2, 2))
    assert all(p.requires_grad for p in tiny().decoder.parameters())
