"""Grounding DINO with a tiny configuration and random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertTokenizerFast,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    SwinConfig,
)

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.guided_sam.grounding import GroundingDino

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "handle", "of", "mug"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("grounding")
    (made / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    BertTokenizerFast(str(made / "vocab.txt")).save_pretrained(made)
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(
            image_size=64,
            window_size=4,
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 1, 1],
            out_features=["stage2", "stage3", "stage4"],
            out_indices=[2, 3, 4],
        ),
        text_config=BertConfig(
            vocab_size=len(WORDS),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
            max_position_embeddings=16,
        ),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        encoder_n_points=2,
        decoder_n_points=2,
        num_queries=6,
        max_text_len=16,
        disable_custom_kernels=True,
    )
    torch.manual_seed(0)
    GroundingDinoForObjectDetection(config).save_pretrained(made)
    return made


@pytest.fixture(scope="module")
def detector(folder: Path) -> GroundingDino:
    loaded = GroundingDino.from_pretrained(str(folder))
    return GroundingDino(loaded.model, loaded.tokenizer, threshold=0.0, short_side=64, long_side=96)


def test_boxes_lie_in_the_image(detector: GroundingDino) -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 80, 3), np.uint8)
    boxes = detector(image, "Handle of mug")
    assert boxes.shape == (6, 4)
    assert boxes.dtype == np.float32
    assert (boxes >= 0).all()
    assert (boxes <= [80, 48, 80, 48]).all()
    assert (boxes[:, 2:] >= boxes[:, :2]).all()
    assert np.array_equal(boxes, detector(image, " handle of mug. "))


def test_the_threshold_leaves_boxes_out(detector: GroundingDino) -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 80, 3), np.uint8)
    strict = GroundingDino(detector.model, detector.tokenizer, threshold=1.0, short_side=64, long_side=96)
    assert strict(image, "handle").shape == (0, 4)


def test_bad_input(detector: GroundingDino, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        detector(np.zeros((32, 32, 3), np.uint8), " . ")
    with pytest.raises(ModelError, match="no config"):
        GroundingDino.from_pretrained(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "sam"}))
    with pytest.raises(ModelError, match="type sam"):
        GroundingDino.from_pretrained(str(tmp_path))
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match="cannot be read"):
        GroundingDino.from_pretrained(str(tmp_path))
