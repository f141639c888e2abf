"""Segmenters for the tests of adaptation: a random tiny one, a random SAM, and one whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import SamConfig, SamModel

from uois_sam.sam.hf_sam import HfSam
from uois_sam.sam.protocol import PromptableSegmenter
from uois_sam.sam.tiny.tiny import TinySegmenter

_SMALL_SAM = {
    "vision_config": {
        "hidden_size": 32,
        "output_channels": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 128,
        "window_size": 3,
        "global_attn_indexes": [1],
        "num_pos_feats": 16,
        "mlp_dim": 48,
    },
    "prompt_encoder_config": {"hidden_size": 32, "image_size": 128, "mask_input_channels": 8},
    "mask_decoder_config": {"hidden_size": 32, "mlp_dim": 40, "num_attention_heads": 8, "iou_head_hidden_dim": 24},
}


def tiny(seed: int = 0) -> TinySegmenter:
    torch.manual_seed(seed)
    return TinySegmenter().eval()


def small_sam() -> HfSam:
    torch.manual_seed(0)
    return HfSam(SamModel(SamConfig.from_dict(_SMALL_SAM)))


@pytest.fixture(params=[tiny, small_sam])
def any_segmenter(request: pytest.FixtureRequest) -> PromptableSegmenter:
    """Each backend in turn, with random weights."""
    made: PromptableSegmenter = request.param()
    return made


@pytest.fixture
def segmenter() -> TinySegmenter:
    return tiny()


@pytest.fixture
def image() -> NDArray[np.uint8]:
    """(90, 120, 3) uint8."""
    return np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
