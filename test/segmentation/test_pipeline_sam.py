"""UOIS-SAM over a (small, random) Segment Anything, prompted by the grid, by its own embedding and by DINOv2."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import Dinov2Config, Dinov2Model, SamConfig, SamModel

from uois_sam.errors import ModelError
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.hpg import GridPrompter, UpsamplingHead
from uois_sam.segmentation.load import load_pipeline

IMAGE = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
CHANNELS = 32


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    size = {"hidden_size": CHANNELS, "image_size": 128}
    config = {
        "vision_config": {
            **size,
            "output_channels": CHANNELS,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "window_size": 0,
            "global_attn_indexes": [0],
            "num_pos_feats": 16,
            "mlp_dim": 32,
        },
        "prompt_encoder_config": {**size, "mask_input_channels": 4},
        "mask_decoder_config": {"hidden_size": CHANNELS, "mlp_dim": 32, "iou_head_hidden_dim": 16},
    }
    folder = tmp_path_factory.mktemp("sam")
    SamModel(SamConfig.from_dict(config)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def dino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dino")
    config = Dinov2Config(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14)
    Dinov2Model(config).save_pretrained(folder)
    return folder


def model(folder: Path, sam: Path, backbone: str, channels: int) -> str:
    scales = [1] if backbone == "embedding" else [2]
    save_file(UpsamplingHead(channels, 8, scales).state_dict(), folder / "hpg.safetensors")
    save_file(HDNet(CHANNELS, 16).state_dict(), folder / "hdnet.safetensors")
    config = {
        "segmenter": {"kind": "sam", "name": str(sam)},
        "hpg": {"backbone": backbone, "channels": 8, "scales": scales, "weights": "hpg.safetensors"},
        "hdnet": {"weights": "hdnet.safetensors", "hidden_dim": 16},
        "settings": {"foreground_threshold": 0.0, "score_threshold": 0.0, "max_area": 4096 * 4096},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def test_sam_alone_is_prompted_by_the_papers_grid(sam: Path) -> None:
    pipeline = load_pipeline(str(sam), "cpu")
    assert isinstance(pipeline.prompter, GridPrompter)
    pipeline.prompter = GridPrompter(9)
    assert pipeline(IMAGE).label_image.shape == (96, 128)


def test_hpg_on_sams_own_embedding(sam: Path, tmp_path: Path) -> None:
    pipeline = load_pipeline(model(tmp_path, sam, "embedding", CHANNELS), "cpu")
    proposal = pipeline.prompter.propose(IMAGE, pipeline.encode(IMAGE).embedding, pipeline.settings)
    assert proposal.maps is not None
    assert proposal.maps.heatmap.shape == (6, 8)
    assert pipeline(IMAGE).label_image.shape == (96, 128)


def test_hpg_on_dinov2(sam: Path, dino: Path, tmp_path: Path) -> None:
    pipeline = load_pipeline(model(tmp_path, sam, str(dino), 16), "cpu")
    proposal = pipeline.prompter.propose(IMAGE, pipeline.encode(IMAGE).embedding, pipeline.settings)
    assert proposal.maps is not None
    assert proposal.maps.heatmap.shape == (48, 64)
    assert pipeline(IMAGE).label_image.shape == (96, 128)


def test_weights_of_another_backbone_are_refused(sam: Path, dino: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="another network"):
        load_pipeline(model(tmp_path, sam, str(dino), 8), "cpu")
