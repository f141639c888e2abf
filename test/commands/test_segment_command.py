"""`uois-sam segment`: what it writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tiny_tables import BrightThings, H, W, true_label, write_frame

from uois_sam.cli import main
from uois_sam.types import Instances, Part, Parts


def read(out: Path) -> dict[str, Any]:
    """The written instances.json."""
    content: dict[str, Any] = json.loads((out / "instances.json").read_text())
    return content


def test_a_folder(table: Path, tmp_path: Path, pipeline: BrightThings, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "out"
    assert main(["segment", f"folder:{table}", "--out", str(out)]) == 0
    written = read(out)
    assert [image["name"] for image in written["images"]] == ["1", "2", "10"]
    for image in written["images"]:
        label = cv2.imread(str(out / image["label"]), cv2.IMREAD_UNCHANGED)
        assert label.dtype == np.uint16
        assert np.array_equal(label, true_label())
        assert cv2.imread(str(out / image["overlay"])).shape == (H, W, 3)
        assert image["depth_used"]
        first, second = image["instances"]
        assert (first["id"], first["label"], first["bbox"], first["area"]) == (1, 1, [10, 10, 20, 10], 200)
        assert first["prompt"] == pytest.approx([19.5, 14.5])
        assert second["bbox"] == [30, 30, 30, 10]
        assert second["score"] == 1
    assert written["settings"]["score_threshold"] == 0.48
    assert written["model"] == "uois-sam-tiny"
    assert {"uois_sam", "python", "numpy", "opencv"} <= written["versions"].keys()
    assert written["refused"] == []
    assert pipeline.saw_depth == [True] * 3
    assert "3 images, 6 instances" in capsys.readouterr().out


def test_no_depth_hides_depth(table: Path, tmp_path: Path, pipeline: BrightThings) -> None:
    assert main(["segment", f"folder:{table}", "--out", str(tmp_path), "--no-depth"]) == 0
    assert pipeline.saw_depth == [False] * 3
    assert not any(image["depth_used"] for image in read(tmp_path)["images"])


def test_parts_too(table: Path, tmp_path: Path, pipeline: BrightThings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Halves:
        def segment(self, image: np.ndarray, instances: Instances) -> Parts:
            x, y, w, h = instances[0].bbox
            half = Part(1, "left half", 0.75, (x, y, w // 2, h), np.ones((h, w // 2), bool))
            return Parts(H, W, [half])

    asked = []
    monkeypatch.setattr("uois_sam.parts.load.load_part_segmenter", lambda *a: asked.append(a) or Halves())
    assert main(["segment", f"folder:{table}", "--out", str(tmp_path), "--parts", "wps_sam:mine"]) == 0
    assert asked == [("wps_sam", "mine", pipeline.segmenter)]
    image = read(tmp_path)["images"][0]
    assert image["parts"] == [{"name": "left half", "instance_id": 1, "score": 0.75, "bbox": [10, 10, 10, 10]}]
    labels = cv2.imread(str(tmp_path / image["parts_label"]), cv2.IMREAD_UNCHANGED)
    assert (labels == 1).sum() == 100
    assert cv2.imread(str(tmp_path / "parts" / "1.jpg")).shape == (H, W, 3)


def test_an_unknown_way_to_find_parts(
    table: Path, tmp_path: Path, pipeline: BrightThings, refused: Callable[..., str]
) -> None:
    said = refused("segment", f"folder:{table}", "--out", tmp_path, "--parts", "magic:x")
    assert "method is 'magic'; choose one of" in said


def test_one_image(table: Path, tmp_path: Path, pipeline: BrightThings) -> None:
    assert main(["segment", str(table / "color" / "2.png"), "--out", str(tmp_path)]) == 0
    (image,) = read(tmp_path)["images"]
    assert (image["name"], image["width"], image["height"], image["depth_used"]) == ("2", W, H, False)
    assert (tmp_path / "label" / "2.png").is_file()


def test_one_bad_frame_does_not_stop_the_others(
    table: Path, tmp_path: Path, pipeline: BrightThings, refused: Callable[..., str]
) -> None:
    (table / "color" / "2.png").write_bytes(b"no image")
    assert "1 of 3 images left out" in refused("segment", f"folder:{table}", "--out", tmp_path)
    written = read(tmp_path)
    assert [image["name"] for image in written["images"]] == ["1", "10"]
    (bad,) = written["refused"]
    assert bad["index"] == 1
    assert "no readable image" in bad["reason"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("{}/nowhere", "there is nothing at"),
        ("folder:{}", "has no folder color/"),
        ("{}/text.txt", "neither an image, a video nor a bag"),
        ("{}/broken.png", "no readable image"),
        ("synthetic", "never ends"),
        ("device:0", "never ends"),
        ("bag:{}/broken.mcap", "no readable recording"),
    ],
)
def test_bad_input(
    given: str, complaint: str, tmp_path: Path, pipeline: BrightThings, refused: Callable[..., str]
) -> None:
    for name in ("text.txt", "broken.png", "broken.mcap"):
        (tmp_path / name).write_bytes(b"\x00\x01 no such thing")
    assert complaint in refused("segment", given.format(tmp_path), "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file(
    table: Path, tmp_path: Path, pipeline: BrightThings, refused: Callable[..., str]
) -> None:
    (tmp_path / "out").write_text("a file")
    assert "cannot make the folder" in refused("segment", f"folder:{table}", "--out", tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--device", "gpu"], "device 'gpu' is unknown"), (["--model", "{}"], "has no config.json")],
)
def test_a_bad_model_or_device(
    arguments: list[str], complaint: str, table: Path, tmp_path: Path, refused: Callable[..., str]
) -> None:
    given = [a.format(tmp_path) for a in arguments]
    assert complaint in refused("segment", f"folder:{table}", "--out", tmp_path / "out", *given)


def test_frames_of_one_name_are_kept_apart(
    tmp_path: Path, pipeline: BrightThings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uois_sam.sources.folder import SequenceSource
    from uois_sam.types import Frame

    frames = [Frame(np.zeros((H, W, 3), np.uint8)), Frame(np.zeros((H, W, 3), np.uint8))]
    monkeypatch.setattr("uois_sam.sources.source.open_source", lambda spec: SequenceSource(frames, "two"))
    assert main(["segment", "x", "--out", str(tmp_path)]) == 0
    assert [image["name"] for image in read(tmp_path)["images"]] == ["000000", "000001"]


def test_without_labels_too(tmp_path: Path, pipeline: BrightThings) -> None:
    write_frame(tmp_path / "in", "a", depth=False)
    assert main(["segment", f"folder:{tmp_path / 'in'}", "--out", str(tmp_path / "out")]) == 0
    assert pipeline.saw_depth == [False]
