"""`uois-sam train wps-sam` and `uois-sam reproduce wps-sam`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from part_stand_ins import BoxSegmenter, loaded
from tiny_part_sets import write_synthetic

from uois_sam.cli import main
from uois_sam.parts.wps_sam.prompter import PrompterSettings
from uois_sam.training.wps_sam import WpsSamTraining, train_wps_sam


@pytest.fixture
def segmenter(monkeypatch: pytest.MonkeyPatch) -> BoxSegmenter:
    """What `load_segmenter` gives to every command."""
    made = BoxSegmenter()
    monkeypatch.setattr("uois_sam.segmentation.load.load_segmenter", lambda model, device: loaded(made))
    return made


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return write_synthetic(tmp_path / "set", 4, (48, 64))


def test_training_is_asked_for_what_the_options_say(
    segmenter: BoxSegmenter, tables: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[Any, ...]] = []

    def take(*args: Any) -> Path:
        calls.append(args)
        return Path("runs/a/model")

    monkeypatch.setattr("uois_sam.training.wps_sam.train_wps_sam", take)
    config = tables.parent / "a.yaml"
    config.write_text("batch: 4\nprompter: {queries: 7, strides: [1, 2]}\n")
    given = ["train", "wps-sam", "--data", f"parts:{tables}", "--out", "runs/a", "--config", str(config)]
    assert main([*given, "--supervision", "point", "--epochs", "3", "--percent", "50", "--device", "cpu"]) == 0
    _, dataset, name, out, settings, ranks = calls[0]
    assert (len(dataset), name, out, ranks.count) == (4, f"parts:{tables}", Path("runs/a"), 1)
    assert (settings.supervision, settings.epochs, settings.batch, settings.share.percent) == ("point", 3, 4, 50)
    assert settings.prompter == PrompterSettings(queries=7, strides=(1, 2))
    assert "--wps-sam runs/a/model" in capsys.readouterr().out
    assert main([*given, "--detector", "--device", "cpu"]) == 0
    assert calls[1][4].detector
    assert "--det-sam runs/a/model" in capsys.readouterr().out


def test_training_refuses(segmenter: BoxSegmenter, tables: Path, refused: Callable[..., str]) -> None:
    given = ["train", "wps-sam", "--out", tables / "run", "--device", "cpu"]
    assert "is unknown; give parts:PATH" in refused(*given, "--data", tables)
    assert "invalid choice: 'mask'" in refused(*given, "--data", f"parts:{tables}", "--supervision", "mask")
    config = tables.parent / "a.yaml"
    config.write_text("prompter: {queries: 0}")
    assert "wanted numbers from 1 on" in refused(*given, "--data", f"parts:{tables}", "--config", config)


def test_the_bound_and_the_models(
    segmenter: BoxSegmenter, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from uois_sam.datasets.part_catalogue import open_part_dataset

    small = PrompterSettings(16, 2, 16, 0, 1, 4, (2, 2))
    settings = WpsSamTraining(prompter=small, batch=3, epochs=1, cache=False)
    dataset = open_part_dataset(f"parts:{tables}")
    models = {
        kind: train_wps_sam(
            loaded(segmenter), dataset, "tables", tmp_path / kind, replace(settings, detector=kind == "det")
        )
        for kind in ("wps", "det")
    }
    out = tmp_path / "new" / "scores.json"
    given = ["reproduce", "wps-sam", "--dataset", f"parts:{tables}", "--json", str(out), "--device", "cpu"]
    models_given = ["--wps-sam", str(models["wps"]), "--det-sam", str(models["det"])]
    assert main([*given, *models_given, "--frames", "2"]) == 0
    said, written = capsys.readouterr().out, json.loads(out.read_text())
    names = ["true points", "true boxes", "Det-SAM, centres of boxes", "Det-SAM, boxes", "WPS-SAM, box"]
    assert [row["name"] for row in written["rows"]] == names
    assert all(name in said for name in (*names, "handle", "mIoU"))
    assert (written["images"], written["depth"]) == (2, True)
    bound = written["rows"][1]
    assert bound["mean_iou"] > 0.7
    assert bound["rows"] == 4
    assert f"{100 * bound['mean_iou']:.1f}" in said


def test_reproduce_refuses(
    segmenter: BoxSegmenter,
    tables: Path,
    tmp_path: Path,
    refused: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["reproduce", "wps-sam", "--json", tmp_path / "a.json", "--device", "cpu"]
    assert "is unknown; give parts:PATH" in refused(*given, "--dataset", "nothing")
    data = ["--dataset", f"parts:{tables}"]
    assert "cannot read" in refused(*given, *data, "--wps-sam", tmp_path)
    settings = WpsSamTraining(
        prompter=PrompterSettings(16, 2, 16, 0, 1, 4), batch=3, epochs=1, cache=False, detector=True
    )
    from uois_sam.datasets.part_catalogue import open_part_dataset

    dataset = open_part_dataset(f"parts:{tables}")
    model = train_wps_sam(loaded(segmenter), dataset, "tables", tmp_path / "run", settings)
    capsys.readouterr()
    assert "is a det-sam; give it by that name" in refused(*given, *data, "--wps-sam", model)
