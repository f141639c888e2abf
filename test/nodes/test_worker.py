"""The worker's thread: newest frame, requests in turn, errors, stopping."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from uois_sam.nodes.worker import FrameWorker

WAIT = 10.0


class Desk:
    """A worker whose processing a test holds up and lets go."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.errors: list[Exception] = []
        self.dropped = 0
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.worker: FrameWorker[object] = FrameWorker("test", self.process, self.errors.append, self.drop)
        self.worker.start()

    def process(self, frame: object) -> None:
        self.entered.release()
        assert self.gate.wait(WAIT)
        if isinstance(frame, Exception):
            raise frame
        self.seen.append(frame)

    def drop(self) -> None:
        self.dropped += 1


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.gate.set()
    desk.worker.stop()


def test_only_the_newest_waiting_frame_is_processed(desk: Desk) -> None:
    desk.worker.offer(1)
    assert desk.entered.acquire(timeout=WAIT)
    for frame in (2, 3, 4):
        desk.worker.offer(frame)
    assert desk.dropped == 2
    desk.gate.set()
    assert desk.worker.wait_idle(WAIT)
    assert desk.seen == [1, 4]


def test_requests_go_before_the_waiting_frame_and_keep_their_order(desk: Desk) -> None:
    desk.worker.offer("first")
    assert desk.entered.acquire(timeout=WAIT)
    desk.worker.offer("second")
    futures = [desk.worker.submit(lambda k=k: desk.seen.append(k) or k) for k in range(3)]
    desk.gate.set()
    assert [f.result(WAIT) for f in futures] == [0, 1, 2]
    assert desk.worker.wait_idle(WAIT)
    assert desk.seen == ["first", 0, 1, 2, "second"]


def test_an_error_is_reported_and_the_next_frame_is_processed(desk: Desk) -> None:
    desk.gate.set()
    desk.worker.offer(ValueError("bad"))
    assert desk.worker.wait_idle(WAIT)
    desk.worker.offer("good")
    assert desk.worker.wait_idle(WAIT)
    assert [str(e) for e in desk.errors] == ["bad"]
    assert desk.seen == ["good"]


def test_an_error_of_a_request_goes_to_who_asked(desk: Desk) -> None:
    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        desk.worker.submit(fail).result(WAIT)
    assert desk.errors == []


def test_stopping_finishes_the_frame_in_hand_and_cancels_what_waits(desk: Desk) -> None:
    desk.worker.offer("in hand")
    assert desk.entered.acquire(timeout=WAIT)
    desk.worker.offer("waiting")
    request = desk.worker.submit(lambda: None)
    stopper = threading.Thread(target=desk.worker.stop)
    stopper.start()
    with pytest.raises(CancelledError):
        request.result(WAIT)
    desk.gate.set()
    stopper.join(WAIT)
    assert not stopper.is_alive()
    assert desk.seen == ["in hand"]
    desk.worker.offer("too late")
    assert desk.worker.submit(lambda: None).cancelled()
    assert desk.seen == ["in hand"]


def test_wait_idle_tells_when_work_is_still_in_hand(desk: Desk) -> None:
    desk.worker.offer("long")
    assert desk.entered.acquire(timeout=WAIT)
    assert not desk.worker.wait_idle(0.01)
