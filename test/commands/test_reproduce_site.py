"""`uois-sam reproduce site`: what it prints and writes, and bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_tables import true_label, write_frame

from uois_sam.cli import main
from uois_sam.sam.tiny.tiny import TinySegmenter
from uois_sam.segmentation.hpg import GridPrompter
from uois_sam.segmentation.pipeline import Pipeline

COMMAND = ("reproduce", "site", "--device", "cpu", "--corrected", "1", "--scored", "1")


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """What `load_pipeline` gives, with random weights."""
    torch.manual_seed(0)
    made = Pipeline(TinySegmenter().eval(), GridPrompter(2), learning_rate=1e-3)
    monkeypatch.setattr("uois_sam.segmentation.load.load_pipeline", lambda *_: made)
    return made


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        write_frame(tmp_path / "table", name, depth=False, label=true_label())
    return tmp_path / "table"


def test_it_scores_before_and_after(
    pipeline: Pipeline, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "site.json"
    assert main([*COMMAND, "--dataset", f"folder:{table}", "--old", f"folder:{table}", "--json", str(out)]) == 0
    document = json.loads(out.read_text())
    assert (document["corrected"], document["configuration"]) == (1, "E,CM")
    assert {correction["image"] for correction in document["corrections"]} == {"a"}
    assert all(1 <= len(correction["ious"]) <= 5 for correction in document["corrections"])
    assert document["next"]["images"] == document["old"]["images"] == 1
    for name in ("next", "old"):
        before, after = (document[name][state]["mean"]["overlap_f"] for state in ("before", "after"))
        assert document[name]["change"]["mean"]["overlap_f"] == pytest.approx(after - before)
    printed = capsys.readouterr().out
    assert "things corrected on 1 images" in printed
    assert "old, change" in printed


def test_bad_input(pipeline: Pipeline, table: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    data = ("--dataset", f"folder:{table}", "--old", f"folder:{table}")
    out = ("--json", tmp_path / "site.json")
    assert "cannot write" in refused(*COMMAND, *data, "--json", tmp_path)
    assert "configuration 'R,X'" in refused(*COMMAND, *data, *out, "--configuration", "R,X")
    assert "none is left to score" in refused(*COMMAND, *data, *out, "--corrected", 2)
    assert "is no folder" in refused(*COMMAND, "--dataset", "folder:missing", *data[2:], *out)
