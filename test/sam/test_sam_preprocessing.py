"""SAM's preparation of an image against the two that its models were trained and published with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from uois_sam.sam.preprocessing import PIXEL_STD, preprocess, resized_size

SIZES = [(480, 640), (640, 480), (1080, 1920), (37, 501), (1024, 1024), (90, 160), (2000, 1500)]
GREY_LEVEL = 1 / min(PIXEL_STD)
CPU = torch.device("cpu")


def picture(height: int, width: int) -> NDArray[np.uint8]:
    """Gradients, an edge and noise."""
    rng = np.random.default_rng(height)
    y, x = np.mgrid[:height, :width]
    image = np.stack([255 * x / width, 255 * y / height, np.where(x + y > width / 2, 230, 20)], axis=-1)
    return np.clip(image + rng.normal(0, 25, image.shape), 0, 255).astype(np.uint8)


def assert_within_a_grey_level(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    difference = (ours - theirs).abs()
    assert difference.max() < 1.01 * GREY_LEVEL
    assert difference.mean() < 0.02 * GREY_LEVEL


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_parity_with_transformers(height: int, width: int) -> None:
    pytest.importorskip("PIL", reason="Pillow is not installed: transformers' SamImageProcessor needs it")
    module = pytest.importorskip("transformers.models.sam.image_processing_pil_sam")
    image = picture(height, width)
    theirs = module.SamImageProcessorPil()(images=image, return_tensors="pt")
    ours = preprocess(image, 1024, CPU)
    assert tuple(theirs["reshaped_input_sizes"][0]) == resized_size(height, width, 1024)
    assert_within_a_grey_level(ours, theirs["pixel_values"])


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_parity_with_segment_anything(height: int, width: int) -> None:
    transforms = pytest.importorskip(
        "segment_anything.utils.transforms", reason="segment_anything with torchvision is not installed"
    )
    image = picture(height, width)
    resized = transforms.ResizeLongestSide(1024).apply_image(image)
    ours = preprocess(image, 1024, CPU)[0, :, : resized.shape[0], : resized.shape[1]]
    theirs = torch.from_numpy(resized.copy()).permute(2, 0, 1).float()
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)))
    assert_within_a_grey_level(ours, (theirs - mean) / std)


def test_an_image_of_the_input_size_is_only_normalised() -> None:
    image = picture(128, 128)
    pixels = preprocess(image, 128, CPU)[0, 0].numpy()
    np.testing.assert_allclose(pixels, (image[..., 0] - 123.675) / 58.395, rtol=1e-5, atol=1e-6)


def test_the_padding_is_zero_and_below_or_beside() -> None:
    wide = preprocess(np.full((50, 100, 3), 255, np.uint8), 64, CPU)
    assert torch.all(wide[..., :32, :] > 1)
    assert torch.all(wide[..., 32:, :] == 0)
    tall = preprocess(np.full((100, 50, 3), 255, np.uint8), 64, CPU)
    assert torch.all(tall[..., :32] > 1)
    assert torch.all(tall[..., 32:] == 0)


@given(st.integers(1, 6000), st.integers(1, 6000), st.sampled_from([64, 512, 1024]))
def test_the_longest_side_fills_the_input(height: int, width: int, longest: int) -> None:
    resized = resized_size(height, width, longest)
    assert max(resized) == longest
    assert min(resized) >= 1
    exact = min(height, width) * longest / max(height, width)
    assert abs(min(resized) - exact) <= max(0.5, 1 - exact) + 1e-9
