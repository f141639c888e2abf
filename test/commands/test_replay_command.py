"""`uois-sam replay` and `uois-sam replay compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from recordings import MILLISECOND, START, image, text, write_bag
from tiny_tables import BrightThings, true_label, write_frame

from uois_sam.cli import main

COLOUR = "/camera/color/image_raw"


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Three frames of two bright things."""
    write_frame(tmp_path / "frames", "a")
    picture = cv2.imread(str(tmp_path / "frames" / "color" / "a.png"))
    messages = [image(COLOUR, picture, "bgr8", START + k * 100 * MILLISECOND) for k in range(3)]
    return write_bag(tmp_path / "table.mcap", messages)


def written(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "report.json").read_text())
    return content


def test_a_bag(bag: Path, tmp_path: Path, pipeline: BrightThings, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "out"
    assert main(["replay", str(bag), "--out", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "report.json", "table.mcap"]
    said = capsys.readouterr().out
    first, *rest = said.splitlines()
    assert first.startswith(f"bag table, 10.0 Hz: colour {COLOUR} (bgr8 64 x 48, 3 messages), no depth")
    assert "3 frames in, 3 answered, 0 dropped" in said
    assert "2.0 instances per frame" in said
    assert rest[-1] == f"report: {out / 'report.html'}"
    assert [len(frame["ids"]) for frame in written(out)["frames"]] == [2, 2, 2]
    assert written(out)["model"] == "uois-sam-tiny"
    assert {"uois_sam", "numpy"} <= written(out)["versions"].keys()


def test_labels_in_a_folder(bag: Path, tmp_path: Path, pipeline: BrightThings) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    for k in range(3):
        cv2.imwrite(str(labels / f"{k}.png"), true_label())
    assert main(["replay", str(bag), "--out", str(tmp_path / "out"), "--labels", str(labels)]) == 0
    assert written(tmp_path / "out")["scores"]["mean"]["overlap_f"] == 1


def test_a_bag_that_ends_early(tmp_path: Path, pipeline: BrightThings, refused: Callable[..., str]) -> None:
    noise = np.random.default_rng(0).integers(0, 99, (120, 160, 3), np.uint8)
    messages = [image(COLOUR, noise, "rgb8", START + k * 100 * MILLISECOND) for k in range(30)]
    folder = write_bag(tmp_path / "x.db3", messages)
    file = folder / "x.db3"
    whole = file.read_bytes()
    at = len(whole) * 6 // 10
    file.write_bytes(whole[:at] + bytes(len(whole) // 5) + whole[at + len(whole) // 5 :])
    said = refused("replay", folder, "--out", tmp_path / "out")
    frames = len(written(tmp_path / "out")["frames"])
    assert 0 < frames < 30
    assert f"the bag ended early, {frames} frames were replayed" in said


@pytest.mark.parametrize("suffix", [".mcap", ".db3", ".bag"])
def test_bags_of_no_use(suffix: str, tmp_path: Path, pipeline: BrightThings, refused: Callable[..., str]) -> None:
    out = tmp_path / "out"
    pixels = np.zeros((48, 64, 3), np.uint8)
    path = write_bag(tmp_path / f"cut{suffix}", [image(COLOUR, pixels, "rgb8", START + k) for k in range(5)])
    file = path / f"cut{suffix}" if path.is_dir() else path
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert "no readable recording (damaged, truncated or foreign)" in refused("replay", file, "--out", out)
    file.write_bytes(b"")
    assert "no readable recording (damaged, truncated or foreign)" in refused("replay", file, "--out", out)
    words = write_bag(tmp_path / f"words{suffix}", [text(COLOUR)])
    assert f"no image topic at all, only {COLOUR} (std_msgs/msg/String)" in refused("replay", words, "--out", out)
    empty = write_bag(tmp_path / f"empty{suffix}", [])
    assert "no image topic at all, it is empty" in refused("replay", empty, "--out", out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{}/nowhere.mcap", "--out", "{}"], "there is no recording at"),
        (["{}/table"], "nowhere to write to; give --out DIR"),
        (["{}/table", "{}/table", "--out", "{}"], "2 recordings were given"),
        (["{}/table", "--out", "{}/o", "--tolerance", "times=1"], "--tolerance goes with"),
        (
            ["{}/table", "--out", "{}/o", "--color", "/nope"],
            "no image topic /nope; the recording has /camera/color",
        ),
        (["{}/table", "--out", "{}/o", "--depth", "/nope"], "no depth topic /nope; the recording has none"),
        (["{}/table", "--out", "{}/o", "--info", "/nope"], "no camera info topic /nope"),
        (["{}/table", "--out", "{}/o", "--labels", "/nope"], "'/nope' are neither a folder nor"),
        (["{}/table", "--out", "{}/table"], "would lie in the bag that is read"),
        (["compare", "{}"], "compare wants two reports, 1 given"),
        (["compare", "{}/a", "{}/b"], "wanted a report.json of uois-sam replay, or its folder"),
    ],
)
def test_wrong_use(
    arguments: list[str],
    complaint: str,
    bag: Path,
    tmp_path: Path,
    pipeline: BrightThings,
    refused: Callable[..., str],
) -> None:
    assert complaint in refused("replay", *(a.format(tmp_path) for a in arguments))
    assert not (tmp_path / "o").exists()


def test_compare(bag: Path, tmp_path: Path, pipeline: BrightThings, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    assert main(["replay", str(bag), "--out", str(first)]) == 0
    second.mkdir()
    content = written(first)
    content["latency_ms"]["median"] *= 2
    (second / "report.json").write_text(json.dumps(content))
    capsys.readouterr()
    assert main(["replay", "compare", str(first), str(first / "report.json")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "B is not worse"
    assert main(["replay", "compare", str(first), str(second)]) == 1
    lines = capsys.readouterr().out.splitlines()
    (row,) = (line for line in lines if line.startswith("latency_median"))
    assert row.split()[3:] == ["+100.0", "%", "25", "%", "worse"]
    assert lines[-1] == "B is worse: latency_median"
    assert (
        main(["replay", "compare", str(first), str(second), "--tolerance", "times=0.1", "latency_median=2"]) == 0
    )
    assert main(["replay", "compare", str(second), str(first)]) == 0


def test_compare_tells_what_differs_beside_the_figures(
    bag: Path, tmp_path: Path, pipeline: BrightThings, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["replay", str(bag), "--out", str(tmp_path / "a")])
    other = written(tmp_path / "a") | {"bag": "other.mcap", "model": "mine"}
    (tmp_path / "b.json").write_text(json.dumps(other))
    main(["replay", "compare", str(tmp_path / "a"), str(tmp_path / "b.json")])
    said = capsys.readouterr().out
    assert "note: bag is table in A and other.mcap in B" in said
    assert "note: model is uois-sam-tiny in A and mine in B" in said
    assert "note: mode is" not in said
