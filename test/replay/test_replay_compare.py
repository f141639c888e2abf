"""Two replays beside each other."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.errors import InputError
from uois_sam.evaluation.results import FIGURES
from uois_sam.replay.compare import TOLERANCES, compare, figures, read_report, read_tolerances


def report(*, scores: bool = True) -> dict[str, Any]:
    return {
        "bag": "x.mcap",
        "mode": "offline",
        "frames_in": 100,
        "dropped": 2,
        "frames_per_second": 5.0,
        "latency_ms": {"median": 200.0, "p95": 250.0, "p99": 400.0},
        "stage_ms": {"encode": {"median": 80.0, "p95": 90.0, "p99": 95.0}},
        "memory_mb": {"first": 500.0, "last": 600.0, "highest": 600.0, "per_100_frames": 0.0},
        "scores": {"identity_switches": 3, "mean": dict.fromkeys(FIGURES, 0.8)} if scores else None,
    }


def worse(second: dict[str, Any], **tolerances: float) -> list[str]:
    return [one.first.name for one in compare(report(), second, tolerances) if one.worse]


def changed(path: str, value: Any) -> dict[str, Any]:
    content = deepcopy(report())
    *way, last = path.split(".")
    at = content
    for name in way:
        at = at[name]
    at[last] = value
    return content


def test_the_same_is_not_worse() -> None:
    found = compare(report(), report(), dict.fromkeys(TOLERANCES, 0.0))
    assert not any(one.worse for one in found)
    assert len(found) == 2 + 4 + 1 + 7 + 1


@pytest.mark.parametrize(
    ("path", "within", "beyond", "name"),
    [
        ("frames_per_second", 3.8, 3.7, "frames_per_second"),
        ("latency_ms.median", 249, 251, "latency_median"),
        ("latency_ms.p95", 312, 313, "latency_p95"),
        ("stage_ms.encode.median", 99, 101, "encode_median"),
        ("memory_mb.highest", 719, 721, "memory"),
        ("dropped", 3, 4, "dropped"),
        ("scores.mean.overlap_f", 0.791, 0.789, "overlap_f"),
        ("scores.identity_switches", 3, 4, "identity_switches"),
    ],
)
def test_the_tolerances_of_each_group(path: str, within: float, beyond: float, name: str) -> None:
    assert worse(changed(path, within)) == []
    assert worse(changed(path, beyond)) == [name]


@pytest.mark.parametrize(
    ("path", "better"),
    [("frames_per_second", 50.0), ("latency_ms.median", 1.0), ("scores.mean.overlap_f", 1.0), ("dropped", 0)],
)
def test_better_is_never_worse(path: str, better: float) -> None:
    assert worse(changed(path, better), times=0, scores=0, dropped=0) == []


def test_a_tolerance_of_one_figure_goes_before_that_of_its_group() -> None:
    slower = changed("latency_ms.median", 230)
    assert worse(slower, times=0.1) == ["latency_median"]
    assert worse(slower, times=0.1, latency_median=0.2) == []
    assert worse(slower, latency_median=0.1) == ["latency_median"]


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 2))
def test_one_of_two_is_not_worse(a: float, b: float, tolerance: float) -> None:
    first, second = changed("latency_ms.median", a), changed("latency_ms.median", b)
    ways = [
        any(c.worse for c in compare(x, y, {"times": tolerance}) if c.first.name == "latency_median")
        for x, y in ((first, second), (second, first))
    ]
    assert not all(ways)


def test_reports_that_do_not_go_together() -> None:
    with pytest.raises(InputError, match=r"only the first report has boundary_f, .*with the same labels"):
        compare(report(), report(scores=False), {})
    with pytest.raises(InputError, match="only the second report has decode_median"):
        compare(report(), changed("stage_ms.decode", {"median": 1.0, "p95": 1.0}), {})
    with pytest.raises(
        InputError, match="tolerance 'nonsense' is for no figure of these reports; they have times"
    ):
        compare(report(), report(), {"nonsense": 1})


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("frames_per_second", "fast", "frames_per_second 'fast', no number"),
        ("latency_ms.p95", None, "p95 None, no number"),
        ("stage_ms", [], "has no stage_ms"),
        ("scores.mean", 3, "has no mean"),
        ("dropped", True, "dropped True, no number"),
    ],
)
def test_broken_reports(path: str, value: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        figures(changed(path, value))


def test_reports_are_read_from_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(report()))
    assert read_report(tmp_path) == read_report(tmp_path / "report.json") == report()
    cases = {"no.json": "{", "list.json": "[]", "other.json": '{"rows": []}'}
    for name, content in cases.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=r"wanted a report\.json of uois-sam replay, or its folder"):
            read_report(tmp_path / name)
    with pytest.raises(InputError, match=r"cannot read .*No such file"):
        read_report(tmp_path / "nowhere")


def test_tolerances_are_names_and_numbers() -> None:
    assert read_tolerances(["times=0.1", "overlap_f=0"]) == {"times": 0.1, "overlap_f": 0}
    for text in ("times", "=1", "times=-1", "times=x", "times=inf", "times=nan"):
        with pytest.raises(InputError, match="is not NAME=VALUE"):
            read_tolerances([text])
