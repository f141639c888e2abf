"""`uois-sam evaluate`: the label rule, the scores that are written, and what is refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pages import needs_nothing_else, read
from tiny_tables import BrightThings, H, W, true_label, write_frame

from uois_sam.cli import main


def scores(table: Path, *arguments: str) -> dict[str, Any]:
    """What an evaluation of the folder writes."""
    out = table.parent / "scores" / "out.json"
    assert main(["evaluate", "--dataset", f"folder:{table}", "--json", str(out), *arguments]) == 0
    written: dict[str, Any] = json.loads(out.read_text())
    return written


def test_a_perfect_answer(table: Path, pipeline: BrightThings, capsys: pytest.CaptureFixture[str]) -> None:
    written = scores(table)
    said = capsys.readouterr().out
    assert written["mean"] == dict.fromkeys(written["mean"], 1)
    assert written["interval95"]["overlap_f"] == [1, 1]
    assert [row["name"] for row in written["rows"]] == ["1", "2", "10"]
    assert (written["images"], written["objects"], written["first_object"], written["ignore"]) == (3, 6, 1, None)
    assert written["settings"]["nms_iou"] == 0.3
    assert "labels: objects from 1 on, none ignored (detected: label 0 is background)" in said
    assert "3 images, 6 objects" in said
    assert "100.0" in said
    assert pipeline.saw_depth == [True] * 3


@pytest.mark.parametrize("given", [["--no-depth"], ["--depth", "none"]])
def test_no_depth(table: Path, pipeline: BrightThings, given: list[str]) -> None:
    assert scores(table, *given)["depth"] == "none"
    assert pipeline.saw_depth == [False] * 3


def test_spoilt_depth(table: Path, pipeline: BrightThings, refused: Callable[..., str]) -> None:
    millimetres = np.array([[1000], [2000], [3000]])
    for name, row in zip(("1", "2", "10"), millimetres, strict=True):
        cv2.imwrite(str(table / "depth" / f"{name}.png"), np.tile(row, (H, W)).astype(np.uint16))
    page = table.parent / "page.html"
    assert scores(table, "--depth", "wrong", "--html", str(page))["depth"] == "wrong"
    assert [np.unique(np.round(depth, 3)).tolist() for depth in pipeline.depths] == [[2], [3], [1]]
    assert "with the depth of another frame" in read(page.read_text()).text
    pipeline.depths.clear()
    assert scores(table, "--depth", "half")["depth"] == "half"
    assert [np.count_nonzero(depth) for depth in pipeline.depths] == [H * W / 2] * 3
    one = ("evaluate", "--dataset", f"folder:{table}", "--json", page, "--frames", 1, "--depth", "wrong")
    assert "the set has one; give more frames" in refused(*one)
    assert "not allowed with argument --depth" in refused(*one, "--no-depth")


def test_labels_made_in_the_depth_map_are_recognised(
    tmp_path: Path, pipeline: BrightThings, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "osd"
    label = np.where(true_label() > 0, true_label() + 1, 1).astype(np.uint16)
    label[:, :15] = 0  # half of the first thing is not labelled
    write_frame(table, "a", label=label)
    cv2.imwrite(str(table / "depth" / "a.png"), np.where(label > 0, 800, 0).astype(np.uint16))
    written = scores(table)
    assert (written["first_object"], written["ignore"]) == (2, 0)
    assert written["mean"]["overlap_f"] == 1
    assert "objects from 2 on, label 0 ignored (detected" in capsys.readouterr().out
    options_win = scores(table, "--first-object", "1", "--ignore", "none")
    assert (options_win["first_object"], options_win["ignore"], options_win["objects"]) == (1, None, 3)
    assert "(option)" in capsys.readouterr().out
    assert scores(table, "--ignore", "3")["ignore"] == 3


def test_dataset_json_goes_before_detection(
    table: Path, pipeline: BrightThings, capsys: pytest.CaptureFixture[str]
) -> None:
    (table / "dataset.json").write_text('{"first_object": 2}')
    written = scores(table)
    assert (written["first_object"], written["ignore"], written["objects"]) == (2, None, 3)
    assert "(dataset.json)" in capsys.readouterr().out


def test_the_synthetic_heldout_set_is_drawn_on_demand(
    table: Path, tmp_path: Path, pipeline: BrightThings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heldout = pytest.importorskip("uois_sam.datasets.synthetic.heldout", exc_type=ImportError)

    def draw(progress: Callable[[int, int], None]) -> Path:
        progress(1, 2)
        progress(2, 2)
        return table

    monkeypatch.setattr(heldout, "ensure_heldout", draw)
    out = tmp_path / "out.json"
    assert main(["evaluate", "--dataset", "synthetic-heldout", "--json", str(out)]) == 0
    assert json.loads(out.read_text())["images"] == 3


def test_the_geometric_baseline(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []

    def segment(depth: np.ndarray, camera: object) -> np.ndarray:
        seen.append(depth.shape)
        return true_label()

    monkeypatch.setattr("uois_sam.evaluation.classical.segment_by_geometry", segment)
    written = scores(table, "--baseline", "geometry", "--boundary", "contour")
    assert written["baseline"] == "geometry"
    assert written["boundary"] == "contour"
    assert "model" not in written
    assert len(seen) == 3


def test_bad_data_sets(table: Path, tmp_path: Path, pipeline: BrightThings, refused: Callable[..., str]) -> None:
    out = tmp_path / "out.json"

    def complaint(dataset: str, *more: str) -> str:
        return refused("evaluate", "--dataset", dataset, "--json", out, *more)

    assert "unknown; give folder:PATH" in complaint("coco")
    assert "names no folder; give osd:PATH" in complaint("osd")
    assert "OSD: " in complaint(f"osd:{tmp_path / 'nowhere'}")
    assert "is no folder" in complaint(f"folder:{tmp_path / 'nowhere'}")
    assert "not allowed with" in complaint(f"folder:{table}", "--model", "x", "--baseline", "geometry")
    assert "leave out --no-depth" in complaint(f"folder:{table}", "--no-depth", "--baseline", "geometry")
    (table / "label" / "2.png").unlink()
    assert "frame '2' has no ground truth" in complaint(f"folder:{table}")
    for name in ("1", "10"):
        (table / "label" / f"{name}.png").unlink()
    (table / "label").rmdir()
    assert "has no folder label/" in complaint(f"folder:{table}")
    assert not out.exists()


def test_the_baseline_wants_depth(tmp_path: Path, refused: Callable[..., str]) -> None:
    write_frame(tmp_path / "rgb", "a", depth=False, label=true_label())
    given = ("--dataset", f"folder:{tmp_path / 'rgb'}", "--json", tmp_path / "out.json", "--baseline", "geometry")
    assert "has no depth or no intrinsics" in refused("evaluate", *given)


def spoil(table: Path, name: str) -> None:
    """Hide the second thing of a frame from the model."""
    path = str(table / "color" / f"{name}.png")
    image = cv2.imread(path)
    image[30:40, 30:60] = 0
    cv2.imwrite(path, image)


def test_csv_has_a_line_per_image(table: Path, pipeline: BrightThings) -> None:
    spoil(table, "2")
    out = table.parent / "new" / "rows.csv"
    written = scores(table, "--csv", str(out))
    with out.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["name"] for line in lines] == ["1", "2", "10"]
    assert [(line["predicted"], line["objects"]) for line in lines] == [("2", "2"), ("1", "2"), ("2", "2")]
    for line, row in zip(lines, written["rows"], strict=True):
        assert list(line) == list(row)
        assert float(line["overlap_f"]) == row["overlap_f"]


def test_html_shows_the_worst_images_beside_their_truth(
    table: Path, pipeline: BrightThings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uois_sam.commands.evaluate._WORST", 2)
    spoil(table, "10")
    out = table.parent / "page.html"
    written = scores(table, "--html", str(out))
    page = out.read_text()
    assert needs_nothing_else(page)
    reader = read(page)
    assert len(reader.images) == 2 * 3
    text = " ".join(reader.text.split())
    recall, f = written["rows"][2]["overlap_recall"], written["rows"][2]["overlap_f"]
    assert f"10overlap F {100 * f:.0f} (P 100, R {100 * recall:.0f})" in text
    assert "prediction: 1 object" in text
    assert "truth: 2 objects" in text
    assert f"{100 * written['mean']['overlap_f']:.1f}" in text
    assert "95 % interval" in text
    assert "overlap F 0.95 to 1.00: 2 images" in text
    assert text.index("10overlap F") < text.index("1overlap F")  # worst first, ties by name


def test_some_frames_only(table: Path, pipeline: BrightThings) -> None:
    assert [row["name"] for row in scores(table, "--frames", "2")["rows"]] == ["1", "10"]


def test_processes_change_nothing(table: Path, pipeline: BrightThings) -> None:
    spoil(table, "2")
    assert scores(table, "--workers", "2") == scores(table)


def test_against_another_model(table: Path, pipeline: BrightThings, capsys: pytest.CaptureFixture[str]) -> None:
    good = scores(table)
    other, page = table.parent / "good.json", table.parent / "page.html"
    other.write_text(json.dumps(good))
    spoil(table, "1")
    capsys.readouterr()
    worse = scores(table, "--against", str(other), "--html", str(page))
    said = capsys.readouterr().out
    drop = 100 * (worse["mean"]["overlap_f"] - 1)
    assert f"against {other}" in said
    line = next(line for line in said.splitlines() if line.strip().startswith("difference"))
    assert line.split()[1:4] == ["+0.0", f"{100 * (worse['mean']['overlap_recall'] - 1):+.1f}", f"{drop:+.1f}"]
    assert f"{drop:+.1f}" in read(page.read_text()).text


def test_what_cannot_be_compared(table: Path, pipeline: BrightThings, refused: Callable[..., str]) -> None:
    other, out = table.parent / "other.json", table.parent / "out.json"

    def complaint(content: str, *more: str) -> str:
        other.write_text(content)
        return refused("evaluate", "--dataset", f"folder:{table}", "--json", out, "--against", other, *more)

    good = scores(table)
    assert "as JSON" in complaint("{")
    assert "no rows" in complaint("{}")
    assert "scored with boundary davis, this is with contour" in complaint(
        json.dumps(good), "--boundary", "contour"
    )
    assert "scored with first_object 1, this is with 2" in complaint(json.dumps(good), "--first-object", "2")
    assert "has 3 images, this is of 2" in complaint(json.dumps(good), "--frames", "2")
    assert pipeline.saw_depth == [True] * 3  # all refused before any work
    renamed = {**good, "rows": [{**row, "name": "x" + row["name"]} for row in good["rows"]]}
    assert "'1' is in one only" in complaint(json.dumps(renamed))
    assert out.exists()  # the scores themselves are not lost
    assert "cannot read" in refused(
        "evaluate", "--dataset", f"folder:{table}", "--json", out, "--against", table / "none"
    )


@pytest.mark.parametrize("option", ["--json", "--csv", "--html"])
def test_unwritable_files_are_refused_before_any_work(
    table: Path, pipeline: BrightThings, refused: Callable[..., str], option: str
) -> None:
    out = table.parent / "out.json"
    given = ["evaluate", "--dataset", f"folder:{table}", "--json", out]
    assert "cannot write" in refused(*given, option, table)
    assert "cannot make the folder" in refused(*given, option, table / "camera.json" / "x")
    assert pipeline.saw_depth == []
    assert not out.exists()
