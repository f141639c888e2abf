"""Procedural textures are images, and depend on their index alone."""

from __future__ import annotations

import numpy as np
import pytest

from uois_sam.datasets.synthetic import textures
from uois_sam.datasets.synthetic.image_light import ktx, panorama
from uois_sam.datasets.synthetic.textures import SIZE, draw_texture

KINDS = sorted(textures._PAINTERS)


@pytest.mark.parametrize("kind", KINDS)
def test_texture_is_an_image(kind: str) -> None:
    for seed in range(4):
        image = draw_texture(np.random.default_rng(seed), kind)
        assert image.dtype == np.uint8
        assert image.shape == ((2 * SIZE, 3 * SIZE, 3) if kind == "carton" else (SIZE, SIZE, 3))


@pytest.mark.parametrize("kind", ["wood", "carton", "label"])
def test_textures_of_a_kind_differ(kind: str) -> None:
    images = {draw_texture(np.random.default_rng(seed), kind).tobytes() for seed in range(6)}
    assert len(images) >= 4


def test_texture_repeats_by_seed() -> None:
    one = draw_texture(np.random.default_rng(1), "label")
    textures._pooled.cache_clear()
    np.testing.assert_array_equal(one, draw_texture(np.random.default_rng(1), "label"))


def test_panorama_is_positive_and_of_known_mean() -> None:
    image = panorama(np.random.default_rng(0), 64, 128)
    assert image.shape == (64, 128, 3)
    assert (image >= 0).all()
    assert image.mean() == pytest.approx(0.6, rel=0.01)


def test_ktx_holds_all_levels_of_the_cube() -> None:
    content = ktx(panorama(np.random.default_rng(0), 64, 128), np.random.default_rng(0))
    assert content.startswith(b"\xabKTX 11\xbb\r\n\x1a\n")
    size = int.from_bytes(content[36:40], "little")
    levels, metadata = int.from_bytes(content[56:60], "little"), int.from_bytes(content[60:64], "little")
    pixels = sum(6 * 4 * (size >> level) ** 2 + 4 for level in range(levels))
    assert len(content) == 64 + metadata + pixels
