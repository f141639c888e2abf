"""`uois-sam reproduce tracking`: its four rows over a sequence in which things move, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from tiny_tables import BrightThings, H, W, write_frame

from uois_sam.cli import main
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instances

FRAMES = 6


class EmbeddingBrightThings(BrightThings):
    """Finds what is bright, and embeds colours."""

    def encode(self, image: np.ndarray, depth: np.ndarray | None = None, camera: Any = None) -> Any:
        small = torch.from_numpy(cv2.resize(image, (16, 12)).astype(np.float32) / 255).permute(2, 0, 1)
        return EmbeddedFrame(image, Embedding((small[None],), (H, W)), depth, camera)

    def segment(self, frame: Any) -> Instances:
        return super().segment(frame.image)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> EmbeddingBrightThings:
    made = EmbeddingBrightThings()
    made.segmenter = SimpleNamespace(device="cpu")
    monkeypatch.setattr("uois_sam.segmentation.load.load_pipeline", lambda name, device="auto": made)
    return made


def write_sequence(folder: Path, first: int) -> None:
    """Two bright things of labels 7 and 3; the first moves by more than its width halfway through."""
    for k in range(FRAMES):
        x = 4 if k < FRAMES // 2 else 11
        image = np.zeros((H, W, 3), np.uint8)
        label = np.zeros((H, W), np.uint16)
        for number, corner in ((7, (x, 8)), (3, (40, 30))):
            for plane, value in ((image, (255, 220, 200)), (label, number)):
                cv2.rectangle(plane, corner, (corner[0] + 5, corner[1] + 5), value, -1)
        write_frame(folder, f"{first + k:04d}", depth=False, label=label)
        cv2.imwrite(str(folder / "color" / f"{first + k:04d}.png"), image[..., ::-1])


def test_four_rows_over_all_sequences(
    model: EmbeddingBrightThings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b", "a"):
        write_sequence(tmp_path / "data" / name, 8)
    out = tmp_path / "new" / "tracking.json"
    assert main(["reproduce", "tracking", "--data", str(tmp_path / "data"), "--json", str(out)]) == 0
    document = json.loads(out.read_text())
    rows = {(row["masks"], row["method"]): row for row in document["rows"]}
    assert len(rows) == 4
    for masks in ("true", "model"):
        alone, tracked = rows[masks, "IoU alone"], rows[masks, "tracker"]
        assert list(alone["sequences"]) == ["a", "b"]
        # The thing that moved has another id for half of its frames: 3 of 12 masks of a sequence are wrong.
        assert (alone["switches"], alone["idf1"]) == (2, pytest.approx(0.75))
        assert (tracked["switches"], tracked["idf1"], tracked["hota"]) == (0, 1, pytest.approx(1))
        assert tracked["frames"] == 2 * FRAMES
    said = capsys.readouterr().out
    assert f"{2 * FRAMES} frames of 2 sequences" in said
    assert [line.split()[:2] for line in said.splitlines() if line.startswith(("true", "model"))] == [
        ["true", "IoU"],
        ["true", "tracker"],
        ["model", "IoU"],
        ["model", "tracker"],
    ]


def test_one_sequence_by_itself(model: EmbeddingBrightThings, tmp_path: Path) -> None:
    write_sequence(tmp_path / "one", 0)
    out = tmp_path / "one.json"
    assert main(["reproduce", "tracking", "--data", str(tmp_path / "one"), "--json", str(out)]) == 0
    assert list(json.loads(out.read_text())["rows"][0]["sequences"]) == ["one"]


def test_bad_input(model: EmbeddingBrightThings, tmp_path: Path, refused: Callable[..., str]) -> None:
    start = ("reproduce", "tracking", "--data")
    assert "holds no sequence" in refused(*start, tmp_path)
    write_frame(tmp_path / "bare", "1")
    assert "has no ground truth" in refused(*start, tmp_path / "bare")
    assert "cannot write" in refused(*start, tmp_path / "bare", "--json", tmp_path)
