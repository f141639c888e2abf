"""The page of many replays: a line for each recording, which leads to its report, and those that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from uois_sam import __version__
from uois_sam.commands.report.document import document, tiles
from uois_sam.replay.report import REPORT_HTML

_COLUMNS = (
    ("frames_in", "frames in", "{:d}"),
    ("answered", "answered", "{:d}"),
    ("frames_per_second", "frames/s", "{:.2f}"),
    ("latency_p95_ms", "95 % in ms", "{:.0f}"),
    ("instances_mean", "instances", "{:.1f}"),
    ("memory_mb", "memory, MB", "{:.0f}"),
)
_SCORES = (
    ("overlap_f", "overlap F, %", "{:.1%}"),
    ("boundary_f", "boundary F, %", "{:.1%}"),
    ("percent75", "%75", "{:.1%}"),
    ("identity_switches", "switches", "{:d}"),
)


def summary_page(summary: Mapping[str, Any]) -> str:
    """The whole document, of what `summary.json` holds; links are relative to it."""
    bags: Sequence[Mapping[str, Any]] = summary["bags"]
    failed = [bag for bag in bags if bag["reason"]]
    return document(
        f"replays of {summary['folder']}",
        [
            f"<header><h1>Replays of {escape(summary['folder'])}</h1>"
            f"<p>{len(bags)} recordings &middot; model <b>{escape(summary['model'])}</b></p></header>",
            tiles(_tiles(bags, len(failed))),
            _failures(failed),
            "<h2>Recordings</h2>",
            _table([bag for bag in bags if bag["reported"]]),
            "<p>Recordings that are replayed side by side share the machine: rates and times are then lower and "
            "longer than those of one alone.</p>",
            "<footer><p><code>summary.json</code> beside this file holds the same figures, "
            f"<code>report.json</code> in the folder of a recording those of all its frames.</p>"
            f"<p>uois_sam {__version__}</p></footer>",
        ],
    )


def _tiles(bags: Sequence[Mapping[str, Any]], failed: int) -> list[tuple[str, str]]:
    totals = [(str(len(bags)), "recordings"), (str(failed), "failed")]
    for name, what in (("frames_in", "frames in"), ("answered", "answered"), ("dropped", "dropped")):
        totals.append((str(sum(bag.get(name, 0) for bag in bags)), what))
    return totals


def _failures(failed: Sequence[Mapping[str, Any]]) -> str:
    if not failed:
        return ""
    rows = "".join(
        f'<tr><td class="reason">{_linked(bag)}</td><td class="reason">{escape(bag["reason"])}</td></tr>'
        for bag in failed
    )
    return f'<h2>Failed</h2><table class="scores">{rows}</table>'


def _table(bags: Sequence[Mapping[str, Any]]) -> str:
    if not bags:
        return "<p>None has a report.</p>"
    scored = any(bag["overlap_f"] is not None for bag in bags)
    columns = [*_COLUMNS, *(_SCORES if scored else ())]
    head = "".join(f"<th>{escape(title)}</th>" for _, title, _ in columns)
    rows = "".join(
        f'<tr><td class="reason">{_linked(bag)}</td>'
        + "".join(f"<td>{_cell(bag[name], form)}</td>" for name, _, form in columns)
        + "</tr>"
        for bag in bags
    )
    return f'<table class="scores"><tr><th></th>{head}</tr>{rows}</table>'


def _linked(bag: Mapping[str, Any]) -> str:
    name = escape(bag["name"])
    return f'<a href="{quote(bag["name"])}/{REPORT_HTML}">{name}</a>' if bag["reported"] else name


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value).removesuffix("%")
