"""`uois-sam reproduce table5`: what is trained and scored, what is not done twice, and what is refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_tables import BrightThings, true_label, write_frame

from uois_sam.cli import main
from uois_sam.evaluation.results import FIGURES
from uois_sam.segmentation.load import load_pipeline


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """The run folders and shares that were to be trained; nothing is."""
    seen: list[tuple[str, float]] = []

    def train(loaded: Any, dataset: Any, rule: Any, name: str, run: Path, settings: Any, percent: float) -> Path:
        seen.append((run.name, percent))
        return run / f"hdnet-{percent:g}" / "model"

    monkeypatch.setattr("uois_sam.evaluation.table5.train_heads", train)
    return seen


def command(table: Path, *more: str) -> list[str]:
    where = ["--data", str(table), "--dataset", f"folder:{table}", "--out", str(table.parent / "run")]
    return ["reproduce", "table5", *where, "--device", "cpu", *more]


def written(table: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((table.parent / "run" / "table5.json").read_text())
    return content


def shares(table: Path) -> list[tuple[float, int, str]]:
    return [(row["percent"], row["frames"], row["depth"]) for row in written(table)["rows"]]


def test_rows_of_both_inputs_for_each_share(
    table: Path, pipeline: BrightThings, trained: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(table, "--percent", "100,50", "--workers", "2")) == 0
    said = capsys.readouterr().out
    assert trained == [("run", 50), ("run", 100)]
    assert shares(table) == [(50, 1, "none"), (50, 1, "measured"), (100, 2, "none"), (100, 2, "measured")]
    assert pipeline.saw_depth == [False] * 3 + [True] * 3 + [False] * 3 + [True] * 3
    content = written(table)
    assert (content["table"], content["images"], content["model"]) == ("V", 3, "uois-sam-tiny")
    assert content["training"]["hpg"]["epochs"] == 30
    for row in content["rows"]:
        assert set(row["mean"]) == set(row["interval95"]) == set(FIGURES)
        assert [image["name"] for image in row["rows"]] == ["1", "2", "10"]
    with (table.parent / "run" / "table5.csv").open(newline="") as file:
        assert [line["percent"] for line in csv.DictReader(file)] == ["50", "50", "100", "100"]
    rgb, rgbd = said.split("\n\n")
    for text, title in ((rgb[rgb.index("RGB  ") :], "RGB"), (rgbd, "RGB-D")):
        heading, _, half, whole = text.splitlines()[:4]
        assert heading.split() == [title, "frames", "overlap", "P", "R", "F", "boundary", "P", "R", "F", "%75"]
        assert half.split() == ["50", "%", "1", *["100.0"] * 7]
        assert whole.split() == ["100", "%", "2", *["100.0"] * 7]


def test_what_is_in_the_table_is_not_done_again(
    table: Path, pipeline: BrightThings, trained: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(table, "--percent", "50")) == 0
    first = written(table)["rows"]
    assert main(command(table, "--percent", "50,10")) == 0
    assert trained == [("run", 50), ("run", 10)]
    assert shares(table) == [(10, 1, "none"), (10, 1, "measured"), (50, 1, "none"), (50, 1, "measured")]
    assert written(table)["rows"][2:] == first
    assert "50 %: done before" in capsys.readouterr().out


def test_an_interrupted_table_goes_on_with_the_row_that_is_missing(
    table: Path, pipeline: BrightThings, trained: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    inner = BrightThings.__call__

    def call(self: BrightThings, *args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:  # in the middle of the second row
            raise KeyboardInterrupt
        return inner(self, *args)

    monkeypatch.setattr(BrightThings, "__call__", call)
    assert main(command(table, "--percent", "50")) == 130
    assert shares(table) == [(50, 1, "none")]
    assert main(command(table, "--percent", "50")) == 0
    assert shares(table) == [(50, 1, "none"), (50, 1, "measured")]
    assert calls == 5 + 3
    assert trained == [("run", 50)] * 2  # where the run is found finished


def test_a_table_of_other_settings_is_begun_anew(
    table: Path, pipeline: BrightThings, trained: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ([], ["--frames", "2"], ["--frames", "2", "--epochs", "3"], ["--frames", "2", "--epochs", "3"]):
        assert main(command(table, "--percent", "50", *more)) == 0
    assert len(trained) == 3
    assert capsys.readouterr().out.count("begun anew") == 2
    assert written(table)["training"]["hdnet"]["epochs"] == 3
    assert written(table)["images"] == 2


def test_colour_alone_where_there_is_no_depth_or_nobody_looks_at_it(
    table: Path, tmp_path: Path, pipeline: BrightThings, trained: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = tmp_path / "rgb" / "set"
    for name in "ab":
        write_frame(rgb, name, depth=False, label=true_label())
    assert main(command(rgb, "--percent", "100")) == 0
    assert shares(rgb) == [(100, 1, "none")]
    blind = SimpleNamespace(segmenter=SimpleNamespace(uses_depth=False))
    monkeypatch.setattr("uois_sam.segmentation.load.load_segmenter", lambda model, device: blind)
    assert main(command(table, "--percent", "100")) == 0
    assert shares(table) == [(100, 2, "none")]


def test_from_data_to_a_table(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hpg, hdnet = table.parent / "hpg.yaml", table.parent / "hdnet.yaml"
    hpg.write_text("channels: 8\nscales: [2]\nloop: {threads: 1}\n")
    hdnet.write_text("points: 4\nloop: {threads: 1}\n")
    more = ["--hpg-config", str(hpg), "--hdnet-config", str(hdnet), "--epochs", "1", "--percent", "100"]
    assert main(command(table, *more, "--frames", "1")) == 0
    run = table.parent / "run"
    assert "100 %: 2 of 3 frames" in capsys.readouterr().out
    assert json.loads((run / "hpg-100" / "config.json").read_text())["channels"] == 8
    assert load_pipeline(str(run / "hdnet-100" / "model"), "cpu").hdnet is not None
    assert shares(table) == [(100, 2, "none"), (100, 2, "measured")]


def test_bad_input(
    table: Path, tmp_path: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = command(table)
    for percent in ("0", "101", "x", "", "1,,2", "nan"):
        assert "are no shares; give per cents above 0" in refused(*given, "--percent", percent)
    assert "is no folder" in refused(*given, "--data", tmp_path / "nowhere")
    assert "is no folder" in refused(*given, "--dataset", f"folder:{tmp_path / 'nowhere'}")
    assert "cannot read" in refused(*given, "--hpg-config", tmp_path / "no.yaml")
    (tmp_path / "bad.yaml").write_text("share: {seed: 3}")
    assert "give both the same validation and seed" in refused(*given, "--hpg-config", tmp_path / "bad.yaml")
    assert "no config.json" in refused(*given, "--model", table)
    assert "cannot make the folder" in refused(*given, "--out", table / "camera.json" / "x")
    assert not (tmp_path / "run" / "table5.json").exists()
    (tmp_path / "run" / "table5.json").write_text("{")
    assert "table5.json is no table of `uois-sam reproduce table5`" in refused(*given)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "start it without torchrun" in refused(*given)
