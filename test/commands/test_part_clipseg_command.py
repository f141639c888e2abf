"""`uois-sam train part-clipseg` and `uois-sam reproduce part-clipseg`: what they hand on, write and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from uois_sam.cli import main
from uois_sam.paths import config_dir

CONFIG = """\
clipseg: small
small: {input_size: 32, tokens: 4, width: 16, heads: 2, reduce: 8, word_width: 8, imagenet: false}
batch: 2
loop: {steps: 1, threads: 1}
"""


@pytest.fixture
def parts(tmp_path: Path) -> str:
    """Mugs and pans with handles, written as `uois-sam synth` does."""
    root = tmp_path / "set"
    for kind in ("color", "label", "parts", "frames"):
        (root / kind).mkdir(parents=True)
    for k in range(10):
        label = np.zeros((48, 64), np.uint16)
        label[8:40, 10:50] = 1
        split = label.copy()
        split[8:40, 35:50] = 2
        image = np.repeat((split * 90).astype(np.uint8)[..., None], 3, -1)
        for kind, array, suffix in (("color", image, "jpg"), ("label", label, "png"), ("parts", split, "png")):
            assert cv2.imwrite(str(root / kind / f"{k}.{suffix}"), array)
        family = "pan" if k in (0, 9) else "mug"
        objects = {"1": {"family": family, "parts": ["body", "handle"]}}
        (root / "frames" / f"{k}.json").write_text(json.dumps({"objects": objects}))
    return f"parts:{root}"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "c.yaml").write_text(CONFIG)
    return tmp_path / "c.yaml"


def test_train_then_reproduce(
    parts: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--data", parts, "--config", str(config), "--device", "cpu"]
    assert main(["train", "part-clipseg", *given, "--out", str(tmp_path / "r")]) == 0
    assert f"model: {tmp_path / 'r/model'}" in capsys.readouterr().out
    models = [str(tmp_path / "r/model")] * 2
    scores = tmp_path / "s.json"
    arguments = ["reproduce", "part-clipseg", *given, "--model", *models, "--json", str(scores), "--frames", "1"]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "Pred-All" in said
    assert "Oracle-Obj" in said
    document = json.loads(scores.read_text())
    assert document["images"] == 1
    row = document["rows"][models[0]]["oracle-obj"]
    assert set(row) == {"mIoU", "boundary IoU", "recall", "classes"}
    assert row["mIoU"]["seen"] is None, "the one frame shows a pan"
    assert 0 <= row["mIoU"]["unseen"] <= 1
    assert set(row["classes"]) <= {"pan's body", "pan's handle"}


def test_table_5(parts: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["reproduce", "part-clipseg", "--data", parts, "--config", str(config), "--device", "cpu"]
    assert (
        main([*given, "--train", str(tmp_path / "runs"), "--json", str(tmp_path / "t.json"), "--steps", "2"]) == 0
    )
    assert "separation and enhancement" in capsys.readouterr().out
    assert json.loads((tmp_path / "runs/both/config.json").read_text())["loop"]["steps"] == 2


def test_what_training_is_given(monkeypatch: pytest.MonkeyPatch, parts: str, tmp_path: Path) -> None:
    calls: list[Any] = []

    def take(*args: Any) -> Path:
        calls.append(args)
        return tmp_path

    monkeypatch.setattr("uois_sam.training.part_clipseg.train_part_clipseg", take)
    given = ["train", "part-clipseg", "--data", parts, "--out", "r", "--clipseg", "small", "--steps", "7"]
    assert main([*given, "--device", "cpu"]) == 0
    dataset, name, run, settings, device, ranks = calls[0]
    assert (len(dataset), name, run, device, ranks.count) == (8, parts, Path("r"), torch.device("cpu"), 1)
    assert (settings.clipseg, settings.loop.steps) == ("small", 7)
    config = str(config_dir() / "train_part_clipseg.yaml")
    assert main(["train", "part-clipseg", "--data", parts, "--out", "r", "--config", config]) == 0
    assert (calls[1][3].small.tokens, calls[1][3].batch) == (8, 4)


def test_refusals(refused: Callable[..., str], parts: str, config: Path, tmp_path: Path) -> None:
    train = ["train", "part-clipseg", "--out", tmp_path / "r", "--device", "cpu"]
    assert "data set 'x' is unknown" in refused(*train, "--data", "x")
    assert "is missing; wanted" in refused(*train, "--data", f"pascal-part-116:{tmp_path / 'no'}")
    assert "no whole number from 1" in refused(*train, "--data", parts, "--steps", 0)
    assert "there is no folder" in refused(*train, "--data", parts, "--clipseg", tmp_path / "no")
    (tmp_path / "bad.yaml").write_text("small: {tokens: 1}")
    assert "at least 2 tokens" in refused(*train, "--data", parts, "--config", tmp_path / "bad.yaml")
    table = ["reproduce", "part-clipseg", "--data", parts, "--json", tmp_path / "s.json", "--device", "cpu"]
    assert "one of the arguments --model --train is required" in refused(*table)
    assert "not allowed with" in refused(*table, "--model", "m", "--train", "r")
    assert "config.json cannot be read" in refused(*table, "--model", tmp_path / "no")
    assert not (tmp_path / "s.json").exists()
