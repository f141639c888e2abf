"""A tiny random PartCLIPSeg and its words."""

from __future__ import annotations

import pytest
import torch

from uois_sam.datasets.ov_parts import PartVocabulary
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.small import SmallClipSeg, small_part_clipseg

TINY = SmallClipSeg(input_size=32, patch=8, width=16, depth=3, heads=2, reduce=8, word_width=8)


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
