"""Many bags on a Ray cluster of this machine, where Ray is installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from folder_doubles import BRIGHT, BROKEN, DEADLY, folder_of_bags, load_double

from uois_sam.errors import InputError, ModelError, UoisSamError
from uois_sam.replay.cluster import LOCAL, replay_on_ray
from uois_sam.replay.folder import find_bags
from uois_sam.replay.many import Task, make_tasks
from uois_sam.replay.options import ReplayOptions


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ray, whose processes find the doubles, and are not put behind all others of a busy machine."""
    found = pytest.importorskip("ray", reason="Ray is not installed; pip install ray")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("RAY_worker_niceness", "0")
    return found


def tasks_of(folder: Path, model: str, device: str = "cpu") -> list[Task]:
    out = folder.parent / "out"
    return make_tasks(find_bags(folder, out), out, ReplayOptions(model=model, device=device))


def test_outcomes_are_those_of_processes_and_a_killed_one_costs_its_bag_alone(ray: Any, tmp_path: Path) -> None:
    tasks = tasks_of(folder_of_bags(tmp_path / "bags", deadly=True), DEADLY)
    outcomes = {one.name: one for one in replay_on_ray(tasks, LOCAL, 1, load_double)}
    assert {name: one.reported for name, one in outcomes.items()} == {
        "deadly": False,
        "first": True,
        "sub/second": False,
        "third": True,
    }
    assert outcomes["deadly"].reason.startswith("its process failed: ")
    assert "\n" not in outcomes["deadly"].reason
    assert "is no readable recording" in outcomes["sub/second"].reason
    assert (tmp_path / "out" / "third" / "report.html").is_file()
    assert not ray.is_initialized()


def test_what_a_cluster_lacks_is_refused(ray: Any, tmp_path: Path) -> None:
    folder = folder_of_bags(tmp_path / "bags")
    with pytest.raises(ModelError, match="the model is broken; take another"):
        list(replay_on_ray(tasks_of(folder, BROKEN), LOCAL, 1, load_double))
    assert not ray.is_initialized()


def test_an_address_without_a_cluster_is_refused(ray: Any, tmp_path: Path) -> None:
    tasks = tasks_of(folder_of_bags(tmp_path / "bags"), BRIGHT)
    with pytest.raises(UoisSamError, match="cannot reach a Ray cluster at nonsense: "):
        list(replay_on_ray(tasks, "nonsense", 1, load_double))


def test_without_ray_the_option_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        InputError, match=r"--ray needs Ray, which is not installed; pip install ray, or use --workers"
    ):
        list(replay_on_ray(tasks_of(folder_of_bags(tmp_path / "bags"), BRIGHT), LOCAL))
