"""What came of many bags: `summary.json` with the key figures of each, and a page that leads to their reports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from uois_sam.errors import InputError
from uois_sam.replay.compare import read_report
from uois_sam.replay.many import Outcome, Task

SUMMARY_JSON = "summary.json"
SUMMARY_HTML = "summary.html"


def write_summary(
    folder: Path, out: Path, tasks: Sequence[Task], outcomes: Mapping[str, Outcome]
) -> dict[str, Any]:
    """Write `summary.json` and the self-contained `summary.html`.

    Args:
        folder: that the bags lie below.
        out: to write to; the tasks' own folders lie below it.
        tasks: all of them.
        outcomes: of each, by its name.

    Returns:
        What `summary.json` holds.

    Raises:
        InputError: a file cannot be written, or a report cannot be read.
    """
    from uois_sam.commands.outputs import versions, write_json, write_text
    from uois_sam.commands.report.summary_page import summary_page

    rows = [_row(folder, task, outcomes[task.name]) for task in tasks]
    summary = {
        "versions": versions(),
        "folder": str(folder),
        "model": tasks[0].options.model,
        "recordings": len(rows),
        "failed": sum(bool(row["reason"]) for row in rows),
        "bags": rows,
    }
    write_json(out / SUMMARY_JSON, summary)
    write_text(out / SUMMARY_HTML, summary_page(summary))
    return summary


def read_summary(out: Path) -> dict[str, str]:
    """Reason of each bag of a `summary.json`, by its name; empty where it went well.

    Raises:
        InputError: it is missing, or of something else.
    """
    file, wanted = out / SUMMARY_JSON, "wanted what uois-sam replay writes for a folder of recordings"
    try:
        bags = json.loads(file.read_bytes())["bags"]
        return {str(bag["name"]): str(bag["reason"]) for bag in bags}
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}; {wanted}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{file} is no summary of a replay; {wanted}") from None


def key_figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a summary says of a report; None where the report has no such figure.

    Times are ms, memory is MB, scores are fractions of 1.
    """
    scores = report.get("scores") or {}
    mean = scores.get("mean", {})
    return {
        "frames_in": report["frames_in"],
        "answered": report["answered"],
        "dropped": report["dropped"],
        "frames_per_second": report["frames_per_second"],
        "latency_p95_ms": report["latency_ms"].get("p95"),
        "instances_mean": report["instances"].get("mean"),
        "memory_mb": report["memory_mb"].get("highest"),
        **{name: mean.get(name) for name in ("overlap_f", "boundary_f", "percent75")},
        "identity_switches": scores.get("identity_switches"),
    }


def _row(folder: Path, task: Task, outcome: Outcome) -> dict[str, Any]:
    root = folder.resolve()
    row = {
        "name": task.name,
        "bag": str(task.bag.relative_to(root) if task.bag.is_relative_to(root) else task.bag),
        "reason": outcome.reason,
        "reported": outcome.reported,
        "kept": outcome.kept,
    }
    if outcome.reported:
        report = read_report(task.out)
        row |= {"topics": report.get("topics", ""), **key_figures(report)}
    return row
