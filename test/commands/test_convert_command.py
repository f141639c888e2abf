"""`uois-sam convert`: what it says, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from uois_sam.cli import main
from uois_sam.datasets.folder import FolderDataset


def test_there_and_back(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", f"folder:{table}", str(tmp_path / "x.mcap"), "--rate", "20"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"folder {table}: 3 frames"
    assert said[1] == f"3 frames: colour, depth, intrinsics, labels of 3: {tmp_path / 'x.mcap'}"
    assert main(["convert", str(tmp_path / "x.mcap"), str(tmp_path / "back")]) == 0
    assert "/camera/camera/color/image_raw" in capsys.readouterr().out
    found, wanted = FolderDataset(tmp_path / "back"), FolderDataset(table)
    assert found.sequence is not None
    assert found.sequence.frame_rate == 20.0
    for a, b in zip(found, wanted, strict=True):
        assert (a.image == b.image).all()
        assert (a.label == b.label).all()
        assert a.camera == b.camera


def test_refusals(table: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    assert "there is nothing at" in refused("convert", f"folder:{tmp_path / 'no'}", tmp_path / "x.mcap")
    assert "holds images already" in refused("convert", table, table)
    assert "synthetic has no end" in refused("convert", "synthetic", tmp_path / "x.mcap")
    assert "rate is 0.0" in refused("convert", table, tmp_path / "x.mcap", "--rate", 0)
    assert not (tmp_path / "x.mcap").exists()


def test_it_needs_no_ros(table: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['rclpy'] = None; from uois_sam.cli import main; sys.exit(main(sys.argv[1:]))"
    given = [sys.executable, "-c", code, "convert", str(table), str(tmp_path / "x.mcap")]
    subprocess.run(given, check=True, timeout=120)
    assert (tmp_path / "x.mcap").is_file()
