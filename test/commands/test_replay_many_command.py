"""`uois-sam replay` of a folder of recordings: the lines, the summary, what is done again, and the comparison."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pages import read
from recordings import MILLISECOND, START, image, write_bag
from tiny_tables import BrightThings, true_label, write_frame

from uois_sam.cli import main
from uois_sam.replay.many import Outcome, Task, replay_task

COLOUR, TRUTH = "/camera/color/image_raw", "/truth"


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tasks are done here, one after the other; the names of those that were."""
    names: list[str] = []

    def replay_here(tasks: Sequence[Task], workers: int, watch: Callable[[str, int], None]) -> Iterator[Outcome]:
        for task in tasks:
            names.append(task.name)
            yield replay_task(task, BrightThings(), lambda done, total: watch(task.name, done))  # type: ignore[arg-type]  # noqa: B023

    monkeypatch.setattr("uois_sam.replay.processes.replay_in_processes", replay_here)
    return names


def bag(path: Path, frames: int, *, truth: bool = False) -> Path:
    write_frame(path.parent / ".frames", "a")
    picture = cv2.imread(str(path.parent / ".frames" / "color" / "a.png"))
    messages = []
    for k in range(frames):
        messages.append(image(COLOUR, picture, "bgr8", START + k * 100 * MILLISECOND))
        if truth:
            messages.append(image(TRUTH, true_label(), "16UC1", START + k * 100 * MILLISECOND))
    return write_bag(path, messages)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Two that are whole, one of them below and with truth, and a broken one."""
    folder = tmp_path / "recordings"
    (folder / "day & night").mkdir(parents=True)
    bag(folder / "a.mcap", 2)
    bag(folder / "day & night" / "b.bag", 3, truth=True)
    (folder / "broken.mcap").write_bytes(b"\x89MCAP nothing")
    return folder


def summary_of(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return content


def test_all_are_replayed_and_the_broken_one_is_named(
    recordings: Path, tmp_path: Path, begun: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["replay", str(recordings), "--out", str(out)]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"3 recordings below {recordings}; 0 of them are done\n")
    assert f"\na: bag a, 10.0 Hz: colour {COLOUR}" in said
    (failure,) = [line for line in said.splitlines() if line.startswith("failed: ")]
    assert failure.startswith(f"failed: broken: {recordings / 'broken.mcap'} is no readable recording")
    assert said.endswith(f"3 recordings, 1 failed\nsummary: {out / 'summary.html'}\n")

    summary = summary_of(out)
    assert (summary["folder"], summary["recordings"], summary["failed"]) == (str(recordings), 3, 1)
    a, broken, b = summary["bags"]
    assert (a["name"], a["bag"], a["frames_in"], a["answered"], a["instances_mean"]) == ("a", "a", 2, 2, 2)
    assert a["overlap_f"] is None
    assert a["frames_per_second"] > 0
    assert a["latency_p95_ms"] > 0
    assert (broken["name"], broken["reported"]) == ("broken", False)
    assert (b["name"], b["bag"]) == ("day & night/b", "day & night/b.bag")
    assert (b["overlap_f"], b["percent75"], b["identity_switches"]) == (1, 1, 0)


def test_the_page_leads_to_each_report_and_needs_nothing_else(
    recordings: Path, tmp_path: Path, begun: list[str]
) -> None:
    out = tmp_path / "out"
    main(["replay", str(recordings), "--out", str(out)])
    page = (out / "summary.html").read_text()
    shown = read(page)
    assert shown.addresses == ["a/report.html", "day%20%26%20night/b/report.html"]
    assert (out / "day & night" / "b" / "report.html").is_file()
    assert "is no readable recording" in shown.text
    assert "overlap F, %" in shown.text
    assert "100.0" in shown.text
    assert "<script" not in page
    assert "http" not in page


def test_the_same_command_goes_on_where_it_was(
    recordings: Path, tmp_path: Path, begun: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["replay", str(recordings), "--out", str(tmp_path / "out")]
    main(command)
    (recordings / "broken.mcap").unlink()
    bag(recordings / "c.mcap", 1)
    begun.clear()
    capsys.readouterr()
    assert main(command) == 0
    assert begun == ["c"]
    assert capsys.readouterr().out.startswith(f"3 recordings below {recordings}; 2 of them are done\n")
    summary = summary_of(tmp_path / "out")
    assert [(row["name"], row["kept"]) for row in summary["bags"]] == [
        ("a", True),
        ("c", False),
        ("day & night/b", True),
    ]
    assert summary["bags"][2]["overlap_f"] == 1

    begun.clear()
    assert main([*command, "--overlay"]) == 0
    assert begun == ["a", "c", "day & night/b"]


def test_interrupted_it_says_how_far_it_came(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closed: list[bool] = []

    def interrupted(tasks: Sequence[Task], workers: int, watch: Callable[[str, int], None]) -> Iterator[Outcome]:
        try:
            yield replay_task(tasks[0], BrightThings(), watch)  # type: ignore[arg-type]
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    monkeypatch.setattr("uois_sam.replay.processes.replay_in_processes", interrupted)
    assert main(["replay", str(recordings), "--out", str(tmp_path / "out")]) == 130
    assert closed == [True]
    assert "1 of 3 recordings are done; the same command goes on" in capsys.readouterr().out
    assert not (tmp_path / "out" / "summary.json").exists()


def test_options_choose_processes_or_ray(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def processes(tasks: Sequence[Task], workers: int, watch: object) -> Iterator[Outcome]:
        asked.append(("processes", workers))
        yield from (Outcome(task.name, "not today") for task in tasks)

    def ray(tasks: Sequence[Task], address: str, workers: int | None) -> Iterator[Outcome]:
        asked.append((address, workers))
        yield from (Outcome(task.name, "not today") for task in tasks)

    monkeypatch.setattr("uois_sam.replay.processes.replay_in_processes", processes)
    monkeypatch.setattr("uois_sam.replay.cluster.replay_on_ray", ray)
    command = ["replay", str(recordings), "--out", str(tmp_path / "out")]
    for more in ([], ["--workers", "3"], ["--ray", "local"], ["--ray", "10.0.0.1:6379", "--workers", "8"]):
        assert main([*command, *more]) == 1
    assert asked == [("processes", 1), ("processes", 3), ("local", None), ("10.0.0.1:6379", 8)]


def test_a_folder_with_one_file_is_that_recording_unless_asked(
    tmp_path: Path, begun: list[str], pipeline: BrightThings
) -> None:
    bag(tmp_path / "one" / "x.mcap", 1).joinpath("metadata.yaml").unlink()
    folder = tmp_path / "one" / "x"
    assert main(["replay", str(folder), "--out", str(tmp_path / "alone")]) == 0
    assert (tmp_path / "alone" / "report.html").is_file()
    assert begun == []
    assert main(["replay", str(folder), "--out", str(tmp_path / "many"), "--workers", "1"]) == 0
    assert begun == ["x"]
    assert (tmp_path / "many" / "x" / "report.html").is_file()


def test_refusals(recordings: Path, tmp_path: Path, refused: Callable[..., str], begun: list[str]) -> None:
    out = tmp_path / "out"
    one = recordings / "a"
    assert "--workers and --ray go with a folder of recordings" in refused(
        "replay", one, "--out", out, "--workers", 2
    )
    assert "--workers and --ray go with" in refused("replay", tmp_path / "none", "--out", out, "--ray", "local")
    assert "is no whole number from 1 on" in refused("replay", recordings, "--out", out, "--workers", 0)
    assert "would lie among the recordings" in refused("replay", recordings, "--out", recordings)
    online = refused("replay", recordings, "--out", out, "--online", "--workers", 2)
    assert "many recordings are replayed offline" in online
    (tmp_path / "empty").mkdir()
    assert "holds no recording" in refused("replay", tmp_path / "empty", "--out", out)
    assert begun == []


@pytest.fixture
def two(recordings: Path, tmp_path: Path, begun: list[str]) -> tuple[Path, Path]:
    """The same replayed twice; a and b went well."""
    for name in ("before", "after"):
        main(["replay", str(recordings), "--out", str(tmp_path / name)])
    return tmp_path / "before", tmp_path / "after"


def change(out: Path, name: str, **figures: Any) -> None:
    report = json.loads((out / name / "report.json").read_text())
    (out / name / "report.json").write_text(json.dumps({**report, **figures}))


ANY_TIME = ["--tolerance", "times=1000000", "memory=1000"]


def test_folders_are_compared_recording_by_recording(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = two
    command = ["replay", "compare", str(before), str(after), *ANY_TIME]
    capsys.readouterr()
    assert main(command) == 0
    said = capsys.readouterr().out
    assert said.endswith("note: left out, for they did not go well in A: broken\nB is not worse\n")
    assert [line.split()[-1] for line in said.splitlines()[2:4]] == ["ok", "ok"]

    change(after, "a", dropped=1)
    assert main(command) == 1
    said = capsys.readouterr().out
    assert "a: dropped is 0 in A and 0.5 in B\n" in said
    assert said.endswith("B is worse: a\n")


def test_a_recording_that_failed_or_is_missing_is_worse(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = two
    summary = summary_of(after)
    summary["bags"] = [{**row, "reason": "killed"} for row in summary["bags"] if row["name"] == "a"]
    (after / "summary.json").write_text(json.dumps(summary))
    capsys.readouterr()
    assert main(["replay", "compare", str(before), str(after), *ANY_TIME]) == 1
    said = capsys.readouterr().out
    assert "a: failed in B: killed\nday & night/b: is not in B\n" in said
    assert said.endswith("B is worse: a, day & night/b\n")


def test_folders_that_cannot_be_compared(two: tuple[Path, Path], refused: Callable[..., str]) -> None:
    before, after = two
    change(after, "day & night/b", scores=None)
    assert "day & night/b: only the first report has" in refused("replay", "compare", before, after)
    assert f"cannot read {before / 'a' / 'summary.json'}" in refused("replay", "compare", before / "a", after)
    (after / "summary.json").write_text('{"bags": [1]}')
    assert "is no summary of a replay; wanted what" in refused("replay", "compare", before, after)
    (before / "summary.json").write_text('{"bags": []}')
    (after / "summary.json").write_text('{"bags": []}')
    assert f"no recording of {before} went well" in refused("replay", "compare", before, after)


def test_a_bad_label_topic_fails_each_by_name(recordings: Path, tmp_path: Path, begun: list[str]) -> None:
    assert main(["replay", str(recordings), "--out", str(tmp_path / "out"), "--labels", TRUTH]) == 1
    rows = {row["name"]: row for row in summary_of(tmp_path / "out")["bags"]}
    assert rows["a"]["reason"].startswith(f"labels '{TRUTH}' are neither a folder nor an image topic")
    assert rows["day & night/b"]["reason"] == ""
    assert np.isclose(rows["day & night/b"]["overlap_f"], 1)
