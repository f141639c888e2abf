"""A tiny data set in the layout that `uois-sam synth` writes, drawn without a renderer."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four frames of a flat table 0.8 m below the camera with two boxes on it."""
    folder = tmp_path_factory.mktemp("tables")
    for name in ("color", "depth", "label", "parts", "frames"):
        (folder / name).mkdir()
    rng = np.random.default_rng(0)
    for k in range(4):
        label, parts = np.zeros((2, 240, 320), np.uint8)
        depth = np.full((240, 320), 800, np.uint16)
        color = np.full((240, 320, 3), 90, np.uint8)
        for thing in (1, 2):
            x, y = int(rng.integers(20, 220)), int(rng.integers(20, 160))
            area = (slice(y, y + 60), slice(x, x + 70))
            parts[area], parts[y : y + 60, x : x + 25] = 1, 2
            label[area], depth[area], color[area] = thing, 740, rng.integers(0, 255, 3)
        cv2.imwrite(str(folder / "color" / f"{k}.jpg"), color)
        cv2.imwrite(str(folder / "depth" / f"{k}.png"), depth)
        cv2.imwrite(str(folder / "label" / f"{k}.png"), label.astype(np.uint16))
        cv2.imwrite(str(folder / "parts" / f"{k}.png"), parts.astype(np.uint16))
        camera = {
            "fx": 260,
            "fy": 260,
            "cx": 159.5,
            "cy": 119.5,
            "width": 320,
            "height": 240,
            "depth_scale": 0.001,
        }
        meta = {**camera, "table_plane": [0, 0, -1, 0.8]}
        (folder / "frames" / f"{k}.json").write_text(json.dumps(meta))
    return folder
