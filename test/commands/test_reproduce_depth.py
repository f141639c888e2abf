"""`uois-sam reproduce depth`: the rows, what each is above RGB, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_tables import BrightThings, H, W, true_label, write_frame

from uois_sam.cli import main
from uois_sam.evaluation.results import FIGURES
from uois_sam.types import Instances


class NearThings(BrightThings):
    """Finds what is bright without depth, and what is nearer than half a metre with it."""

    def __call__(self, image: np.ndarray, depth: np.ndarray | None = None, camera: object = None) -> Instances:
        found = super().__call__(image, depth)
        return (
            found if depth is None else Instances.from_label_image(((depth > 0) & (depth < 0.5)).astype(np.uint16))
        )


def test_four_rows_and_what_each_is_above_rgb(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = NearThings()
    monkeypatch.setattr("uois_sam.segmentation.load.load_pipeline", lambda model_name, device="auto": model)
    for name, things in (("1", 1), ("2", 2), ("10", 1)):
        depth = np.where(true_label() == things, 400, 800).astype(np.uint16)
        cv2.imwrite(str(table / "depth" / f"{name}.png"), depth)
    out = table.parent / "new" / "depth.json"
    given = ["reproduce", "depth", "--dataset", f"folder:{table}", "--json", str(out), "--workers", "2"]
    assert main(given) == 0
    written = json.loads(out.read_text())
    assert (written["table"], written["images"], written["model"]) == ("depth", 3, "uois-sam-tiny")
    rgb, rgbd, half, wrong = written["rows"]
    assert [row["depth"] for row in written["rows"]] == ["none", "measured", "half", "wrong"]
    assert model.saw_depth == [False] * 3 + [True] * 9
    assert rgb["mean"]["overlap_f"] == 1
    assert "against_rgb" not in rgb
    # One of two things is found, 200 or 300 of 500 pixels; in the wrong depth it is the other one for two images.
    assert rgbd["mean"]["overlap_recall"] == pytest.approx((200 + 300 + 200) / 1500)
    assert wrong["mean"]["overlap_recall"] == pytest.approx((300 + 200 + 200) / 1500)
    assert half["mean"]["overlap_recall"] < rgbd["mean"]["overlap_recall"]
    assert half["mean"]["overlap_precision"] == 1
    for row in (rgbd, half, wrong):
        for figure in FIGURES:
            rise = row["against_rgb"]["mean"][figure]
            assert rise == pytest.approx(row["mean"][figure] - rgb["mean"][figure])
            low, high = row["against_rgb"]["interval95"][figure]
            assert low <= rise <= high
    scores, rises = (text.splitlines() for text in capsys.readouterr().out.split("\n\n"))
    assert [line.split("  ")[0] for line in scores[-4:]] == ["RGB", "RGB-D", "RGB-D, half removed", "RGB-D, wrong"]
    assert rises[2].split("  ")[0] == "RGB-D"
    assert f"{100 * (rgbd['mean']['overlap_f'] - 1):+.1f} (" in rises[2]


def test_bad_input(table: Path, pipeline: BrightThings, tmp_path: Path, refused: Callable[..., str]) -> None:
    out = tmp_path / "out.json"
    start = ("reproduce", "depth", "--json", out, "--dataset")
    assert "the set has one; give more frames" in refused(*start, f"folder:{table}", "--frames", 1)
    assert "cannot write" in refused("reproduce", "depth", "--dataset", f"folder:{table}", "--json", table)
    pipeline.uses_depth = False
    assert "does not look at depth" in refused(*start, f"folder:{table}")
    for name in "ab":
        write_frame(tmp_path / "rgb", name, depth=False, label=np.ones((H, W), np.uint16))
    assert "has no depth with intrinsics" in refused(*start, f"folder:{tmp_path / 'rgb'}")
    assert pipeline.depths == []
    assert not out.exists()
