"""`synthetic-heldout`: a fixed set of tables laid with objects of families that are never used in training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from uois_sam.datasets.synthetic.files import default_cache_dir
from uois_sam.datasets.synthetic.generate import VERSION, generate

COUNT = 150
SEED = 20_000
SIZE = (480, 640)


def ensure_heldout(
    cache_dir: Path | None = None, *, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> Path:
    """The folder of the held-out set, drawn on the first call (some minutes) and found again later.

    150 frames of 480 x 640 px with a depth sensor's noise. An interrupted call can be repeated.

    Args:
        cache_dir: holds the set; the user's cache folder by default.
        workers: processes. progress: called with (scenes done, scenes in all).

    Raises:
        RendererError: the set is not there and no renderer works here.
    """
    cache = cache_dir or default_cache_dir()
    return generate(
        cache / f"heldout-v{VERSION}",
        COUNT,
        SEED,
        workers=workers,
        size=SIZE,
        families="heldout",
        sensor_noise=True,
        cache_dir=cache,
        progress=progress,
    )
