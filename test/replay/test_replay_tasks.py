"""One task of many: its outcome, what is kept of it, and what makes it be done again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from replay_doubles import BrightPipeline, recorded_tables, table

from uois_sam.errors import InputError
from uois_sam.replay.many import MADE_FROM, Outcome, Task, kept_outcome, make_tasks, replay_task
from uois_sam.replay.options import ReplayOptions
from uois_sam.replay.report import REPORT_HTML, REPORT_JSON


def replayed(task: Task) -> Outcome:
    return replay_task(task, BrightPipeline(), lambda done, total: None)  # type: ignore[arg-type]


@pytest.fixture
def task(tmp_path: Path) -> Task:
    bag = recorded_tables(tmp_path / "bags" / "one.mcap", (2, 3))
    (made,) = make_tasks({"one": bag}, tmp_path / "out", ReplayOptions())
    return made


@pytest.fixture(autouse=True)
def bags(tmp_path: Path) -> Path:
    (tmp_path / "bags").mkdir()
    return tmp_path / "bags"


def test_a_task_that_went_well_is_kept(task: Task) -> None:
    assert kept_outcome(task) is None
    steps: list[tuple[int, int]] = []
    outcome = replay_task(task, BrightPipeline(), lambda done, total: steps.append((done, total)))  # type: ignore[arg-type]
    assert outcome == Outcome("one", "", outcome.topics, reported=True)
    assert "/camera/camera/color/image_raw" in outcome.topics
    assert steps == [(1, 2), (2, 2)]
    assert sorted(path.name for path in task.out.iterdir()) == [MADE_FROM, "one.mcap", REPORT_HTML, REPORT_JSON]
    assert kept_outcome(task) == Outcome("one", reported=True, kept=True)


def touch_bag(task: Task) -> Task:
    file = next(task.bag.glob("*.mcap"))
    changed = file.stat().st_mtime_ns + 1_000_000_000
    os.utime(file, ns=(changed, changed))
    return task


def cut_report(task: Task) -> Task:
    report = task.out / REPORT_JSON
    report.write_bytes(report.read_bytes()[:-20])
    return task


def without_record(task: Task) -> Task:
    (task.out / MADE_FROM).unlink()
    return task


def cut_record(task: Task) -> Task:
    (task.out / MADE_FROM).write_text('{"made_from": {')
    return task


def foreign_record(task: Task) -> Task:
    (task.out / MADE_FROM).write_text("[]")
    return task


def gone_bag(task: Task) -> Task:
    for file in task.bag.iterdir():
        file.unlink()
    task.bag.rmdir()
    return task


def other_version(task: Task) -> Task:
    record = json.loads((task.out / MADE_FROM).read_text())
    record["made_from"]["version"] = "0.0.1"
    (task.out / MADE_FROM).write_text(json.dumps(record))
    return task


@pytest.mark.parametrize(
    "change",
    [
        touch_bag,
        cut_report,
        without_record,
        cut_record,
        foreign_record,
        other_version,
        lambda task: replace(task, options=replace(task.options, overlay=True)),
        lambda task: replace(task, options=replace(task.options, model="another")),
        lambda task: replace(task, options=replace(task.options, labels="/truth")),
    ],
)
def test_what_has_changed_or_is_not_whole_is_done_again(task: Task, change: Callable[[Task], Task]) -> None:
    replayed(task)
    assert kept_outcome(task) is not None
    assert kept_outcome(change(task)) is None


def test_a_bag_that_is_gone_is_not_kept_and_fails_by_name(task: Task) -> None:
    replayed(task)
    gone_bag(task)
    assert kept_outcome(task) is None
    outcome = replayed(task)
    assert (outcome.reported, outcome.reason) == (False, f"there is no recording at {task.bag}")
    assert [path.name for path in task.out.iterdir()] == ["one.mcap"]  # no report of what it once was


def test_a_model_that_has_changed_is_another(tmp_path: Path, task: Task) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "hpg.safetensors").write_bytes(b"1")
    (task,) = make_tasks({"one": task.bag}, tmp_path / "out", ReplayOptions(model=os.path.relpath(model)))
    assert task.options.model == str(model)
    replayed(task)
    assert kept_outcome(task) is not None
    (model / "hpg.safetensors").write_bytes(b"12")
    assert kept_outcome(task) is None


def test_a_damaged_bag_fails_in_one_line(tmp_path: Path, task: Task) -> None:
    bad = tmp_path / "bags" / "bad.mcap"
    bad.write_bytes(b"nothing\nof use")
    outcome = replayed(replace(task, bag=bad))
    assert not outcome.reported
    assert outcome.reason.startswith(f"{bad} is no readable recording")
    assert "\n" not in outcome.reason
    assert kept_outcome(replace(task, bag=bad)) is None


def test_whatever_a_pipeline_raises_is_a_reason(task: Task) -> None:
    class Failing(BrightPipeline):
        def segment(self, image: np.ndarray) -> None:  # type: ignore[override]
            raise RuntimeError("the network\nfell over")

    outcome = replay_task(task, Failing(), lambda done, total: None)  # type: ignore[arg-type]
    assert outcome == Outcome(
        "one", "RuntimeError: the network fell over (replayed by itself, the bag shows where)"
    )


def test_a_bag_that_ends_early_has_failed_with_a_report_and_is_kept(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uois_sam.errors import SourceError
    from uois_sam.sources.bag import BagSource

    read_on = BagSource.__next__

    def cut(source: BagSource) -> object:
        frame = read_on(source)
        if len(seen) == 1:
            raise SourceError("the bag is cut off here")
        seen.append(frame)
        return frame

    seen: list[object] = []
    monkeypatch.setattr(BagSource, "__next__", cut)
    outcome = replayed(task)
    assert (outcome.reason, outcome.reported) == ("the bag is cut off here", True)
    assert kept_outcome(task) == Outcome("one", "the bag is cut off here", reported=True, kept=True)


def test_each_bag_has_its_folder_of_labels(tmp_path: Path, task: Task) -> None:
    labels = tmp_path / "labels"
    (labels / "sub" / "two").mkdir(parents=True)
    for k, count in enumerate((2, 3)):
        cv2.imwrite(str(labels / "sub" / "two" / f"{k}.png"), table(count)[1])
    bags = {"one": task.bag, "sub/two": task.bag}
    first, second = make_tasks(bags, tmp_path / "out", ReplayOptions(labels=str(labels)))
    assert first.options.labels is None
    assert replayed(second).reason == ""
    assert json.loads((second.out / REPORT_JSON).read_text())["scores"]["mean"]["overlap_f"] == 1
    cv2.imwrite(str(labels / "sub" / "two" / "1.png"), table(1)[1])
    assert kept_outcome(second) is None

    with pytest.raises(
        InputError, match=r"labels .*labels hold no folder for any recording, such as .*labels/one"
    ):
        make_tasks({"one": task.bag}, tmp_path / "out", ReplayOptions(labels=str(labels)))
    (topic,) = make_tasks({"one": task.bag}, tmp_path / "out", ReplayOptions(labels="/truth"))
    assert topic.options.labels == "/truth"
