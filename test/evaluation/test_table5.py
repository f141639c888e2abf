"""Table V: the training of a share, and rows that are written and gone on with."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.metrics import Scores
from uois_sam.evaluation.results import FIGURES, Evaluation, ImageScores
from uois_sam.evaluation.table5 import HeadsTraining, Row, read_rows, rows_as_csv, train_heads
from uois_sam.segmentation.hpg import HeatmapPromptGenerator
from uois_sam.segmentation.load import load_pipeline, load_segmenter
from uois_sam.training.frames import Share
from uois_sam.training.hdnet import HDNetTraining
from uois_sam.training.hpg import HPGTraining
from uois_sam.training.loop import LoopSettings
from uois_sam.types import Frame

LOOP = LoopSettings(learning_rate=1e-3, warmup=0, average=0.0, threads=1)
SETTINGS = HeadsTraining(
    HPGTraining(channels=8, scales=(2.0,), epochs=1, loop=LOOP), HDNetTraining(points=4, epochs=1, loop=LOOP)
)


def frame(k: int) -> Frame:
    rng = np.random.default_rng(k)
    label = np.zeros((48, 64), np.uint16)
    label[10:30, 5 + k : 30 + k] = 1
    return Frame(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8), name=f"frame{k}", label=label)


FRAMES = [frame(k) for k in range(5)]


def test_both_heads_are_trained_on_the_share(tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", torch.device("cpu"))
    folders = {
        percent: train_heads(loaded, FRAMES, LabelRule(), "five", tmp_path, SETTINGS, percent)
        for percent in (25.0, 50.0)
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "features",
        "hdnet-25",
        "hdnet-50",
        "hpg-25",
        "hpg-50",
    ]
    for percent, count in ((25, 1), (50, 2)):
        hpg, hdnet = (
            json.loads((tmp_path / f"{kind}-{percent}" / "config.json").read_text()) for kind in ("hpg", "hdnet")
        )
        assert (hpg["frames"], hdnet["count"]) == (count, count)
        assert hpg["share"] == hdnet["share"] == {"percent": percent, "validation": 5.0, "seed": 0}
    weights = {}
    for percent, folder in folders.items():
        assert folder == tmp_path / f"hdnet-{percent:g}" / "model"
        pipeline = load_pipeline(str(folder), "cpu")
        assert isinstance(pipeline.prompter, HeatmapPromptGenerator)
        assert pipeline.hdnet is not None
        weights[percent] = [*pipeline.prompter.head.parameters(), *pipeline.hdnet.parameters()]
        trained = load_pipeline(str(tmp_path / f"hpg-{percent:g}" / "model"), "cpu").prompter
        assert isinstance(trained, HeatmapPromptGenerator)
        for one, other in zip(pipeline.prompter.head.parameters(), trained.head.parameters(), strict=True):
            assert torch.equal(one, other)
    assert any(not torch.equal(a, b) for a, b in zip(weights[25], weights[50], strict=True))


def test_a_share_that_is_trained_is_not_trained_again(tmp_path: Path) -> None:
    loaded = load_segmenter("uois-sam-tiny", torch.device("cpu"))
    given = (loaded, FRAMES, LabelRule(), "five", tmp_path, SETTINGS, 25.0)
    train_heads(*given)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("h*/checkpoint.pt")}
    train_heads(*given)
    assert len(before) == 2
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_heads_that_would_see_other_frames_are_refused() -> None:
    with pytest.raises(InputError, match="give both the same validation and seed"):
        HeadsTraining(HPGTraining(share=Share(seed=1)), HDNetTraining())
    given = HeadsTraining(HPGTraining(share=Share(percent=3)), HDNetTraining(share=Share(percent=7)))
    assert given.of_share(40).hpg.share == given.of_share(40).hdnet.share == Share(percent=40)
    assert given.as_dict() == HeadsTraining(HPGTraining(), HDNetTraining()).as_dict()
    assert given.as_dict() != replace(given, hpg=replace(given.hpg, sigma=0.5)).as_dict()
    with pytest.raises(InputError, match="percent is 0"):
        given.of_share(0)


def evaluation(f: float) -> Evaluation:
    scores = [Scores(1, f, f, 1, f, f, f, 1, 1), Scores(1, 1, 1, 1, 1, 1, 1, 1, 1)]
    return Evaluation(tuple(ImageScores(f"image{k}", one) for k, one in enumerate(scores)))


ROWS = [Row(1.0, 3, "none", evaluation(0.5)), Row(0.5, 1, "measured", evaluation(0.25))]
MADE_FROM = {"dataset": "a", "training": {"hpg": {"scales": (2.0,)}}}


def write(path: Path, **changed: Any) -> Path:
    path.write_text(json.dumps({**MADE_FROM, "rows": [row.as_dict() for row in ROWS], **changed}))
    return path


def test_rows_are_read_back_where_they_were_made_from_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "table5.json", versions={"numpy": "1"})
    assert read_rows(path, MADE_FROM) == ROWS
    assert read_rows(path, {**MADE_FROM, "dataset": "b"}) == []
    assert read_rows(path, {**MADE_FROM, "training": {}}) == []
    assert read_rows(path, {**MADE_FROM, "new": 1}) == []
    assert read_rows(tmp_path / "none.json", MADE_FROM) == []


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [3],
        [{}],
        [{**ROWS[0].as_dict(), "percent": "1"}],
        [{**ROWS[0].as_dict(), "depth": "deep"}],
        [{**ROWS[0].as_dict(), "depth": []}],
        [{**ROWS[0].as_dict(), "rows": []}],
    ],
)
def test_broken_tables_are_refused_in_one_line(tmp_path: Path, rows: Any) -> None:
    path = write(tmp_path / "table5.json", rows=rows)
    with pytest.raises(InputError, match=r"table5.json is no table of .* remove it") as error:
        read_rows(path, MADE_FROM)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"3"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table5.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="remove it"):
        read_rows(path, MADE_FROM)


def test_csv_has_a_line_per_row() -> None:
    one, other = csv.DictReader(io.StringIO(rows_as_csv(ROWS)))
    assert (one["percent"], one["frames"], one["depth"]) == ("1", "3", "none")
    assert (other["percent"], other["frames"], other["depth"]) == ("0.5", "1", "measured")
    for line, row in zip((one, other), ROWS, strict=True):
        for figure in FIGURES:
            mean = row.evaluation.means()[figure]
            found = [float(line[name]) for name in (figure, f"{figure}_low", f"{figure}_high")]
            assert found == [mean.value, mean.low, mean.high]
