"""Memory and CPU of processes, sampled."""

from __future__ import annotations

import subprocess
import sys
import threading

import psutil
import pytest

from uois_sam.replay.load import LoadSampler


def busy_until(done: threading.Event) -> int:
    count = 0
    while not done.is_set():
        count += 1
    return count


def test_this_process_is_sampled_from_beginning_to_end() -> None:
    done = threading.Event()
    with LoadSampler(interval=0.02) as load:
        worker = threading.Thread(target=busy_until, args=(done,))
        worker.start()
        while len(load.samples) < 6:
            done.wait(0.01)
        done.set()
        worker.join()
        before = load.elapsed()
    samples = load.samples
    assert samples[0].at == 0
    assert [s.at for s in samples] == sorted(s.at for s in samples)
    assert samples[-1].at <= load.elapsed()
    assert before > 0
    assert samples[0].memory == pytest.approx(psutil.Process().memory_info().rss / 1e6, rel=0.5)
    assert any(s.cpu > 0 for s in samples)


def test_other_processes_are_added_up_and_dead_ones_count_nothing() -> None:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    memory = [psutil.Process(child.pid).memory_info().rss / 1e6 for child in children]
    with LoadSampler([child.pid for child in children], interval=60) as load:
        pass
    assert load.samples[0].memory == pytest.approx(sum(memory), rel=0.2)
    for child in children:
        child.communicate()
    with LoadSampler([child.pid for child in children]) as load:
        pass
    assert load.samples[0].memory == 0


def test_a_short_run_has_at_least_two_samples() -> None:
    with LoadSampler() as load:
        pass
    assert len(load.samples) == 2
