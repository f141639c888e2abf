"""`uois-sam bench` in this process."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_tables import BrightThings

from uois_sam.cli import main
from uois_sam.commands.bench_clicks import CLICK, DECODE, FINISH, STEP
from uois_sam.commands.bench_stages import PARTS, STAGES, stage_table, summary, time_stages
from uois_sam.sam.tiny.tiny import TinySegmenter
from uois_sam.segmentation.hpg import GridPrompter
from uois_sam.segmentation.pipeline import Pipeline
from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.types import Camera, Frame


def test_every_stage_of_every_counted_frame() -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[10:30, 10:40] = 255
    frame = Frame(image, np.full((48, 64), 0.8, np.float32), Camera(60, 60, 31.5, 23.5, 64, 48))
    steps: list[tuple[int, int]] = []
    finder = SimpleNamespace(segment=lambda embedded, instances: asked.append(len(instances)))
    asked: list[int] = []
    times = time_stages(BrightThings(), finder, iter([frame] * 9), 4, lambda *step: steps.append(step))  # type: ignore[arg-type]
    assert set(times) == {*STAGES, PARTS, "total"}
    assert asked == [1] * 7
    assert {len(values) for values in times.values()} == {4}
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for k in range(4):
        assert times["total"][k] == pytest.approx(sum(times[name][k] for name in (*STAGES, PARTS)))


def test_medians_do_not_follow_a_straggler() -> None:
    figures = summary({"encode": [10.0, 11.0, 12.0, 500.0, 9.0]})
    assert figures["encode"]["median_ms"] == 11
    table = stage_table(figures)
    assert "encode" in table
    assert "11.0" in table


def test_the_command(pipeline: BrightThings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "bench.json"
    assert main(["bench", "--frames", "2", "--threads", "1", "--json", str(out)]) == 0
    written = json.loads(out.read_text())
    assert (written["frames"], written["threads"], written["model"]) == (2, 1, "uois-sam-tiny")
    assert set(written["stages"]) == {*STAGES, "total"}
    assert written["stages"]["decode"]["median_ms"] == 3
    said = capsys.readouterr().out
    for name in (*STAGES, "frames/s"):
        assert name in said
    assert all(pipeline.saw_depth)


def test_clicks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    clicked = Pipeline(TinySegmenter().eval(), GridPrompter(2), learning_rate=1e-3)
    clicked.settings = SegmentationSettings(score_threshold=0.0, max_area=10**6)
    monkeypatch.setattr("uois_sam.segmentation.load.load_pipeline", lambda *_: clicked)
    out = tmp_path / "clicks.json"
    assert main(["bench", "--clicks", "--frames", "2", "--threads", "1", "--json", str(out)]) == 0
    written = json.loads(out.read_text())
    assert set(written["times"]) == {CLICK, DECODE, STEP, FINISH}
    assert set(written["decodes"]) == {STEP, FINISH}
    assert "in decodes" in capsys.readouterr().out
    assert main(["bench", "--clicks", "--parts", "wps-sam:x"]) == 2
    clicked.settings = SegmentationSettings(score_threshold=1.0)
    assert main(["bench", "--clicks", "--frames", "1"]) == 2
    assert "nothing to click on" in capsys.readouterr().err
