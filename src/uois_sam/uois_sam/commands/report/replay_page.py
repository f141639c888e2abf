"""The report of a replay: counts, scores, times, load, and pictures of some frames and of the worst ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from uois_sam import __version__
from uois_sam.commands.report.document import SCORES_EXPLAINED, article, document, scores_table, tiles
from uois_sam.commands.report.plot import curve, stage_plot
from uois_sam.replay.figures import (
    LATENCY,
    cpu_figures,
    instance_figures,
    latencies,
    memory_figures,
    part_figures,
    rates,
    spread,
    stage_spreads,
)
from uois_sam.replay.run import ReplayRun

if TYPE_CHECKING:
    from uois_sam.replay.report import ReplayReport, ReplayScores, ShownFrame

_PACE = {
    "offline": "Every frame went through the pipeline, one after the other, as fast as it could.",
    "online": "The frames were published, and the running nodes answered over the middleware.",
}
_REASONS = 3


def replay_page(report: ReplayReport) -> str:
    """The whole document."""
    run = report.run
    return document(
        f"replay of {run.bag}",
        [
            f"<header><h1>Replay of {escape(run.bag)}</h1><p>{escape(run.topics)} &middot; {run.mode} &middot; "
            f"model <b>{escape(run.model)}</b></p></header>",
            tiles(_tiles(report)),
            "".join(f'<p class="note">{escape(note)}</p>' for note in _notes(report)),
            "" if report.scores is None else _scores(report.scores),
            _times(run),
            _instances(run),
            _load(run),
            _frames(_worst_title(report), report.worst),
            _frames("Frames, evenly spaced", report.samples),
            _footer(report),
        ],
    )


def _tiles(report: ReplayReport) -> list[tuple[str, str]]:
    run = report.run
    values = [
        (f"{len(run.frames)}", "frames in"),
        (f"{run.answered}", "answered"),
        (f"{run.dropped}", "dropped"),
        (f"{run.rate:.1f}", "frames per second"),
    ]
    taken = spread([1e3 * latency for latency in latencies(run)])
    if taken:
        values.append((f"{taken['median']:.0f} ms", f"{LATENCY}, median"))
        values.append((f"{taken['p95']:.0f} ms", "95 % are faster"))
    memory = memory_figures(run.load, len(run.frames))
    for name, found in (("instances", instance_figures(run)), ("parts", part_figures(run))):
        if found:
            values.append((f"{found['mean']:.1f}", f"{name} per frame"))
    if memory:
        values.append((f"{memory['highest']:.0f} MB", "memory, highest"))
    if report.scores is not None:
        means = report.scores.evaluation.means()
        names = {"overlap_f": "overlap F, %", "boundary_f": "boundary F, %", "percent75": "%75"}
        values += [(f"{100 * means[figure].value:.1f}", name) for figure, name in names.items()]
        values.append((f"{report.scores.switches}", "identity switches"))
    return values


def _notes(report: ReplayReport) -> list[str]:
    """What a reader should know that the figures do not say."""
    run, notes = report.run, list(report.notes)
    if run.ended:
        notes.append(f"The replay ended early: {run.ended}.")
    if run.refused:
        reasons = Counter(run.refused).most_common()
        shown = "; ".join(f"{reason} ({count})" for reason, count in reasons[:_REASONS])
        rest = "; ..." if len(reasons) > _REASONS else ""
        notes.append(f"{len(run.refused)} frames of the bag could not be used: {shown}{rest}.")
    return notes


def _scores(scores: ReplayScores) -> str:
    evaluation, rule = scores.evaluation, scores.rule
    objects = sum(row.scores.objects for row in evaluation.rows)
    ignored = "no label ignored" if rule.ignore is None else f"label {rule.ignore} ignored"
    return (
        f"<h2>Scores against the ground truth</h2>{scores_table('mean, %', evaluation.means())}"
        f"<p>{len(evaluation.rows)} frames, {objects} objects; truth: {escape(scores.labels)}, objects from label "
        f"{rule.first_object} on, {ignored}. {SCORES_EXPLAINED}</p>"
    )


def _times(run: ReplayRun) -> str:
    points = [(float(k), 1e3 * f.latency) for k, f in enumerate(run.frames, 1) if f.latency is not None]
    if not points:
        return ""
    stages = stage_spreads(run)
    rows = {LATENCY: spread([1e3 * latency for latency in latencies(run)]), **stages}
    lines = "".join(
        f"<tr><th>{escape(name)}</th>"
        + "".join(f"<td>{found[k]:.1f}</td>" for k in ("median", "p95", "p99"))
        + "</tr>"
        for name, found in rows.items()
    )
    head = "<th></th><th>median, ms</th><th>95 %</th><th>99 %</th>"
    parts = [
        "<h2>Times</h2>",
        f"<p>{_PACE[run.mode]}</p>",
        f"<h3>{LATENCY.capitalize()}</h3>",
        curve(points, "frame", "ms"),
        f'<table class="scores"><tr>{head}</tr>{lines}</table>',
    ]
    if over_time := rates(run):
        parts += [
            "<h3>Answers per second, over five answers</h3>",
            curve(over_time, "seconds", "answers per second"),
        ]
    if stages:
        parts += [
            "<h3>Stages, median</h3>",
            stage_plot([(name, found["median"]) for name, found in stages.items()]),
        ]
    return "\n".join(parts)


def _instances(run: ReplayRun) -> str:
    points = [(float(k), float(len(f.ids))) for k, f in enumerate(run.frames, 1) if f.answered is not None]
    return "<h2>Instances per frame</h2>" + curve(points, "frame", "instances") if points else ""


def _load(run: ReplayRun) -> str:
    memory, cpu = memory_figures(run.load, len(run.frames)), cpu_figures(run.load)
    if not memory:
        return ""
    parts = [
        "<h2>Memory and CPU</h2>",
        f"<p>{memory['first']:.0f} MB at first, {memory['last']:.0f} MB at last, highest "
        f"{memory['highest']:.0f} MB; {memory['per_100_frames']:+.2f} MB per 100 frames in the later half.</p>",
        curve([(s.at, s.memory) for s in run.load], "seconds", "memory, MB", from_zero=False),
    ]
    if cpu:
        parts.append(f"<p>CPU {cpu['mean']:.0f} % of one core in the mean, highest {cpu['highest']:.0f} %.</p>")
        parts.append(curve([(s.at, s.cpu) for s in run.load[1:]], "seconds", "CPU, % of one core"))
    return "\n".join(parts)


def _worst_title(report: ReplayReport) -> str:
    return "Lowest overlap F" if report.scores is not None else "Lowest mean score"


def _frames(title: str, frames: Sequence[ShownFrame]) -> str:
    if not frames:
        return ""
    articles = "\n".join(article(frame.title, frame.facts, frame.pictures) for frame in frames)
    return f"<h2>{escape(title)}</h2>\n{articles}"


def _footer(report: ReplayReport) -> str:
    files = "".join(f"<li><code>{escape(name)}</code>: {escape(what)}</li>" for name, what in report.outputs)
    return (
        "<footer><h2>Beside this file</h2><ul>"
        f"<li><code>report.json</code>: all figures of all frames</li>{files}</ul>"
        f"<p>uois_sam {__version__}</p></footer>"
    )
