"""Two replays beside each other: whether the second is worse than the first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uois_sam.errors import InputError
from uois_sam.evaluation.results import FIGURES
from uois_sam.replay.report import REPORT_JSON

TOLERANCES = {"times": 0.25, "memory": 0.2, "dropped": 0.01, "scores": 0.01, "switches": 0.0}
"""By how much each group of figures may be worse: for times and memory a share of A's, else a difference.

`times` is for the rate too, `dropped` for the share of frames without an answer.
"""

_RELATIVE = ("times", "memory")
_HINT = "wanted a report.json of uois-sam replay, or its folder"


@dataclass(frozen=True)
class Figure:
    """One figure of a replay.

    Attributes:
        name: what a user calls it in a tolerance and sees in the table.
        group: which of `TOLERANCES` it goes by.
        value: in the unit of its name.
        higher_is_better: else lower is.
    """

    name: str
    group: str
    value: float
    higher_is_better: bool = False


@dataclass(frozen=True)
class Compared:
    """A figure of both replays.

    Attributes:
        first, second: of the two.
        tolerance: that it goes by.
        worse: whether the second is worse by more than the tolerance.
    """

    first: Figure
    second: Figure
    tolerance: float
    worse: bool

    @property
    def relative(self) -> bool:
        """Whether the tolerance is a share of the first figure."""
        return self.first.group in _RELATIVE


def read_report(path: Path) -> dict[str, Any]:
    """The content of a report.json, or of that of a folder.

    Raises:
        InputError: it is missing, or not of a replay.
    """
    file = path / REPORT_JSON if path.is_dir() else path
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}; {_HINT}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot read {file} as JSON: {str(error).splitlines()[0]}; {_HINT}") from None
    if not isinstance(content, dict) or not {"bag", "mode", "latency_ms", "frames_in"} <= content.keys():
        raise InputError(f"{file} is no report of a replay; {_HINT}")
    return content


def read_tolerances(given: Sequence[str]) -> dict[str, float]:
    """NAME=VALUE, where NAME is a group of `TOLERANCES` or a single figure.

    Raises:
        InputError: a text is not of that form, or the value is no number from 0 on.
    """
    found = {}
    for text in given:
        name, _, number = text.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not name or not 0 <= value < float("inf"):
            raise InputError(f"tolerance {text!r} is not NAME=VALUE with a value from 0 on, such as times=0.1")
        found[name] = value
    return found


def compare(
    first: Mapping[str, Any], second: Mapping[str, Any], tolerances: Mapping[str, float]
) -> list[Compared]:
    """Each figure that both reports have, in the order of the first.

    Args:
        first, second: contents of two report.json.
        tolerances: by group or name of a figure, in place of `TOLERANCES`.

    Raises:
        InputError: a figure is missing, in one report only or no number, or a tolerance is for no figure.
    """
    ours, theirs = figures(first), figures(second)
    alone = sorted(set(ours) ^ set(theirs))
    if alone:
        which = "first" if alone[0] in ours else "second"
        raise InputError(
            f"only the {which} report has {', '.join(alone)}; replay both in the same way, with the same labels"
        )
    unknown = sorted(set(tolerances) - set(TOLERANCES) - set(ours))
    if unknown:
        known = ", ".join([*TOLERANCES, *ours])
        raise InputError(f"tolerance {unknown[0]!r} is for no figure of these reports; they have {known}")
    found = []
    for name, figure in ours.items():
        tolerance = tolerances.get(name, tolerances.get(figure.group, TOLERANCES[figure.group]))
        found.append(Compared(figure, theirs[name], tolerance, _worse(figure, theirs[name], tolerance)))
    return found


def figures(report: Mapping[str, Any]) -> dict[str, Figure]:
    """The figures of a report that can be better or worse, by name.

    Raises:
        InputError: one is missing or no number.
    """
    found = [
        Figure("frames_per_second", "times", _number(report, "frames_per_second"), True),
        Figure("dropped", "dropped", _number(report, "dropped") / max(1.0, _number(report, "frames_in"))),
    ]
    spreads = {"latency": report.get("latency_ms"), **_mapping(report, "stage_ms")}
    for name, spread in spreads.items():
        if spread:
            found += [Figure(f"{name}_{part}", "times", _number(spread, part)) for part in ("median", "p95")]
    if report.get("memory_mb"):
        found.append(Figure("memory", "memory", _number(_mapping(report, "memory_mb"), "highest")))
    if report.get("scores"):
        scores = _mapping(report, "scores")
        mean = _mapping(scores, "mean")
        found += [Figure(name, "scores", _number(mean, name), True) for name in FIGURES]
        found.append(Figure("identity_switches", "switches", _number(scores, "identity_switches")))
    return {figure.name: figure for figure in found}


def _worse(first: Figure, second: Figure, tolerance: float) -> bool:
    loss = first.value - second.value if first.higher_is_better else second.value - first.value
    allowed = tolerance * first.value if first.group in _RELATIVE else tolerance
    return loss > allowed + 1e-12


def _mapping(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    if not isinstance(found, dict):
        raise InputError(f"a report has no {name}; {_HINT}")
    return found


def _number(content: object, name: str) -> float:
    value = content.get(name) if isinstance(content, dict) else None
    if type(value) not in (int, float):
        raise InputError(f"a report has {name} {value!r:.40}, no number; {_HINT}")
    return float(value)  # type: ignore[arg-type]
