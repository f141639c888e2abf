"""Figures of `uois-sam bench --ros` from recorded values."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

if importlib.util.find_spec("rclpy") is None:
    pytest.skip("no rclpy here", allow_module_level=True)

from uois_sam.commands.bench_ros import memory_figures, node_table


def test_memory_that_grows_shows_its_slope() -> None:
    warm = [500.0 + 10 * k for k in range(20)]
    flat = memory_figures([*warm, *[700.0] * 80])
    assert (flat["first"], flat["last"], flat["highest"]) == (500, 700, 700)
    assert flat["per_100_frames"] == pytest.approx(0, abs=1e-9)
    grows = memory_figures([600 + 0.1 * k for k in range(100)])
    assert grows["per_100_frames"] == pytest.approx(10)
    assert memory_figures([600.0])["per_100_frames"] == 0


def test_the_table_says_all_figures() -> None:
    figures: dict[str, Any] = {
        "camera_to_subscriber": {"median_ms": 2.6, "p90_ms": 3.1},
        "perception": {
            "frames": 500,
            "frames_per_second": 3.456,
            "camera_to_clouds": {"median_ms": 301.0, "p90_ms": 350.0},
            "stages_ms": {"segmentation": {"encode": 80.0}},
            "memory_mb": {"first": 600.0, "last": 610.0, "highest": 620.0, "per_100_frames": 0.5},
        },
    }
    table = node_table(figures)
    for words in ("2.6", "301.0", "segmentation: encode", "3.46 frames/s", "620 MB", "+0.50 MB per 100 frames"):
        assert words in table
