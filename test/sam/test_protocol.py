from __future__ import annotations

import numpy as np
import pytest
import torch

from uois_sam.errors import InputError
from uois_sam.sam.protocol import Embedding, Prompts, check_depth, check_image


def test_rows_must_agree() -> None:
    with pytest.raises(InputError, match="one row per prompt"):
        Prompts(points=torch.zeros(2, 1, 2), labels=torch.ones(2, 1), boxes=torch.zeros(3, 4))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "needs points"),
        ({"masks": torch.zeros(1, 4, 4)}, "needs points"),
        ({"points": torch.zeros(1, 1, 2)}, "need labels"),
        ({"points": torch.zeros(1, 2, 2), "labels": torch.ones(1, 1)}, "do not fit"),
        ({"points": torch.zeros(1, 2, 3), "labels": torch.ones(1, 2)}, "x, y in pixels"),
        ({"boxes": torch.zeros(1, 2)}, "x0, y0, x1, y1"),
        ({"tokens": torch.zeros(1, 2, 8), "boxes": torch.zeros(1, 4)}, "one or the other"),
    ],
)
def test_refuses_what_is_no_prompt(fields: dict[str, torch.Tensor], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Prompts(**fields)


def test_slices_all_fields() -> None:
    prompts = Prompts(points=torch.arange(8.0).view(4, 1, 2), labels=torch.ones(4, 1), masks=torch.zeros(4, 2, 2))
    cut = prompts[1:3]
    assert len(cut) == 2
    assert cut.masks is not None
    assert cut.points is not None
    assert cut.points[0, 0].tolist() == [2, 3]


def test_map_cuts_the_padding() -> None:
    embedding = Embedding((torch.zeros(1, 8, 64, 64),), (480, 640), (0.75, 1.0))
    assert embedding.map(0).shape == (1, 8, 48, 64)


def test_check_image() -> None:
    check_image(np.zeros((16, 16, 3), np.uint8))
    for bad in (np.zeros((16, 16), np.uint8), np.zeros((16, 16, 3), np.float32), np.zeros((1, 1, 3), np.uint8)):
        with pytest.raises(InputError, match="image is"):
            check_image(bad)  # type: ignore[arg-type]


def test_check_depth() -> None:
    image = np.zeros((16, 20, 3), np.uint8)
    check_depth(np.zeros((16, 20), np.float32), image)
    for bad in (np.zeros((16, 19), np.float32), np.zeros((16, 20), np.uint16)):
        with pytest.raises(InputError, match="depth is"):
            check_depth(bad, image)  # type: ignore[arg-type]
