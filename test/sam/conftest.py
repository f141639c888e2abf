"""A small random SAM, its folder, and an image for the tests of the segmenters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from small_sam import SMALL_SAM
from transformers import SamConfig, SamModel

from uois_sam.sam.hf_sam import HfSam


@pytest.fixture(scope="session")
def sam_model() -> SamModel:
    """A SAM with random weights everywhere, also where a fresh one has zeros; 128 x 128 input, 8 x 8 embedding."""
    torch.manual_seed(0)
    model = SamModel(SamConfig.from_dict(SMALL_SAM)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name and "positional_embedding" not in name:
                parameter.normal_(std=0.2)
    return model


@pytest.fixture(scope="session")
def sam_folder(sam_model: SamModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sam")
    sam_model.save_pretrained(folder)
    return folder


@pytest.fixture
def hf_sam(sam_folder: Path) -> HfSam:
    return HfSam.from_pretrained(sam_folder)


@pytest.fixture(scope="session")
def image() -> NDArray[np.uint8]:
    """(96, 128, 3) uint8: at the small SAM's own size, so that it is not resampled, but padded."""
    return np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
