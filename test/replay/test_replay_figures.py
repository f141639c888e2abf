"""The figures of a replay."""

from __future__ import annotations

import json

import numpy as np
import pytest

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.evaluation.metrics import Scores
from uois_sam.evaluation.results import Evaluation, ImageScores
from uois_sam.replay.figures import cpu_figures, instance_figures, memory_figures, rates, report_figures, spread
from uois_sam.replay.report import ReplayScores
from uois_sam.replay.run import FrameRecord, LoadSample, ReplayRun


def replayed(frames: int = 100, dropped: int = 10) -> ReplayRun:
    records = [
        FrameRecord(
            k,
            k / 10,
            None if k < dropped else k / 10 + 0.001 * k,
            {"encode": 0.001 * k},
            [1] * (k % 3),
            [0.5] * (k % 3),
        )
        for k in range(frames)
    ]
    load = [LoadSample(float(k), 500.0 + (10 if k > 2 else 0), 50.0 * (k > 0)) for k in range(11)]
    return ReplayRun("x.mcap", "topics", "offline", "tiny", 10.0, records, load, ["a", "b", "a"], "cut off")


def test_the_rate_is_that_of_the_last_answers() -> None:
    times = [0.5, 1.0, None, 1.5, 2.0, 2.5, 3.0, 3.25, 3.25]
    run = ReplayRun("x", "t", "online", "m", 3.0, [FrameRecord(k, 0.0, at) for k, at in enumerate(times)])
    assert rates(run, window=2) == [
        (1.0, 2),
        (1.5, 2),
        (2.0, 2),
        (2.5, 2),
        (3.0, 2),
        (3.25, pytest.approx(2 / 0.75)),
    ]
    assert (
        rates(ReplayRun("x", "t", "online", "m", 0.0, [FrameRecord(0, 0.0, 1.0), FrameRecord(1, 0.0, None)])) == []
    )


def test_a_report_has_all_of_it_and_is_json() -> None:
    run = replayed()
    written = json.loads(json.dumps(report_figures(run, None)))
    assert (written["frames_in"], written["answered"], written["dropped"]) == (100, 90, 10)
    assert (written["frames_per_second"], written["refused"], written["ended"]) == (9, {"a": 2, "b": 1}, "cut off")
    expected = np.percentile(np.arange(10, 100), (50, 95, 99))
    assert list(written["latency_ms"].values()) == pytest.approx(expected)
    assert written["stage_ms"]["encode"]["median"] == pytest.approx(49.5)
    assert written["scores"] is None
    assert len(written["frames"]) == 100
    assert written["frames"][5] == {
        "stamp": 5,
        "given": 0.5,
        "answered": None,
        "stage_ms": {"encode": 5.0},
        "ids": [1, 1],
        "scores": [0.5, 0.5],
        "parts": None,
    }
    assert written["load"][3] == {"at": 3.0, "memory": 510.0, "cpu": 50.0}


def test_scores_and_what_they_depend_on() -> None:
    row = ImageScores("f", Scores(1, 1, 1, 1, 1, 1, 1, 2, 2))
    scores = ReplayScores(Evaluation((row,)), LabelRule(2, 0), 3, "a topic")
    written = report_figures(replayed(), scores)["scores"]
    assert (written["identity_switches"], written["first_object"], written["ignore"]) == (3, 2, 0)
    assert written["mean"]["overlap_f"] == 1
    assert written["labels"] == "a topic"


def test_memory_that_stays_has_no_slope_and_memory_that_grows_has_one() -> None:
    assert memory_figures(replayed().load, 100) == pytest.approx(
        {"first": 500, "last": 510, "highest": 510, "per_100_frames": 0}, abs=1e-9
    )
    growing = [LoadSample(k / 2, 500.0 + k, 0) for k in range(41)]  # 2 MB a second, 20 seconds, 200 frames
    assert memory_figures(growing, 200)["per_100_frames"] == pytest.approx(20)


def test_instances_and_cpu() -> None:
    assert instance_figures(replayed()) == pytest.approx({"mean": 1.0, "least": 0, "most": 2}, abs=0.02)
    assert cpu_figures(replayed().load) == {"mean": 50, "highest": 50}


def test_nothing_measured() -> None:
    run = ReplayRun("x", "t", "online", "m", 0.0, [FrameRecord(0, 0.0, None)])
    written = report_figures(run, None)
    assert written["frames_per_second"] == 0
    empty = ("latency_ms", "stage_ms", "instances", "memory_mb", "cpu_percent")
    assert all(written[name] == {} for name in empty)
    assert spread([]) == {}
    json.dumps(written)
