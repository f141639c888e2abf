"""Many bags on one machine: a few processes, each with the model, and each at one bag at a time."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

import cv2

from uois_sam.errors import UoisSamError
from uois_sam.memory import keep_freed_memory
from uois_sam.replay.many import Load, Outcome, Task, load_model, replay_task

_SPAWN = get_context("spawn")  # the calling process may hold threads and a GPU, which do not survive a fork


def replay_in_processes(
    tasks: Sequence[Task],
    workers: int,
    load: Load = load_model,
    watch: Callable[[str, int], None] = lambda name, frames: None,
) -> Generator[Outcome, None, None]:
    """The outcomes of tasks, each when it is there; closing the iterator ends the processes at once.

    A process that is killed costs the bag that it was at, and another takes its place. Of several processes each
    computes with one thread, unless OMP_NUM_THREADS says otherwise. As ever with processes, a script that calls
    this needs `if __name__ == "__main__":`.

    Args:
        tasks: with one model and one device.
        workers: number of processes.
        load: called once in each; a function of a module, which it is found by there.
        watch: told the name of a task and how many of its frames are done, after each.

    Raises:
        ModelError: the model cannot be loaded.
    """
    waiting = deque(tasks)
    running: list[_Worker] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_Worker(waiting.popleft(), load, one_thread=workers > 1))
            ready = wait([worker.pipe for worker in running])
            for worker in [worker for worker in running if worker.pipe in ready]:
                heard = worker.hear()
                if isinstance(heard, int):
                    watch(worker.task.name, heard)
                    continue
                if isinstance(heard, UoisSamError):
                    raise heard
                if waiting and worker.alive:
                    worker.give(waiting.popleft())
                else:
                    running.remove(worker)
                    worker.end()
                yield heard
    finally:
        for worker in running:
            worker.kill()


class _Worker:
    """One process.

    Attributes:
        task: that it is at.
        alive: False once it was found to have ended.
        pipe: that it speaks through.
    """

    def __init__(self, task: Task, load: Load, one_thread: bool) -> None:
        self.alive = True
        self.pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_work, args=(theirs, load, one_thread), daemon=True)
        # Inherited, so that Ctrl-C in a terminal is for the calling process alone, which ends this one.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        self.give(task)

    def give(self, task: Task) -> None:
        """Let it do a task."""
        self.task = task
        with suppress(BrokenPipeError):  # it has just ended, which `hear` says
            self.pipe.send(task)

    def hear(self) -> Outcome | int | UoisSamError:
        """What it has to say: an outcome, frames of the task that are done, or why the model cannot be loaded."""
        try:
            heard: Outcome | int | UoisSamError = self.pipe.recv()
        except (EOFError, OSError):
            self.alive = False
            self._process.join()
            return Outcome(self.task.name, _how_it_ended(self._process.exitcode or 0))
        return heard

    def end(self) -> None:
        """Let it end."""
        with suppress(OSError):
            self.pipe.send(None)
        self.pipe.close()
        self._process.join()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _how_it_ended(code: int) -> str:
    if code == -signal.SIGKILL:
        return "its process was killed, as the system does when memory runs out; use fewer workers"
    return f"its process ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}"


def _work(pipe: Connection, load: Load, one_thread: bool) -> None:
    """Runs in a process of its own until there is no more to do, or nobody to do it for."""
    keep_freed_memory()
    if one_thread:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch, which comes with the model, looks at it
        cv2.setNumThreads(1)
    pipeline = None
    with suppress(EOFError, ConnectionError):
        while (task := pipe.recv()) is not None:
            if pipeline is None:
                try:
                    pipeline = load(task.options.model, task.options.device)
                except UoisSamError as error:
                    pipe.send(error)
                    return
            pipe.send(replay_task(task, pipeline, lambda done, total: pipe.send(done)))
