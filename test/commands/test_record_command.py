"""What `uois-sam record` takes, and how it counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from uois_sam.commands.record import count_frames

IMAGE = "/camera/camera/color/image_raw"


@pytest.mark.parametrize(
    ("counts", "frames"),
    [
        ({}, 0),
        ({"/diagnostics": 9}, 0),
        ({"/diagnostics": 9, "/x": 2, "/y": 3}, 3),
        ({IMAGE: 2, "/y": 3}, 2),
        ({IMAGE: 2, f"/left{IMAGE}": 4, "/y": 30}, 4),
    ],
)
def test_frames_are_images_of_the_busiest_camera(counts: dict[str, int], frames: int) -> None:
    assert count_frames(counts) == frames


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--frames", "0"), "no whole number from 1 on"),
        (("--seconds", "-1"), "no number of seconds above 0"),
        (("--seconds", "nan"), "no number of seconds above 0"),
        (("--seconds", "soon"), "no number of seconds above 0"),
    ],
)
def test_wrong_options(refused: Callable[..., str], arguments: tuple[str, str], says: str) -> None:
    assert says in refused("record", "x.mcap", *arguments)


def test_a_name_that_is_no_mcap(refused: Callable[..., str], tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    assert "ends in .mcap" in refused("record", tmp_path / "x.bag")
    assert list(tmp_path.iterdir()) == []


def test_a_domain_that_is_no_number(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rclpy")
    monkeypatch.setenv("ROS_DOMAIN_ID", "seven")
    assert "ROS_DOMAIN_ID is 'seven'; wanted a number" in refused("record", "x.mcap")
