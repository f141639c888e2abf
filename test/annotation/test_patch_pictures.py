"""Pictures of patches."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from uois_sam.annotation.patch_pictures import PatchPictures
from uois_sam.parts.guided_sam.patches import PatchGrid

GRID = PatchGrid(14, 1)


def decoded(data: bytes) -> NDArray[np.uint8]:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def red_at(patch: int, height: int = 280, width: int = 420) -> PatchPictures:
    """One blue image whose patch is red."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 2] = 200
    x0, y0, x1, y1 = GRID.boxes((0, 0, width, height))[patch].astype(int)
    image[y0:y1, x0:x1] = (200, 0, 0)
    pictures = PatchPictures(GRID)
    pictures.add(image)
    return pictures


@pytest.mark.parametrize("patch", [0, 13, 30, 195])
def test_the_patch_is_in_the_middle_of_its_dimmed_surroundings(patch: int) -> None:
    crop = decoded(red_at(patch).crop(0, patch))
    h, w = crop.shape[:2]
    assert max(h, w) == 144
    assert w > h
    middle = crop[h // 2, w // 2].astype(int)
    assert np.abs(middle - (200, 0, 0)).max() < 40
    beyond = crop[h // 2, w // 2 - w // 3 - 4 if patch % 14 else w // 2 + w // 3 + 4].astype(int)
    assert beyond.max() < 140
    assert crop[h // 3 - 2 : h // 3 + 3, w // 2].max() > 150  # the frame


def test_the_patch_alone_is_what_clip_sees() -> None:
    alone = red_at(30).patch(0, 30)
    assert alone.shape == (20, 30, 3)
    assert np.abs(alone.mean((0, 1)) - (200, 0, 0)).max() < 30


def test_the_whole_image_has_the_patch_framed_and_is_kept_small() -> None:
    whole = decoded(red_at(30, 2800, 4200).whole(0, 30))
    assert whole.shape == (933, 1400, 3)
    x0, y0, x1, y1 = GRID.boxes((0, 0, 1400, 933))[30].astype(int)
    assert np.abs(whole[(y0 + y1) // 2, (x0 + x1) // 2].astype(int) - (200, 0, 0)).max() < 40
    assert whole[(y0 + y1) // 2, x0 - 2 : x0 + 3].min(1).max() > 100  # white is red and blue and green


def test_images_smaller_than_the_grid_have_pictures_too() -> None:
    pictures = PatchPictures(GRID)
    pictures.add(np.full((3, 5, 3), 90, np.uint8))
    assert len(pictures) == 1
    for patch in (0, 97, 195):
        assert min(pictures.patch(0, patch).shape) >= 1
        assert max(decoded(pictures.crop(0, patch)).shape) >= 96
