"""Many bags by processes of their own, and what becomes of the others when one is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from folder_doubles import BRIGHT, BROKEN, DEADLY, JOURNAL, WAITING, folder_of_bags, load_double

from uois_sam.errors import ModelError
from uois_sam.replay.folder import find_bags
from uois_sam.replay.many import Task, make_tasks
from uois_sam.replay.options import ReplayOptions
from uois_sam.replay.processes import replay_in_processes

WAIT = 300.0


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "journal"
    monkeypatch.setenv(JOURNAL, str(path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return path


def tasks_of(folder: Path, model: str) -> list[Task]:
    out = folder.parent / "out"
    return make_tasks(find_bags(folder, out), out, ReplayOptions(model=model))


def test_one_process_loads_once_and_goes_on_after_a_broken_bag(tmp_path: Path, journal: Path) -> None:
    tasks = tasks_of(folder_of_bags(tmp_path / "bags"), BRIGHT)
    seen: list[tuple[str, int]] = []
    outcomes = list(
        replay_in_processes(tasks, 1, load_double, watch=lambda name, frames: seen.append((name, frames)))
    )
    assert [(one.name, one.reported) for one in outcomes] == [
        ("first", True),
        ("sub/second", False),
        ("third", True),
    ]
    assert "is no readable recording" in outcomes[1].reason
    assert seen == [("first", 1), ("first", 2), ("third", 1), ("third", 2)]
    (line,) = journal.read_text().splitlines()  # one load; alone, it may use all cores
    assert line.startswith("bright in ")
    assert line.endswith(" with None")
    assert f" {os.getpid()} " not in line
    assert multiprocessing.active_children() == []


def test_a_killed_process_costs_its_bag_alone(tmp_path: Path, journal: Path) -> None:
    tasks = tasks_of(folder_of_bags(tmp_path / "bags", deadly=True), DEADLY)
    outcomes = {one.name: one for one in replay_in_processes(tasks, 1, load_double)}
    assert set(outcomes) == {"deadly", "first", "sub/second", "third"}
    assert outcomes["deadly"].reason.startswith("its process was killed, as the system does when memory runs out")
    assert not outcomes["deadly"].reported
    assert not (tmp_path / "out" / "deadly" / "report.json").exists()
    assert outcomes["first"].reported
    assert outcomes["third"].reported
    assert len({line.split()[2] for line in journal.read_text().splitlines()}) == 2  # another took its place


def test_several_processes_compute_with_one_thread_each(tmp_path: Path, journal: Path) -> None:
    tasks = tasks_of(folder_of_bags(tmp_path / "bags"), BRIGHT)
    outcomes = list(replay_in_processes(tasks, 2, load_double))
    assert {one.name for one in outcomes if one.reported} == {"first", "third"}
    loads = journal.read_text().splitlines()
    assert len(loads) == 2
    assert all(line.endswith(" with 1") for line in loads)


def test_a_model_that_cannot_be_loaded_is_said_once(tmp_path: Path) -> None:
    tasks = tasks_of(folder_of_bags(tmp_path / "bags"), BROKEN)
    with pytest.raises(ModelError, match="the model is broken; take another"):
        list(replay_in_processes(tasks, 1, load_double))
    assert multiprocessing.active_children() == []


def test_closing_ends_the_processes_at_once(tmp_path: Path, journal: Path) -> None:
    tasks = tasks_of(folder_of_bags(tmp_path / "bags"), BRIGHT)
    with closing(replay_in_processes(tasks, 1, load_double)) as outcomes:
        assert next(outcomes).name == "first"
        assert len(multiprocessing.active_children()) == 1
    assert multiprocessing.active_children() == []


def test_interrupted_in_a_terminal_it_ends_with_all_its_processes(tmp_path: Path, journal: Path) -> None:
    folder = folder_of_bags(tmp_path / "bags")
    command = [sys.executable, str(Path(__file__).with_name("replay_command.py")), "replay", str(folder)]
    command += ["--out", str(tmp_path / "out"), "--workers", "2", "--model", WAITING]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        end = time.monotonic() + WAIT
        begun: list[int] = []
        while len(begun) < 2 and process.poll() is None and time.monotonic() < end:
            threading.Event().wait(0.05)
            lines = journal.read_text().splitlines() if journal.exists() else []
            begun = [int(line.split()[1]) for line in lines if line.startswith("begun")]
        assert len(begun) == 2, process.communicate()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, errors = process.communicate(timeout=WAIT)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors == "\nuois-sam: interrupted\n"
    assert "3 recordings are done; the same command goes on with the others" in out
    assert not any(psutil.pid_exists(pid) for pid in begun)
