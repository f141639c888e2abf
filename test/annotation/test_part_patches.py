"""From a folder of images to grouped patches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from uois_sam.annotation.image_folder import list_images
from uois_sam.annotation.part_patches import collect_patches, order_by_clip, order_by_doubt
from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.prototypes import PrototypeSettings
from uois_sam.training.patch_sets import PatchDescriber

pytest.importorskip("sklearn")
GRID = PatchGrid(8, 2)


class Colours:
    """The mean colour of each cell."""

    channels = 3
    network = torch.nn.Identity()

    def __call__(self, images: Sequence[NDArray[np.uint8]], grid: PatchGrid) -> torch.Tensor:
        small = [cv2.resize(image, (grid.cells, grid.cells), interpolation=cv2.INTER_AREA) for image in images]
        return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float()


class Redness:
    """Stands in for CLIP: the first name is red, the second anything else."""

    def __call__(self, patches: Sequence[NDArray[np.uint8]], names: Sequence[str]) -> NDArray[np.float32]:
        red = np.array([patch[..., 0].mean() / 255 for patch in patches])
        return np.stack([red, 1 - red], 1).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three grey images, each with a red patch."""
    for k in (10, 2, 1):
        image = np.full((80, 80, 3), 100, np.uint8)
        image[20:40, 20 * (k % 3) : 20 * (k % 3) + 20] = (0, 0, 250)
        cv2.imwrite(str(tmp_path / f"{k}.png"), image)
    return tmp_path


def test_patches_side_by_side_of_all_images_are_grouped(folder: Path) -> None:
    files = list_images(folder)
    assert files == ("1.png", "2.png", "10.png")
    seen: list[tuple[int, int]] = []
    patches = collect_patches(
        folder,
        files,
        PatchDescriber(Colours(), GRID),
        PrototypeSettings(patches=10),
        lambda k, n: seen.append((k, n)),
    )
    grouped = patches.grouped
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert len(grouped.image) == 3 * 16
    assert len(patches.pictures) == 3
    red = order_by_clip(patches, ["red", "grey"], Redness())
    said = np.full(48, -1, np.int8)
    first = grouped.prototypes[int(red(0, said).argmax())]
    assert sorted(grouped.image[first].tolist()) == [0, 1, 2]
    places = GRID.places()[grouped.patch[first]]
    assert {tuple(p) for p in places.tolist()} == {(2, 2), (2, 4)}
    assert red(1, said).argmin() == red(0, said).argmax()
    largest = order_by_doubt(patches)(0, said).argmax()
    assert len(grouped.prototypes[int(largest)]) == max(map(len, grouped.prototypes))


def test_bad_input(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        list_images(folder / "nowhere")
    (folder / "empty").mkdir()
    (folder / "empty" / ".hidden.png").write_bytes(b"")
    with pytest.raises(InputError, match="holds no image; wanted files that end in"):
        list_images(folder / "empty")
    (folder / "3.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"3\.png is no readable image"):
        collect_patches(folder, list_images(folder), PatchDescriber(Colours(), GRID), PrototypeSettings())
