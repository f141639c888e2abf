"""A tiny random PartCLIPSeg and its words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import CLIPSegConfig, CLIPSegForImageSegmentation, CLIPTokenizer

from uois_sam.datasets.ov_parts import PartVocabulary
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.small import SmallClipSeg, small_part_clipseg

TINY = SmallClipSeg(input_size=32, tokens=4, width=16, heads=2, reduce=8, word_width=8, imagenet=False)


@pytest.fixture(scope="session")
def vocabulary() -> PartVocabulary:
    return PartVocabulary.of({"mug": ["body", "handle"], "milk carton": ["body", "cap"]})


@pytest.fixture
def model(vocabulary: PartVocabulary) -> PartClipSegModel:
    """32 x 32 px, 4 x 4 tokens, masks of 16 x 16."""
    torch.manual_seed(0)
    made = small_part_clipseg(vocabulary, TINY)
    made.network.eval()
    return made


@pytest.fixture
def clipseg(tmp_path: Path) -> Path:
    """A CLIPSeg folder with random weights and a byte-pair tokenizer that spells single letters."""
    letters = [chr(k) for k in range(97, 123)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocab = {token: k for k, token in enumerate(tokens)}
    CLIPTokenizer(vocab=vocab, merges=[]).save_pretrained(tmp_path / "c")
    end = vocab["<|endoftext|>"]
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    config = CLIPSegConfig(
        text_config={**sizes, "num_hidden_layers": 1, "vocab_size": len(vocab), "eos_token_id": end},
        vision_config={**sizes, "num_hidden_layers": 3, "image_size": 32, "patch_size": 32},
        projection_dim=8,
        reduce_dim=8,
        extract_layers=[0, 1, 2],
        decoder_num_attention_heads=2,
        decoder_intermediate_size=8,
    )
    torch.manual_seed(1)
    CLIPSegForImageSegmentation(config).save_pretrained(tmp_path / "c")
    return tmp_path / "c"
