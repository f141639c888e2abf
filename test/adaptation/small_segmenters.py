"""Segmenters with random weights for the tests of adaptation: the bundled kind and a small SAM."""

from __future__ import annotations

import torch
from small_sam import SMALL_SAM
from transformers import SamConfig, SamModel

from uois_sam.sam.hf_sam import HfSam
from uois_sam.sam.tiny.tiny import TinySegmenter


def tiny(seed: int = 0) -> TinySegmenter:
    torch.manual_seed(seed)
    return TinySegmenter().eval()


def small_sam() -> HfSam:
    torch.manual_seed(0)
    return HfSam(SamModel(SamConfig.from_dict(SMALL_SAM)))
