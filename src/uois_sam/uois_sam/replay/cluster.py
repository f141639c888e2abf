"""Many bags on a Ray cluster, or on this machine by Ray."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from uois_sam.errors import InputError, UoisSamError
from uois_sam.memory import keep_freed_memory
from uois_sam.replay.many import Load, Outcome, Task, load_model, replay_task

if TYPE_CHECKING:
    from uois_sam.segmentation.pipeline import Pipeline

LOCAL = "local"
"""The address that starts a cluster of this machine alone, which ends with the replay."""


def replay_on_ray(
    tasks: Sequence[Task], address: str, workers: int | None = None, load: Load = load_model
) -> Generator[Outcome, None, None]:
    """The outcomes of tasks, each when it is there; closing the iterator ends what is running.

    Each task takes one core, and one GPU where the device is "cuda". Nothing is done twice: a task whose process
    is killed has failed. Every machine of a cluster sees bags and outputs under the same paths, has uois_sam
    installed, and finds the model by its name.

    Args:
        tasks: with one model and one device.
        address: of a cluster, such as "10.0.0.1:6379"; "auto" for that of this machine, or `LOCAL`.
        workers: at most so many at a time; as many as the cluster has cores for where not given.
        load: called once in each process; a function of a module, which it is found by there.

    Raises:
        ModelError: the model cannot be loaded.
        InputError: Ray is not installed, or the cluster has not what the device needs.
        UoisSamError: the cluster cannot be reached or started.
    """
    ray = _import_ray()
    device = tasks[0].options.device if tasks else "auto"
    if device.startswith("cuda:"):
        raise InputError(
            f"on a Ray cluster, which GPU a task gets is Ray's choice; give --device cuda, not {device}"
        )
    _start(ray, address, workers)
    try:
        gpus = 1 if device == "cuda" else 0
        if ray.cluster_resources().get("GPU", 0) < gpus:
            raise InputError(f"the Ray cluster at {address} has no GPU; use --device cpu")
        remote = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=0)(_replay)
        waiting = deque(tasks)
        running: dict[Any, Task] = {}
        while waiting or running:
            while waiting and (workers is None or len(running) < workers):
                task = waiting.popleft()
                running[remote.remote(task, load)] = task
            (done,), _ = ray.wait(list(running), num_returns=1)
            yield _outcome(ray, done, running.pop(done))
    finally:
        ray.shutdown()


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise InputError("--ray needs Ray, which is not installed; pip install ray, or use --workers") from None
    return ray


def _start(ray: Any, address: str, workers: int | None) -> None:
    """Connect to a cluster, or start one of this machine."""
    settings: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": "error"}
    if address == LOCAL:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers that it runs
        settings |= {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(**settings)
    except Exception as error:  # of many kinds, none of which says more than its text
        reason = (" ".join(str(error).split()) or type(error).__name__).rstrip(".")
        what = "start Ray" if address == LOCAL else f"reach a Ray cluster at {address}"
        raise UoisSamError(f"cannot {what}: {reason}") from error


def _outcome(ray: Any, done: Any, task: Task) -> Outcome:
    try:
        outcome: Outcome = ray.get(done)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, UoisSamError):
            raise error.cause from None
        failure: Exception = error.cause
    except ray.exceptions.RayError as error:  # such as a process that was killed
        failure = error
    else:
        return outcome
    lines = str(failure).strip().splitlines() or [type(failure).__name__]
    return Outcome(task.name, f"its process failed: {' '.join(lines[0].split())}")


def _replay(task: Task, load: Load) -> Outcome:
    """Runs in a process of the cluster, which does many tasks."""
    pipeline = _loaded(load, task.options.model, task.options.device)
    return replay_task(task, pipeline, lambda done, total: None)


@lru_cache(maxsize=1)
def _loaded(load: Load, model: str, device: str) -> Pipeline:
    keep_freed_memory()
    return load(model, device)
