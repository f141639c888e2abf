"""Jobs on a thread that comes and goes."""

from __future__ import annotations

import threading

from uois_sam.nodes.background import BackgroundJobs

WAIT = 10.0


def test_jobs_run_in_their_order_off_the_callers_thread_which_ends_with_them() -> None:
    jobs = BackgroundJobs("test-jobs", limit=10)
    seen: list[tuple[int, threading.Thread]] = []

    def job(k: int) -> int:
        seen.append((k, threading.current_thread()))
        return 2 * k

    pending = [jobs.submit(lambda k=k: job(k)) for k in range(5)]
    assert [future.result(WAIT) for future in pending] == [0, 2, 4, 6, 8]
    assert [k for k, _ in seen] == list(range(5))
    assert seen[-1][1] is not threading.current_thread()
    seen[-1][1].join(WAIT)
    assert not seen[-1][1].is_alive()
    assert jobs.submit(lambda: 7).result(WAIT) == 7


def test_an_error_is_the_jobs_own() -> None:
    jobs = BackgroundJobs("test-jobs", limit=10)
    broken, whole = jobs.submit(lambda: 1 / 0), jobs.submit(lambda: 1)
    assert isinstance(broken.exception(WAIT), ZeroDivisionError)
    assert whole.result(WAIT) == 1


def test_more_than_may_wait_are_cancelled_and_so_are_those_after_the_end() -> None:
    jobs = BackgroundJobs("test-jobs", limit=2)
    gate, entered, dropped = threading.Event(), threading.Event(), threading.Event()

    def hold() -> bool:
        entered.set()
        return gate.wait(WAIT)

    held = jobs.submit(hold)
    assert entered.wait(WAIT)
    waiting = [jobs.submit(lambda: 1), jobs.submit(lambda: 2)]
    assert jobs.submit(lambda: 3).cancelled()
    assert not any(future.done() for future in waiting)
    waiting[1].add_done_callback(lambda _: dropped.set())
    stopper = threading.Thread(target=jobs.stop)
    stopper.start()
    assert dropped.wait(WAIT)
    gate.set()
    stopper.join(WAIT)
    assert held.result(WAIT)
    assert waiting[0].cancelled()
    assert jobs.submit(lambda: 4).cancelled()
