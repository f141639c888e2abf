"""The demo's report: figures, plots, and pictures of some frames."""

from __future__ import annotations

from html import escape

import numpy as np

from uois_sam import __version__
from uois_sam.commands.demo_record import DemoRecord, FrameFigures, PartFigures, SampledFrame
from uois_sam.commands.report.document import SCORES_EXPLAINED, article, document, scores_table, tiles
from uois_sam.commands.report.pictures import pictures
from uois_sam.commands.report.plot import latency_plot, stage_plot
from uois_sam.types import number_colours


def report_page(record: DemoRecord) -> str:
    """The whole document."""
    return document(
        record.source,
        [
            _heading(record),
            _tiles(record),
            _notes(record),
            _scores(record),
            _times(record),
            "<h2>Frames</h2>",
            *(_frame(sample, record) for sample in record.samples),
            _footer(record),
        ],
    )


def _heading(record: DemoRecord) -> str:
    return (
        "<header><h1>From camera to instance masks and clouds</h1>"
        f"<p>{escape(record.described)} &middot; model <b>{escape(record.model)}</b></p></header>"
    )


def _tiles(record: DemoRecord) -> str:
    """The figures that matter most."""
    instances = [len(frame.instances) for frame in record.frames]
    values = [
        (f"{len(record.frames)}", "frames answered"),
        (f"{record.frames_per_second:.1f}", "frames per second"),
        (f"{np.mean(instances):.1f}", "instances per frame"),
    ]
    values += [
        (f"{np.median(latencies):.0f} ms", f"camera to {name}, median")
        for name, latencies in record.latencies().items()
        if latencies
    ]
    if record.evaluation is not None:
        means = record.evaluation.means()
        values.append((f"{100 * means['overlap_f'].value:.1f}", "overlap F, %"))
        values.append((f"{100 * means['boundary_f'].value:.1f}", "boundary F, %"))
    return tiles(values)


def _notes(record: DemoRecord) -> str:
    """What a reader should know that the figures do not say."""
    notes = []
    if not record.with_depth:
        notes.append(
            "The source has no depth (or no intrinsics): masks come from colour alone, and there are no clouds."
        )
    if record.unanswered:
        notes.append(f"{record.unanswered} of {record.sent} images were passed over for newer ones.")
    if record.unmatched:
        notes.append(f"{record.unmatched} answers had the stamp of no image that was received.")
    for node, (count, reason) in record.refused.items():
        notes.append(f"{node} refused {count} frames; last reason: {reason}.")
    return "".join(f'<p class="note">{escape(note)}</p>' for note in notes)


def _scores(record: DemoRecord) -> str:
    if record.evaluation is None:
        return ""
    objects = sum(row.scores.objects for row in record.evaluation.rows)
    return (
        f"<h2>Scores against the ground truth</h2>{scores_table('mean, %', record.evaluation.means())}"
        f"<p>{len(record.evaluation.rows)} frames, {objects} objects. {SCORES_EXPLAINED}</p>"
    )


def _times(record: DemoRecord) -> str:
    latencies = record.latencies()
    keys = "".join(f'<span class="key s{k}">{escape(name)}</span>' for k, name in enumerate(latencies))
    parts = [f"<h2>Times</h2><h3>Camera message to result {keys}</h3>", latency_plot(latencies)]
    stages = [
        (f"{node}: {stage}", value)
        for node, found in record.stage_medians().items()
        for stage, value in found.items()
        if node != "camera"
    ]
    pace = "as fast as the last ones were answered" if record.paced else "at the source's own rate"
    parts.append(f"<p>Images were sent {pace}.</p>")
    if stages:
        parts += ["<h3>Stages, median</h3>", stage_plot(stages)]
        parts.append("<p>Publishing the masks includes making the clouds, which follows on the same thread.</p>")
    return "\n".join(parts)


def _frame(sample: SampledFrame, record: DemoRecord) -> str:
    figures = sample.figures
    facts = [f"{len(figures.instances)} instances", f"masks {figures.masks_ms:.0f} ms"]
    if figures.clouds_ms is not None:
        facts.append(f"clouds {figures.clouds_ms:.0f} ms")
    for row in record.evaluation.rows if record.evaluation is not None else ():
        if row.name == figures.name:
            facts.append(
                f"overlap F {100 * row.scores.overlap_f:.0f}, boundary F {100 * row.scores.boundary_f:.0f}"
            )
    return article(figures.name, facts, pictures(sample), _instances(figures))


def _instances(figures: FrameFigures) -> str:
    """A small table beside the pictures."""
    if not figures.instances:
        return ""
    colours = number_colours(np.array([instance.id for instance in figures.instances]))
    with_clouds = figures.clouds_ms is not None
    parts = figures.parts or ()
    heads = ["", "id", "score", "px"] + (["points", "m", "size, cm"] if with_clouds else [])
    if figures.parts is not None:
        heads.append("parts")
    lines = []
    for instance, (r, g, b) in zip(figures.instances, colours, strict=True):
        cells = [
            f'<i style="background:rgb({r},{g},{b})"></i>',
            str(instance.id),
            f"{instance.score:.2f}",
            str(instance.area),
        ]
        line = "".join(f"<td>{cell}</td>" for cell in cells)
        if instance.distance is not None and instance.size is not None:
            size = " &times; ".join(f"{100 * edge:.0f}" for edge in instance.size)
            line += f"<td>{instance.points}</td><td>{instance.distance:.2f}</td><td>{size}</td>"
        elif with_clouds:
            line += f'<td class="reason" colspan="3" title="{escape(instance.refusal)}">no cloud</td>'
        if figures.parts is not None:
            names = [_part_name(part) for part in parts if part.instance_id == instance.id]
            line += f"<td>{', '.join(names)}</td>"
        lines.append(f"<tr>{line}</tr>")
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f'<div class="instances"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def _part_name(part: PartFigures) -> str:
    """A part's name, struck out where it may not be held."""
    return escape(part.name) if part.preference > 0 else f"<s>{escape(part.name)}</s>"


def _footer(record: DemoRecord) -> str:
    clouds = "<li><code>clouds/*.ply</code>: scene and instances of these frames</li>" if record.with_depth else ""
    return (
        "<footer><h2>Beside this file</h2><ul>"
        "<li><code>report.json</code>: all figures of all frames</li>"
        f"{clouds}"
        "<li><code>demo.mcap</code>: every message, for Foxglove or <code>ros2 bag play</code></li>"
        "<li><code>log/</code>: what the nodes said</li></ul>"
        f"<p>uois_sam {__version__}</p></footer>"
    )
