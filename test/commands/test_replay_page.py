"""The report of a replay as a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import needs_nothing_else, read

from uois_sam.commands.report.document import Picture
from uois_sam.commands.report.plot import curve
from uois_sam.commands.report.replay_page import replay_page
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.evaluation.metrics import Scores
from uois_sam.evaluation.results import Evaluation, ImageScores
from uois_sam.replay.report import ReplayReport, ReplayScores, ShownFrame, write_report
from uois_sam.replay.run import FrameRecord, LoadSample, ReplayRun

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def made(*, scores: bool = True) -> ReplayReport:
    frames = [
        FrameRecord(
            k, 0.1 * k, None if k == 3 else 0.1 * k + 0.05, {"encode": 0.04} if k != 3 else {}, [1, 2], [0.5, 0.9]
        )
        for k in range(10)
    ]
    load = [LoadSample(0.5 * k, 600.0 + k, 80.0) for k in range(4)]
    run = ReplayRun(
        "<b>.mcap", "colour /a & /b", "offline", "a <model>", 1.0, frames, load, ["skew"] * 4, "cut <off>"
    )
    rows = tuple(ImageScores(f"f{k}", Scores(1, 0.5, 0.6, 1, 1, 1, 0.5, 2, 4)) for k in range(3))
    shown = ShownFrame("f<1>", ["2 instances"], [Picture(PIXEL, "image"), Picture(PIXEL, "2 <instances>")])
    return ReplayReport(
        run,
        [("x.mcap", "the <bag>")],
        ReplayScores(Evaluation(rows), LabelRule(2, 0), 7, "a & topic") if scores else None,
        [shown, shown],
        [shown],
        ["a <note>"],
    )


def test_what_the_page_says() -> None:
    page = replay_page(made())
    assert needs_nothing_else(page)
    reader = read(page)
    assert len(reader.images) == 6
    for words in (
        "Replay of <b>.mcap",
        "colour /a & /b · offline · model a <model>",
        "10frames in",
        "9answered",
        "1dropped",
        "9.0frames per second",
        "50 msframe to instances, median",
        "Answers per second",
        "2.0instances per frame",
        "603 MBmemory, highest",
        "60.0overlap F, %",
        "7identity switches",
        "a <note>",
        "The replay ended early: cut <off>.",
        "4 frames of the bag could not be used: skew (4).",
        "truth: a & topic, objects from label 2 on, label 0 ignored",
        "CPU 80 % of one core in the mean",
        "Lowest overlap F",
        "x.mcap: the <bag>",
    ):
        assert words in reader.text.replace("\n", ""), words


def test_without_truth() -> None:
    text = read(replay_page(made(scores=False))).text
    assert "Lowest mean score" in text
    assert "identity switches" not in text
    assert "ground truth" not in text


def test_nothing_answered_and_nothing_sampled() -> None:
    frames = [FrameRecord(0, 0.0, None)]
    run = ReplayRun("x", "t", "online", "m", 0.0, frames)
    text = read(replay_page(ReplayReport(run))).text
    assert "1frames in" in text.replace("\n", "")
    assert "Memory" not in text
    assert "Times" not in text


def test_one_answered_frame() -> None:
    report = made()
    run = replace(report.run, frames=report.run.frames[:1], load=report.run.load[:1])
    assert "Times" in read(replay_page(replace(report, run=run))).text.replace("\n", "")


def test_both_files_are_written(tmp_path: Path) -> None:
    path = write_report(tmp_path / "deep" / "out", made())
    assert path.name == "report.html"
    assert sorted(p.name for p in path.parent.iterdir()) == ["report.html", "report.json"]


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e6)), min_size=1, max_size=30, unique_by=lambda p: p[0]),
    st.booleans(),
)
def test_curves_are_well_formed_and_lie_within(points: list[tuple[float, float]], from_zero: bool) -> None:
    svg = ElementTree.fromstring(curve(sorted(points), "x <axis>", "y & axis", from_zero=from_zero))
    (line,) = svg.findall("polyline")
    for pair in line.attrib["points"].split():
        x, y = map(float, pair.split(","))
        assert 63 <= x <= 945
        assert 13 <= y <= 221
    ticks = [text for text in svg.findall("text") if text.attrib.get("text-anchor") == "end"]
    assert 2 <= len(ticks) <= 13


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_a_curve_that_stays(value: float) -> None:
    svg = ElementTree.fromstring(curve([(0.0, value), (1.0, value)], "s", "MB", from_zero=False))
    assert len(svg.findall("line")) >= 2
