"""Pace, and the matching of answers to frames, without middleware."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.replay.online import OnlineLog, Timetable, read_pace

SECOND = 1_000_000_000
BOTH = ("instances", "instance_clouds")


@pytest.fixture
def never() -> threading.Event:
    return threading.Event()


@pytest.mark.parametrize(("text", "pace"), [("recorded", "recorded"), ("answers", "answers"), ("7.5", 7.5)])
def test_paces(text: str, pace: object) -> None:
    assert read_pace(text) == pace


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "1e9", "answer", "fast"])
def test_no_paces(text: str) -> None:
    with pytest.raises(InputError, match="is not known; give frames per second"):
        read_pace(text)


def test_recorded_frames_are_due_by_their_stamps() -> None:
    table = Timetable(None)
    assert table.due(5 * SECOND, 100.0) == 100.0
    assert table.due(7 * SECOND, 100.0) == 102.0
    assert table.due(8 * SECOND, 102.0) == 103.0


def test_a_stamp_that_goes_back_repeats_the_last_distance() -> None:
    table = Timetable(None)
    table.due(5 * SECOND, 0.0)
    assert table.due(7 * SECOND, 0.0) == 2.0
    assert table.due(7 * SECOND, 2.0) == 4.0
    assert table.due(1 * SECOND, 4.0) == 6.0
    assert table.due(2 * SECOND, 6.0) == 7.0


def test_a_rate_does_not_look_at_stamps() -> None:
    table = Timetable(4.0)
    assert [table.due(0, 10.0), table.due(9 * SECOND, 10.0), table.due(0, 10.25)] == [10.0, 10.25, 10.5]


@given(st.lists(st.floats(0, 5), min_size=1, max_size=30))
def test_what_is_late_is_caught_up_by_one_frame_at_most(delays: list[float]) -> None:
    """However late frames go out, each is due at least by the distance after the one two before it."""
    table, sent = Timetable(2.0), [0.0]
    table.due(0, 0.0)
    dues = [0.0]
    for delay in delays:
        dues.append(table.due(0, sent[-1]))
        assert dues[-1] >= sent[-1] - 1e-9
        assert dues[-1] >= dues[-2] + 0.5 - 1e-9
        assert dues[-1] <= max(sent[-1], dues[-2]) + 0.5 + 1e-9
        sent.append(dues[-1] + delay)


def test_answers_find_their_frame_by_stamp() -> None:
    log = OnlineLog(BOTH)
    log.given(10, 1.0)
    log.given(20, 1.5)
    log.given(30, 2.0)
    assert log.heard("instances", 10, 2.5)
    log.found(10, [1, 2], [0.9, 0.8])
    log.timed({"encode": 0.1})
    assert log.heard("instance_clouds", 10, 2.75)
    assert log.heard("instances", 30, 3.0)
    log.timed({"encode": 0.2, "decode": 0.3})
    log.timed({"grasp_bridge: clouds": 0.4, "encode": 9.0})
    frames, seconds = log.records()
    assert seconds == 2.0
    assert [frame.stamp for frame in frames] == [10, 20, 30]
    assert [frame.given for frame in frames] == [0.0, 0.5, 1.0]
    assert [frame.answered for frame in frames] == [1.5, None, 2.0]
    assert [dict(frame.stages) for frame in frames] == [
        {"encode": 0.1},
        {},
        {"encode": 0.2, "decode": 0.3, "grasp_bridge: clouds": 0.4},
    ]
    assert (frames[0].ids, frames[0].scores) == ([1, 2], [0.9, 0.8])
    assert log.answered == 2


def test_answers_to_nothing_and_second_answers_do_not_count() -> None:
    log = OnlineLog(BOTH)
    assert not log.heard("instances", 10, 1.0)
    assert not log.heard("instance_clouds", 10, 1.0)
    assert log.unmatched == 1
    log.timed({"encode": 0.1})
    log.given(10, 2.0)
    assert log.heard("instances", 10, 3.0)
    assert not log.heard("instances", 10, 9.0)
    assert log.records()[0][0].answered == 1.0


def test_a_frame_that_goes_out_again_keeps_its_first_time() -> None:
    log = OnlineLog(BOTH)
    log.given(10, 2.0)
    log.given(10, 7.0)
    log.heard("instances", 10, 8.0)
    frames, seconds = log.records()
    assert (len(frames), frames[0].latency, seconds) == (1, 6.0, 6.0)


def test_no_two_frames_have_one_stamp() -> None:
    log = OnlineLog(BOTH)
    for _ in range(3):
        log.given(log.free_stamp(10), 1.0)
    assert [frame.stamp for frame in log.records()[0]] == [10, 11, 12]


def test_an_answer_is_complete_with_all_its_results(never: threading.Event) -> None:
    log = OnlineLog(BOTH)
    log.given(10, 1.0)
    assert not log.wait_settled(10, 0.0, never)
    log.heard("instances", 10, 2.0)
    assert not log.wait_settled(10, 0.0, never)
    log.heard("instance_clouds", 10, 3.0)
    assert log.wait_settled(10, 0.0, never)
    assert log.quiet(3.0)


def test_a_refused_frame_is_not_waited_for(never: threading.Event) -> None:
    log = OnlineLog(BOTH)
    log.refused({"segmentation": 4})
    log.given(10, 1.0)
    assert not log.wait_settled(10, 0.0, never)
    log.refused({"segmentation": 5})
    assert log.wait_settled(10, 0.0, never)
    log.given(20, 1.0)
    log.refused({"segmentation": 5, "grasp_bridge": 1})
    assert not log.wait_settled(20, 0.0, never)
    log.heard("instances", 20, 2.0)
    assert log.wait_settled(20, 0.0, never)


def test_waiting_ends_with_the_answer_or_the_stop() -> None:
    log, stopping = OnlineLog(["instances"]), threading.Event()
    log.given(10, 1.0)
    log.given(20, 1.0)
    waited: list[bool] = []

    def wait() -> None:
        waited.append(log.wait_settled(10, 60.0, stopping))
        waited.append(log.wait_settled(20, 60.0, stopping))

    thread = threading.Thread(target=wait)
    thread.start()
    log.heard("instances", 10, 2.0)
    stopping.set()
    log.wake()
    thread.join(60.0)
    assert waited == [True, True]


def test_it_is_quiet_when_the_newest_is_answered_or_nothing_comes_for_long() -> None:
    log = OnlineLog(["instances"])
    assert log.quiet(0.0)
    assert log.silence(99.0) == 0.0
    log.given(10, 1.0)
    log.given(20, 2.0)
    log.heard("instances", 10, 4.0)
    assert not log.quiet(5.0)
    assert log.silence(5.0) == 1.0
    assert log.patience == 12.0
    assert not log.quiet(4.0 + 36.0)
    assert log.quiet(4.0 + 36.1)
    log.heard("instances", 20, 50.0)
    assert log.quiet(50.0)


def test_nothing_given_is_no_replay() -> None:
    assert OnlineLog(BOTH).records() == ([], 0.0)
