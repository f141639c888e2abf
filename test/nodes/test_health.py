"""What a node's report says of counts, silence, faults and refusals."""

from __future__ import annotations

from uois_sam.nodes.health import SILENCE, Health, Level


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make() -> tuple[Health, Clock]:
    clock = Clock()
    return Health(clock=clock), clock


def test_a_healthy_node_reports_its_rate() -> None:
    health, clock = make()
    health.report()
    for _ in range(6):
        health.count("received")
        health.count("answered")
    clock.now += 2.0
    report = health.report()
    assert report.level == Level.OK
    assert report.message == "3.0 frames/s answered"
    assert report.values["frames received"] == report.values["frames answered"] == "6"


def test_a_silent_topic_is_named_until_it_speaks() -> None:
    health, clock = make()
    health.watch("image", "/camera/image")
    clock.now += SILENCE - 0.1
    assert health.report().level == Level.OK
    clock.now += 0.1
    report = health.report()
    assert (report.level, report.message) == (Level.WARN, "No image on /camera/image for 5 s")
    health.arrived("image")
    assert health.report().level == Level.OK
    clock.now += SILENCE
    health.unwatch()
    assert health.report().level == Level.OK


def test_refusals_warn_once_and_stay_in_the_values() -> None:
    health, _ = make()
    assert health.refuse("step is 3")
    assert not health.refuse("step is 3")
    assert health.refuse("no data")
    report = health.report()
    assert (report.level, report.message) == (Level.WARN, "3 refused: no data")
    assert report.values["frames refused"] == "3"
    later = health.report()
    assert later.level == Level.OK
    assert later.values["last refusal"] == "no data"


def test_the_worst_fault_gives_the_level_and_all_are_named() -> None:
    health, _ = make()
    health.set_fault("state", "inactive", Level.WARN)
    health.set_fault("configure", "configure failed: no such model")
    report = health.report()
    assert report.level == Level.ERROR
    assert report.message == "inactive; configure failed: no such model"
    health.clear_fault("configure")
    health.clear_fault("never set")
    assert health.report().level == Level.WARN


def test_stage_times_are_those_of_the_last_frame() -> None:
    health, _ = make()
    health.time_stages({"encode": 40.0, "decode": 70.0})
    health.time_stages({"encode": 41.26})
    values = health.report().values
    assert (values["encode ms"], values["decode ms"]) == ("41.3", "70.0")
