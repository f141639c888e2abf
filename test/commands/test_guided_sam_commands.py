"""`train guided-sam` and `reproduce guided-sam` with the bundled model on tiny cars."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from uois_sam.cli import main
from uois_sam.parts.guided_sam.labels import PatchLabels, write_patch_labels
from uois_sam.parts.guided_sam.model import load_part_model
from uois_sam.parts.guided_sam.patches import PatchGrid

pytest.importorskip("sklearn")
SIZE = 64


@pytest.fixture
def cars(tmp_path: Path) -> Path:
    """Five images of a wheel (red) and a door (green) in the layout of Car Parts."""
    folder = tmp_path / "cars"
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    annotations = []
    for k in range(5):
        image = rng.integers(60, 90, (SIZE, SIZE, 3), np.uint8)
        for category, colour in ((1, (0, 0, 255)), (2, (0, 255, 0))):
            x, y = (int(v) for v in rng.integers(0, 20, 2))
            x, y = x + 10 * category, min(y + 35 * (category - 1), SIZE - 22)
            cv2.rectangle(image, (x, y), (x + 19, y + 19), colour, -1)
            corners = [[x, y, x + 20, y, x + 20, y + 20, x, y + 20]]
            annotations.append({"image_id": k, "category_id": category, "segmentation": corners})
        cv2.imwrite(str(folder / "images" / f"{k}.png"), image)
    content = {
        "categories": [{"id": 1, "name": "wheel"}, {"id": 2, "name": "front_left_door"}],
        "images": [{"id": k, "file_name": f"images/{k}.png"} for k in range(5)],
        "annotations": annotations,
    }
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder


def test_the_tables(cars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = cars.parent / "out" / "guided.json"
    given = ["reproduce", "guided-sam", "--data", str(cars), "--json", str(out), "--train", "2", "--device", "cpu"]
    assert main([*given, "--encode", "frame", "--compare", "2"]) == 0
    said = capsys.readouterr().out
    written = json.loads(out.read_text())
    assert (written["training_images"], written["held_out_images"]) == (2, 3)
    rois = ["roi-cgsam", "roi-lgsam", "roi-mgsam", "roi-pgsam"]
    assert set(written["mean_iou"]) == {*rois, "naive", "patch-cgsam", "perfect"}
    assert list(written["mean_iou_true_patches"]) == rois
    assert [way["encode"] for way in written["encodings"]] == ["crop", "frame"]
    assert all(list(way["iou"]) == rois and way["seconds"] > 0 for way in written["encodings"])
    assert written["polygon_corners"]["wheel"] == 8
    assert written["clicks"]["wheel"]["prototypes"] >= 1
    assert written["clicks"]["hood"]["present"] == 0
    assert written["fusion_with_ours"]["upper"] >= written["fusion"]["upper"]
    assert written["auc"]["wheel"] > 0.9
    assert written["iou"]["naive"]["wheel"] > 0.3
    assert [point["images"] for point in written["learning_curve"]] == [1, 2]
    fusion = written["fusion"]
    assert fusion["lower"] <= fusion["seen"]["1"]["mean"] + 0.2
    assert fusion["upper"] == pytest.approx(written["learning_curve"][-1]["fused"])
    assert fusion["best_variant"]["wheel"] in rois[:2]
    for word in (
        "wheel",
        "upper bound",
        "images trained on",
        "polygon corners",
        "lost by classifiers",
        "seconds",
        f"{written['mean_iou']['naive']:.3f}",
    ):
        assert word in said


def test_a_part_model_from_masks(cars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = cars.parent / "cars.safetensors"
    given = ["train", "guided-sam", "--data", str(cars), "--out", str(out), "--parts", "wheel", "door"]
    assert main([*given, "--train", "3", "--choose", "1", "--encode", "frame", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "wheel: " in said
    model = load_part_model(out)
    assert model.names == ("wheel", "door")
    assert set(model.settings.variants) == {"wheel", "door"}
    assert model.settings.encode == "frame"


def test_a_part_model_from_a_persons_labels(cars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = PatchGrid(8, 2)
    said = np.full((49, 1), -1, np.int8)
    said[:4], said[30:40] = 1, 0
    labels = cars.parent / "patches.json"
    write_patch_labels(PatchLabels(grid, ("corner",), {"0.png": said, "1.png": said}), labels)
    out = cars.parent / "corner.safetensors"
    given = ["train", "guided-sam", "--images", str(cars / "images"), "--labels", str(labels), "--out", str(out)]
    assert main([*given, "--device", "cpu"]) == 0
    assert f"1 parts from 28 patches: {out}" in capsys.readouterr().out
    assert load_part_model(out).grid == grid


def test_bad_input(cars: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    train = ("train", "guided-sam", "--out", tmp_path / "m.safetensors")
    assert "needs --labels" in refused(*train, "--images", cars)
    assert "--labels belongs to --images" in refused(*train, "--data", cars, "--labels", cars / "x.json")
    assert "want the masks of --data" in refused(*train, "--images", cars, "--labels", "x.json", "--train", "2")
    assert "--choose wants --train" in refused(*train, "--data", cars, "--choose", "2")
    assert "one of the arguments" in refused(*train)
    assert "no annotations.json" in refused(*train, "--data", tmp_path)
    assert "cannot read" in refused(*train, "--images", cars, "--labels", tmp_path / "none.json")
    assert "cannot write" in refused("train", "guided-sam", "--data", cars, "--out", cars)
    tables = ("reproduce", "guided-sam", "--json", tmp_path / "o.json", "--data", cars)
    assert "are too few" in refused(*tables, "--train", "5")
    assert "'roi-ggsam' is not known here" in refused(*tables, "--train", "2", "--variants", "roi-ggsam")
    assert "none that draws regions" in refused(*tables, "--train", "2", "--variants", "naive")
    assert "no folder" in refused(*tables, "--train", "2", "--detector", tmp_path / "nowhere")
    assert not (tmp_path / "o.json").exists()
