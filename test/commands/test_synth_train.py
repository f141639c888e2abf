"""`uois-sam synth` and `uois-sam train`: what they hand on, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from uois_sam.cli import main
from uois_sam.paths import bundled_sequence


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Calls of the generator and of the trainings, none of which does anything."""
    seen: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def take(*args: Any, **kwargs: Any) -> Path:
        seen.append((args, kwargs))
        if "progress" in kwargs:
            kwargs["progress"](1, 1)
        return Path("runs/a/model")

    for name in (
        "datasets.synthetic.generate.generate",
        "training.segmenter.train_segmenter",
        "training.hdnet.train_hdnet",
        "training.hpg.train_hpg",
    ):
        monkeypatch.setattr(f"uois_sam.{name}", take)
    return seen


def test_synth(calls: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    given = "synth --out d --count 3 --seed 5 --size 48x64 --views 2 --families heldout --sensor-noise --workers 1"
    assert main(given.split()) == 0
    ((args, kwargs),) = calls
    assert args == (Path("d"), 3, 5)
    assert kwargs.pop("progress")
    assert kwargs == {"workers": 1, "size": (48, 64), "views": 2, "families": "heldout", "sensor_noise": True}
    assert capsys.readouterr().out.startswith("6 frames of 3 scenes in ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--size", "48"], "size is '48'"),
        (["--size", "8x8"], "size is 8x8"),
        (["--families", "none"], "invalid choice: 'none'"),
        (["--seed", "-1"], "'-1' is no whole number from 0 on"),
        (["--workers", "0"], "'0' is no whole number from 1 on"),
        (["--bag", "x.mcap"], "--bag is for a sequence"),
        (["--events", "push=1"], "--events is for a sequence"),
        (["--sequence"], "--count goes without --sequence"),
        (["--sequence", "0"], "'0' is no whole number from 1 on"),
    ],
)
def test_synth_refuses(arguments: list[str], complaint: str, tmp_path: Path, refused: Callable[..., str]) -> None:
    given = ["synth", "--out", tmp_path / "d", "--count", 1, "--seed", 1, *arguments]
    assert complaint in refused(*given)
    assert not (tmp_path / "d").exists()


def test_synth_wants_a_place(refused: Callable[..., str]) -> None:
    assert "wanted --out DIR and --count N" in refused("synth", "--seed", 1)
    assert "give --out DIR, --bag PATH.mcap, or both" in refused("synth", "--seed", 1, "--sequence")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--views", "2"], "--views goes without --sequence"),
        (["--workers", "2"], "--workers goes without --sequence"),
        (["--events", "fall=1"], "event 'fall=1' is none"),
        (["--sequence", "9"], "9 frames at 10 a second are too few for the events push=2"),
        (["--size", "8x8"], "size is 8x8"),
        (["--bag", "x.bag"], "give a name that ends in .mcap"),
    ],
)
def test_synth_sequence_refuses(
    arguments: list[str], complaint: str, tmp_path: Path, refused: Callable[..., str]
) -> None:
    pytest.importorskip("mujoco", reason="mujoco is not installed: sequences cannot be drawn")
    assert complaint in refused("synth", "--sequence", "--out", tmp_path / "d", "--seed", 1, *arguments)
    assert not (tmp_path / "d").exists()


def test_synth_sequence_refuses_a_folder_of_frames(refused: Callable[..., str]) -> None:
    pytest.importorskip("mujoco", reason="mujoco is not installed: sequences cannot be drawn")
    given = ["synth", "--sequence", "--out", bundled_sequence(), "--seed", 1]
    assert "holds frames already" in refused(*given)


def test_train_segmenter(calls: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("imagenet: false\nloop: {steps: 50, seed: 3}\n")
    given = ["train", "segmenter", "--data", "d", "e", "--out", "r", "--config", str(config), "--device", "cpu"]
    assert main([*given, "--steps", "9"]) == 0
    ((args, _),) = calls
    data, run, settings, device = args
    assert (data, run, str(device)) == ([Path("d"), Path("e")], Path("r"), "cpu")
    assert (settings.imagenet, settings.loop.steps, settings.loop.seed) == (False, 9, 3)
    said = capsys.readouterr().out
    assert "model: runs/a/model" in said
    assert "uois-sam evaluate --dataset synthetic-heldout --json runs/a/heldout.json --model runs/a/model" in said
    assert main(given) == 0
    assert calls[1][0][2].loop.steps == 50


@pytest.mark.parametrize("kind", ["hpg", "hdnet"])
def test_train_heads(calls: list[Any], kind: str) -> None:
    bundled = bundled_sequence()
    given = ["train", kind, "--data", str(bundled), "--out", "r", "--epochs", "4", "--percent", "10"]
    assert main([*given, "--device", "cpu"]) == 0
    ((args, _),) = calls
    loaded, dataset, rule, name, run, settings, ranks = args
    assert loaded.description["kind"] == "tiny"
    assert (len(dataset), rule.first_object, name, run) == (24, 1, f"folder:{bundled.resolve()}", Path("r"))
    assert (settings.epochs, settings.share.percent, ranks.count) == (4, 10.0, 1)


def test_train_hpg_on_another_backbone(calls: list[Any]) -> None:
    given = [
        "train",
        "hpg",
        "--data",
        str(bundled_sequence()),
        "--out",
        "r",
        "--backbone",
        "facebook/dinov2-small",
    ]
    assert main(given) == 0
    assert calls[0][0][5].backbone == "facebook/dinov2-small"


def test_train_on_a_published_set(refused: Callable[..., str], tmp_path: Path) -> None:
    given = ["train", "hpg", "--out", tmp_path / "r", "--data"]
    assert f"{tmp_path / 'no'}" in refused(*given, f"uoais-sim/train:{tmp_path / 'no'}")
    assert "data set 'coco:x' is unknown" in refused(*given, "coco:x")


def test_train_refuses(tmp_path: Path, refused: Callable[..., str]) -> None:
    given = ["train", "segmenter", "--data", tmp_path / "d", "--out", tmp_path / "r"]
    assert "holds no frames/*.json" in refused(*given)
    assert "cannot read" in refused(*given, "--config", tmp_path / "no.yaml")
    assert "device 'gpu' is unknown" in refused(*given, "--device", "gpu")
    (tmp_path / "bad.yaml").write_text("loops: {steps: 3}")
    assert "unknown setting loops; known are" in refused(*given, "--config", tmp_path / "bad.yaml")
    assert not (tmp_path / "r").exists()
    hdnet = ["train", "hdnet", *given[2:]]
    assert "is no folder" in refused(*hdnet)
    assert "is 0.0" in refused(*hdnet, "--percent", 0)
