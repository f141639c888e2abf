"""What a person said of one thing in one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uois_sam.adaptation.interactive import Click
from uois_sam.errors import InputError
from uois_sam.sam.protocol import Embedding


@dataclass(frozen=True)
class Correction:
    """Clicks on one thing of one image, in their order.

    Attributes:
        embedding: of the image.
        initial: (H, W) bool, the mask that they correct; None where they begin a thing anew.
        clicks: at least one.
    """

    embedding: Embedding
    initial: NDArray[np.bool_] | None
    clicks: tuple[Click, ...]


def as_clicks(xs: Sequence[float], ys: Sequence[float], labels: Sequence[int]) -> tuple[Click, ...]:
    """Clicks from their coordinates in pixels, and labels 1 (on the thing) or 0 (off it).

    Raises:
        InputError: there are none, not as many of each, or a label is another number.
    """
    if not len(xs) == len(ys) == len(labels):
        raise InputError(f"{len(xs)} xs, {len(ys)} ys and {len(labels)} labels; give one of each per click")
    if len(xs) == 0:
        raise InputError("0 clicks; give at least one")
    if not set(labels) <= {0, 1}:
        raise InputError(f"click labels are {list(labels)}; give 1 for on the thing, 0 for off it")
    return tuple(Click(float(x), float(y), bool(on)) for x, y, on in zip(xs, ys, labels, strict=True))
