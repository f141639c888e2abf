"""`uois-sam reproduce adaptation`: its table, all forms of data, that it repeats itself, bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from tiny_tables import H, W, true_label, write_frame

from uois_sam.adaptation.settings import CONFIGURATIONS
from uois_sam.cli import main
from uois_sam.evaluation import clicks
from uois_sam.evaluation.clicks import Goal
from uois_sam.sam.tiny.tiny import TinySegmenter
from uois_sam.segmentation.load import LoadedSegmenter

COMMAND = ("reproduce", "adaptation", "--device", "cpu", "--data")


@pytest.fixture
def segmenter(monkeypatch: pytest.MonkeyPatch) -> TinySegmenter:
    """What `load_segmenter` gives, with random weights; goals of few clicks."""
    torch.manual_seed(0)
    made = TinySegmenter().eval()
    loaded = LoadedSegmenter(made, (), {"kind": "tiny"}, None)
    monkeypatch.setattr("uois_sam.segmentation.load.load_segmenter", lambda *_: loaded)
    monkeypatch.setattr(clicks, "GOALS", (Goal(2, 0.85), Goal(3, 0.9)))
    return made


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    for name in ("b", "a"):
        write_frame(folder, name, depth=False)
        mask = np.where(true_label() == 1, 255, 0).astype(np.uint8)
        mask[true_label() == 2] = 128
        (folder / "mask").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / "mask" / f"{name}.png"), mask)
    return folder


def measured(data: Path, out: Path, *options: object) -> dict[str, Any]:
    assert main([*COMMAND, str(data), "--json", str(out), *map(str, options)]) == 0
    document: dict[str, Any] = json.loads(out.read_text())
    return document


def test_the_papers_table_on_photographs(
    segmenter: TinySegmenter, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = measured(photographs, tmp_path / "new" / "one.json", "--limit", 1)
    assert (document["images"], document["objects"], document["ignore"]) == (1, 1, 128)
    assert [row["configuration"] for row in document["rows"]] == list(CONFIGURATIONS)
    assert {row["settings"]["learning_rate"] for row in document["rows"]} == {0.001}
    heading, _, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == [
        "CA",
        "RM",
        "CM",
        "NoC",
        "2@85",
        "FR",
        "2@85",
        "NoC",
        "3@90",
        "FR",
        "3@90",
        "s/object",
    ]
    letters = [line.split()[:-5] for line in lines[:8]]
    assert letters == [[] if label == "none" else label.split(",") for label in CONFIGURATIONS]
    first = document["rows"][0]["goals"]["2@85"]
    assert lines[0].split()[:2] == [f"{first['noc']:.3f}", f"{100 * first['fr']:.2f}"]
    assert lines[8] == "1 images, 1 objects; learning rate 0.001"


def test_it_repeats_itself(segmenter: TinySegmenter, photographs: Path, tmp_path: Path) -> None:
    options = ("--configurations", "none", "C,U,CM", "--learning-rate", "0.01")
    one = measured(photographs, tmp_path / "one.json", *options)
    two = measured(photographs, tmp_path / "two.json", *options)
    for document in (one, two):
        assert len(document["rows"]) == 2
        for row in document["rows"]:
            assert row["settings"]["learning_rate"] == 0.01
            assert row.pop("seconds_per_object") > 0
    assert one == two
    objects = [o["ious"] for row in one["rows"] for o in row["goals"]["3@90"]["objects"]]
    assert objects[0] == objects[1]  # the same photograph twice, nothing learned
    assert objects[2] != objects[3]


def test_every_object_of_a_table_is_clicked_on(
    segmenter: TinySegmenter, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    encode = segmenter.encode
    monkeypatch.setattr(
        segmenter, "encode", lambda image, depth, camera: (seen.append(depth is not None), encode(image))[1]
    )
    plain = measured(table, tmp_path / "one.json", "--configurations", "none")
    assert [(o["image"], o["label"]) for o in plain["rows"][0]["goals"]["2@85"]["objects"]] == [
        (name, label) for name in ("1", "2", "10") for label in (1, 2)
    ]
    small = true_label()
    small[small == 1] = 0
    small[:9, :11] = 1  # 99 pixels
    cv2.imwrite(str(table / "label" / "2.png"), small)
    blind = measured(f"folder:{table}", tmp_path / "two.json", "--configurations", "none", "--no-depth")
    assert blind["objects"] == 5
    assert seen == [True] * 3 + [False] * 3


def test_without_a_file_the_table_is_printed_all_the_same(
    segmenter: TinySegmenter, photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*COMMAND, str(photographs), "--configurations", "none"]) == 0
    assert "2 images, 2 objects" in capsys.readouterr().out


def test_bad_input(
    segmenter: TinySegmenter, photographs: Path, tmp_path: Path, refused: Callable[..., str]
) -> None:
    assert "is no folder" in refused(*COMMAND, tmp_path / "missing")
    assert "cannot write" in refused(*COMMAND, photographs, "--json", tmp_path)
    assert "configuration 'R,X'" in refused(*COMMAND, photographs, "--configurations", "R,X")
    assert "learning_rate is 2" in refused(*COMMAND, photographs, "--learning-rate", 2)
    assert "unknown" in refused(*COMMAND, "nonsense:x")
    write_frame(tmp_path / "bare", "a", depth=False)
    assert "no folder label/" in refused(*COMMAND, tmp_path / "bare")
    write_frame(tmp_path / "empty", "a", depth=False, label=np.zeros((H, W), np.uint16))
    assert "no object" in refused(*COMMAND, tmp_path / "empty")


def test_grabcut_and_osd_are_read(segmenter: TinySegmenter, shared_dir: Path, tmp_path: Path) -> None:
    options = ("--configurations", "none", "--limit", 1)
    grabcut = measured(shared_dir / "realdata" / "grabcut", tmp_path / "grabcut.json", *options)
    assert grabcut["objects"] == 1
    osd = measured(shared_dir / "realdata" / "osd-learn", tmp_path / "osd.json", *options)
    assert (osd["first_object"], osd["ignore"]) == (2, 0)
    assert osd["objects"] >= 1
