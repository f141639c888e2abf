"""Photographs with one mask each."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from uois_sam.datasets.catalogue import open_dataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.masks import MaskFolder
from uois_sam.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("color", "mask"):
        (tmp_path / name).mkdir()
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 5:15], mask[4] = 255, 128
    for name in ("a10", "a9"):
        cv2.imwrite(str(tmp_path / "color" / f"{name}.jpg"), np.full((20, 30, 3), 90, np.uint8))
        cv2.imwrite(str(tmp_path / "mask" / f"{name}.png"), mask)
    return tmp_path


def test_images_and_masks_belong_together(folder: Path) -> None:
    dataset = open_dataset(f"masks:{folder}")
    assert isinstance(dataset, MaskFolder)
    assert dataset.names == ["a9", "a10"]
    assert dataset.rule == LabelRule(1, 128)
    frame = dataset[0]
    assert frame.name == "a9"
    assert frame.image.shape == (20, 30, 3)
    assert (dataset.rule.objects(frame.label) > 0).sum() == 100
    assert dataset.rule.ignored(frame.label).sum() == 30


def test_bad_input(folder: Path) -> None:
    cv2.imwrite(str(folder / "mask" / "a9.png"), np.zeros((20, 31), np.uint8))
    dataset = MaskFolder(folder)
    with pytest.raises(InputError, match="31 x 20"):
        dataset[0]
    (folder / "mask" / "a10.png").unlink()
    with pytest.raises(InputError, match="cannot read"):
        dataset[1]
    (folder / "mask" / "a9.png").unlink()
    (folder / "mask").rmdir()
    with pytest.raises(InputError, match="no folder mask/"):
        MaskFolder(folder)
    with pytest.raises(InputError, match="is no folder"):
        MaskFolder(folder / "missing")


def test_grabcut_is_read(shared_dir: Path) -> None:
    dataset = MaskFolder(shared_dir / "realdata" / "grabcut")
    assert len(dataset) == 49
    frame = dataset[0]
    assert set(np.unique(frame.label)) == {0, 128, 255}
