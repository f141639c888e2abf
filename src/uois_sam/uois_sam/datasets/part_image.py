"""Images with the masks of the parts of what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError


@dataclass(frozen=True)
class PartImage:
    """One image of a part data set.

    Attributes:
        name: what a person would call it, e.g. the file's stem.
        image: (H, W, 3) uint8 RGB.
        masks: (H, W) bool per part; a part that the image does not show has none.
    """

    name: str
    image: NDArray[np.uint8]
    masks: dict[str, NDArray[np.bool_]]

    def mask(self, part: str) -> NDArray[np.bool_]:
        """(H, W) bool, empty where the image does not show the part."""
        found = self.masks.get(part)
        return np.zeros(self.image.shape[:2], bool) if found is None else found


class PartImages(Protocol):
    """A part data set, or some of its images; they are read when they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> PartImage: ...


@dataclass(frozen=True)
class ChosenImages:
    """Some images of a data set, by their numbers there."""

    images: PartImages
    chosen: Sequence[int]

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: int) -> PartImage:
        return self.images[self.chosen[index]]


def split_images(images: PartImages, train: int, held: int | None, seed: int) -> tuple[ChosenImages, ChosenImages]:
    """Random `train` images, and `held` others, all others for None.

    Raises:
        InputError: there are not so many.
    """
    order = np.random.default_rng(seed).permutation(len(images)).tolist()
    rest = order[train:] if held is None else order[train : train + held]
    if not rest or (held is not None and len(rest) < held):
        raise InputError(
            f"{len(order)} images are too few to train on {train} and hold {1 if held is None else held} out"
        )
    return ChosenImages(images, order[:train]), ChosenImages(images, rest)
