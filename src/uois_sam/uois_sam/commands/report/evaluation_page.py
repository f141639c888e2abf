"""The report of an evaluation: means with intervals, how overlap F is spread, and the worst images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from uois_sam import __version__
from uois_sam.commands.report.document import SCORES_EXPLAINED, article, document, scores_table, tiles
from uois_sam.commands.report.plot import histogram
from uois_sam.commands.report.worst import WorstImage
from uois_sam.evaluation.bootstrap import Mean
from uois_sam.evaluation.results import Evaluation


@dataclass(frozen=True)
class EvaluationReport:
    """What the page shows.

    Attributes:
        dataset: as given.
        segmented_by: the model or the baseline, in words.
        settings: what else the scores depend on, in words.
        evaluation: the scores.
        worst: the worst images, worst first.
        against: name of the evaluation that this one is compared with, and the differences; or None.
    """

    dataset: str
    segmented_by: str
    settings: Sequence[str]
    evaluation: Evaluation
    worst: Sequence[WorstImage]
    against: tuple[str, Mapping[str, Mean]] | None = None


def evaluation_page(report: EvaluationReport) -> str:
    """The whole document."""
    return document(
        f"scores on {report.dataset}",
        [
            _heading(report),
            _tiles(report.evaluation),
            "<h2>Scores against the ground truth</h2>",
            scores_table("mean, %", report.evaluation.means()),
            f"<p>{SCORES_EXPLAINED}</p>",
            _difference(report),
            "<h2>Overlap F of each image</h2>",
            histogram([row.scores.overlap_f for row in report.evaluation.rows], "overlap F", "images"),
            f"<h2>Lowest overlap F: {len(report.worst)} of {len(report.evaluation.rows)} images</h2>",
            "<p>An object that was matched has the colour of its match; what counts for nobody is dark.</p>",
            *(_image(worst) for worst in report.worst),
            f"<footer><p>uois_sam {__version__}</p></footer>",
        ],
    )


def _heading(report: EvaluationReport) -> str:
    facts = " &middot; ".join(escape(fact) for fact in report.settings)
    return (
        f"<header><h1>Scores on {escape(report.dataset)}</h1>"
        f"<p><b>{escape(report.segmented_by)}</b> &middot; {facts}</p></header>"
    )


def _tiles(evaluation: Evaluation) -> str:
    means = evaluation.means()
    counts = [(f"{len(evaluation.rows)}", "images")]
    for name, what in (("objects", "true objects"), ("predicted", "predicted objects")):
        counts.append((str(sum(getattr(row.scores, name) for row in evaluation.rows)), what))
    names = {"overlap_f": "overlap F, %", "boundary_f": "boundary F, %", "percent75": "%75"}
    return tiles([*counts, *((f"{100 * means[figure].value:.1f}", name) for figure, name in names.items())])


def _difference(report: EvaluationReport) -> str:
    if report.against is None:
        return ""
    name, means = report.against
    return (
        f"<h2>Against {escape(name)}</h2>{scores_table('difference, points', means, '+')}"
        "<p>This minus the other, image by image; where an interval holds 0, the two cannot be told apart.</p>"
    )


def _image(worst: WorstImage) -> str:
    scores = worst.row.scores
    facts = [
        f"overlap F {100 * scores.overlap_f:.0f} (P {100 * scores.overlap_precision:.0f}, "
        f"R {100 * scores.overlap_recall:.0f})",
        f"boundary F {100 * scores.boundary_f:.0f}",
        f"%75 {100 * scores.percent75:.0f}",
    ]
    return article(worst.row.name, facts, worst.pictures)
