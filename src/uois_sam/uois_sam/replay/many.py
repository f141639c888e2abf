"""Each of many bags on its own: what there is to do, what an earlier run has done, and one bag's replay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uois_sam import __version__
from uois_sam.commands.outputs import write_json
from uois_sam.errors import InputError, UoisSamError
from uois_sam.parts.load import method_and_model
from uois_sam.paths import models_dir
from uois_sam.replay.offline import replay_bag
from uois_sam.replay.options import ReplayOptions
from uois_sam.replay.report import REPORT_HTML, REPORT_JSON

if TYPE_CHECKING:
    from uois_sam.segmentation.pipeline import Pipeline

MADE_FROM = "made_from.json"
"""Beside a report: what it was made from. It is written last."""

Load = Callable[[str, str], "Pipeline"]
"""Gives the pipeline of a model's name and a device."""


@dataclass(frozen=True)
class Task:
    """One bag to replay.

    Attributes:
        name: unique among the tasks.
        bag: absolute path.
        out: absolute path of the folder to write to.
        options: model, topics, truth.
    """

    name: str
    bag: Path
    out: Path
    options: ReplayOptions


@dataclass(frozen=True)
class Outcome:
    """How it went with one task.

    Attributes:
        name: of the task.
        reason: why it failed, in one line; empty where it did not.
        topics: the line that says which were read; empty where the replay did not come so far, or was kept.
        reported: whether there is a report; also of a bag that ended early.
        kept: whether an earlier run had made it.
    """

    name: str
    reason: str = ""
    topics: str = ""
    reported: bool = False
    kept: bool = False


def make_tasks(bags: Mapping[str, Path], out: Path, options: ReplayOptions) -> list[Task]:
    """A task for each bag by its name.

    Where the options' labels are a folder, it holds a folder of labels for each bag by its name; a bag that has
    none is replayed without.

    Raises:
        InputError: the folder of labels has none for any bag.
    """
    folder = None if options.labels is None else Path(options.labels).expanduser().resolve()
    every = _everywhere(options)
    tasks = []
    for name, bag in bags.items():
        chosen = every
        if folder is not None and folder.is_dir():
            labels = folder / name
            chosen = replace(every, labels=str(labels) if labels.is_dir() else None)
        tasks.append(Task(name, bag.resolve(), (out / name).resolve(), chosen))
    if folder is not None and folder.is_dir() and all(task.options.labels is None for task in tasks):
        raise InputError(f"labels {folder} hold no folder for any recording, such as {folder / tasks[0].name}")
    return tasks


def kept_outcome(task: Task) -> Outcome | None:
    """The outcome of an earlier run, where its report is whole, and neither bag nor choices have changed.

    A bag counts as the same by its size and time of change; so do a model's folder or file, and labels. A bag that
    could not be replayed at all is never kept.
    """
    try:
        content = json.loads((task.out / MADE_FROM).read_bytes())
        same = content["made_from"] == _made_from(task) and content["report"] == _digest(task.out / REPORT_JSON)
        return Outcome(task.name, str(content["ended"]), reported=True, kept=True) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def load_model(model: str, device: str) -> Pipeline:
    """See `uois_sam.segmentation.load.load_pipeline`, which is imported here first."""
    from uois_sam.segmentation.load import load_pipeline

    return load_pipeline(model, device)


def replay_task(task: Task, pipeline: Pipeline, progress: Callable[[int, int], None]) -> Outcome:
    """Replay one bag; whatever goes wrong is the outcome's reason.

    What an earlier run wrote is taken away first, so that a report is there only where the outcome has one.

    Args:
        task: which, and where to.
        pipeline: of the task's model; can be of the task before.
        progress: told after each frame how many are done, and of how many.
    """
    try:
        for name in (MADE_FROM, REPORT_JSON, REPORT_HTML):
            (task.out / name).unlink(missing_ok=True)
        made_from = _made_from(task)
        run = replay_bag(task.bag, task.out, task.options, pipeline=pipeline, progress=progress)
        digest = _digest(task.out / REPORT_JSON)
        write_json(task.out / MADE_FROM, {"made_from": made_from, "ended": run.ended, "report": digest})
    except UoisSamError as error:
        return Outcome(task.name, _one_line(str(error)))
    except Exception as error:  # one broken bag must not stop the others
        kind = type(error).__name__
        return Outcome(task.name, _one_line(f"{kind}: {error} (replayed by itself, the bag shows where)"))
    return Outcome(task.name, _one_line(run.ended), run.topics, reported=True)


def _made_from(task: Task) -> dict[str, Any]:
    """What a report depends on, as JSON has it."""
    options = task.options
    names = {"model": options.model}
    if options.parts is not None:
        names["part_model"] = method_and_model(options.parts)[1]
    models = {key: _model_path(name) or models_dir() / name for key, name in names.items()}
    return {
        "version": __version__,
        "bag": {"path": str(task.bag), **_state(task.bag)},
        "options": asdict(options),
        **{key: _state(path) if path.exists() else None for key, path in models.items()},
        "labels": _state(Path(options.labels)) if options.labels is not None else None,
    }


def _everywhere(options: ReplayOptions) -> ReplayOptions:
    """The options with absolute paths of the user's models, for processes that run elsewhere."""
    model = _model_path(options.model)
    if model is not None:
        options = replace(options, model=str(model))
    if options.parts is not None:
        method, parts = method_and_model(options.parts)
        found = _model_path(parts)
        options = replace(options, parts=f"{method}:{parts if found is None else found}")
    return options


def _model_path(model: str) -> Path | None:
    """Absolute path of a model that is a folder or file of the user; None for one that is bundled, or on a hub."""
    path = Path(model).expanduser()
    return path.resolve() if path.exists() and not (models_dir() / model).exists() else None


def _state(path: Path) -> dict[str, int]:
    """Number and bytes of the files of a path, and when one was last changed in ns."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    stats = [file.stat() for file in files]
    changed = max((one.st_mtime_ns for one in stats), default=0)
    return {"files": len(stats), "bytes": sum(one.st_size for one in stats), "changed": changed}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _one_line(text: str) -> str:
    return " ".join(text.split())
