"""`uois-sam reproduce table4` with the bundled model on two tiny frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from uois_sam.cli import main
from uois_sam.evaluation.results import FIGURES
from uois_sam.segmentation.load import load_pipeline


def test_table_four(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = table.parent / "new" / "table4.json"
    given = ["reproduce", "table4", "--dataset", f"folder:{table}", "--json", str(out), "--frames", "2"]
    assert main([*given, "--device", "cpu", "--no-depth"]) == 0
    said = capsys.readouterr().out
    written = json.loads(out.read_text())
    assert (written["table"], written["model"], written["images"], written["depth"]) == (
        "IV",
        "uois-sam-tiny",
        2,
        "none",
    )
    assert written["settings"] == asdict(load_pipeline("uois-sam-tiny", "cpu").settings)
    grid, foreground, heatmap, hdnet, geometry = written["rows"]
    for row in written["rows"]:
        assert row["name"] in said
        assert set(row["mean"]) == set(row["interval95"]) == set(FIGURES)
        assert [image["name"] for image in row["rows"]] == ["1", "10"]
        assert row["seconds_per_frame"] > 0
        assert f"{100 * row['mean']['overlap_f']:.1f}" in said
    assert grid["prompts_per_frame"] == 1024
    assert foreground["prompts_per_frame"] < 1024
    assert heatmap["prompts_per_frame"] == hdnet["prompts_per_frame"] <= 30
    assert geometry["prompts_per_frame"] is None


def test_what_the_data_cannot_give_stands_in_its_place(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from uois_sam.evaluation.table4 import GEOMETRY, methods

    monkeypatch.setattr("uois_sam.evaluation.table4.methods", lambda pipeline: methods(pipeline)[2:])
    (table / "camera.json").unlink()
    out = table.parent / "table4.json"
    given = ["reproduce", "table4", "--dataset", f"folder:{table}", "--json", str(out), "--frames", "1"]
    assert main([*given, "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert f"{GEOMETRY}: frame '1' has no depth or no intrinsics" in said
    heatmap, hdnet, geometry = json.loads(out.read_text())["rows"]
    assert "mean" in heatmap
    assert "mean" in hdnet
    assert set(geometry) == {"name", "missing"}


def test_bad_input(table: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    out = tmp_path / "out.json"
    start = ("reproduce", "table4", "--json", out, "--dataset")
    assert "give osd:PATH" in refused(*start, "osd")
    assert "is no folder" in refused(*start, f"folder:{tmp_path / 'nowhere'}")
    assert "no whole number" in refused(*start, f"folder:{table}", "--frames", "0")
    assert "no config.json" in refused(*start, f"folder:{table}", "--model", table)
    assert "cannot write" in refused("reproduce", "table4", "--dataset", f"folder:{table}", "--json", table)
    assert not out.exists()
