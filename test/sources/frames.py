"""Frames that tests write and read again."""

from __future__ import annotations

import numpy as np

from uois_sam.types import Camera, Frame

H, W = 24, 32
CAMERA = Camera(30.5, 31.25, 15.5, 11.25, W, H)
START = 1_700_000_000_000_000_000
STEP = 100_000_000


def frame(k: int, *, depth: bool = True, camera: Camera | None = CAMERA, label: bool = True) -> Frame:
    """The k-th frame, of noise."""
    rng = np.random.default_rng(k)
    return Frame(
        image=rng.integers(0, 256, (H, W, 3), np.uint8),
        depth=rng.integers(0, 65536, (H, W)).astype(np.float32) * np.float32(0.001) if depth else None,
        camera=camera,
        stamp=START + k * STEP,
        name=str(k),
        label=rng.integers(0, 65536, (H, W)).astype(np.uint16) if label else None,
    )


def assert_same(found: Frame, wanted: Frame) -> None:
    """Image, label, stamp and camera equal, depth to the millimetre."""
    assert np.array_equal(found.image, wanted.image)
    assert found.stamp == wanted.stamp
    assert found.camera == wanted.camera
    for a, b in ((found.label, wanted.label), (found.depth, wanted.depth)):
        assert (a is None) == (b is None)
        assert a is None or b is None or (a.dtype == b.dtype and np.array_equal(a, b))
