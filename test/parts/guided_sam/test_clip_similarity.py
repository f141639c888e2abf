"""CLIP with a tiny configuration and random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, processors
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.guided_sam.clip_similarity import ClipSimilarity

WORDS = ["<pad>", "<start>", "<end>", "<unk>", "a", "photo", "of", "handle", "blade"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("clip")
    words = Tokenizer(WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = processors.TemplateProcessing("<start> $A <end>", None, [("<start>", 1), ("<end>", 2)])
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<end>", unk_token="<unk>", model_max_length=16
    ).save_pretrained(made)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={
            **small,
            "vocab_size": len(WORDS),
            "max_position_embeddings": 16,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
        },
        vision_config={**small, "image_size": 16, "patch_size": 8},
        projection_dim=8,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(made)
    return made


def test_similarities_are_cosines_of_each_patch_and_name(folder: Path) -> None:
    clip = ClipSimilarity.from_pretrained(str(folder))
    rng = np.random.default_rng(0)
    patches = [rng.integers(0, 256, (size, size + 3, 3), np.uint8) for size in [*range(1, 41)]]
    found = clip(patches, ["handle", "blade"])
    assert found.shape == (40, 2)
    assert found.dtype == np.float32
    assert np.abs(found).max() <= 1
    assert np.ptp(found, axis=0).min() > 0
    assert np.abs(found[:, 0] - found[:, 1]).max() > 1e-4
    assert np.allclose(clip(patches[35:36], ["blade"]), found[35:36, 1:], atol=1e-5)


def test_bad_input(folder: Path, tmp_path: Path) -> None:
    clip = ClipSimilarity.from_pretrained(str(folder))
    with pytest.raises(InputError, match="0 patches and 1 names"):
        clip([], ["handle"])
    with pytest.raises(ModelError, match="no config"):
        ClipSimilarity.from_pretrained(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "sam"}))
    with pytest.raises(ModelError, match="type sam"):
        ClipSimilarity.from_pretrained(str(tmp_path))
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match="cannot be read"):
        ClipSimilarity.from_pretrained(str(tmp_path))
