"""Segmenters and an image for the tests of adaptation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from small_segmenters import small_sam, tiny

from uois_sam.sam.protocol import PromptableSegmenter
from uois_sam.sam.tiny.tiny import TinySegmenter


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
