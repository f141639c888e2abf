"""The report of a replay, the same for every way to replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from uois_sam.commands.report.document import Picture
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.evaluation.results import Evaluation
from uois_sam.replay.run import ReplayRun

REPORT_JSON = "report.json"
REPORT_HTML = "report.html"


@dataclass(frozen=True)
class ReplayScores:
    """Scores against the truth.

    Attributes:
        evaluation: a row for each answered frame that has a truth, named by its stamp.
        rule: which labels were objects.
        switches: identity switches over all frames; see `evaluation.switches`.
        labels: where the truth came from, in words.
    """

    evaluation: Evaluation
    rule: LabelRule
    switches: int
    labels: str


@dataclass(frozen=True)
class ShownFrame:
    """A frame of the report.

    Attributes:
        title: its name.
        facts: in words, beside the name.
        pictures: such as the image and its overlay.
    """

    title: str
    facts: Sequence[str]
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class ReplayReport:
    """All that a report is made of.

    Attributes:
        run: what was measured.
        outputs: names of the files beside the report, and what they hold.
        scores: against the truth; None where there is none.
        samples: frames evenly spaced over the replay.
        worst: worst first; by overlap F with a truth, else by the mean score.
        notes: lines that a reader should know.
    """

    run: ReplayRun
    outputs: Sequence[tuple[str, str]] = ()
    scores: ReplayScores | None = None
    samples: Sequence[ShownFrame] = ()
    worst: Sequence[ShownFrame] = ()
    notes: Sequence[str] = ()


def write_report(out: Path, report: ReplayReport) -> Path:
    """Write `report.json` and the self-contained `report.html` to a folder, which is made where it is missing.

    Returns:
        The path of the page.

    Raises:
        InputError: a file cannot be written.
    """
    from uois_sam.commands.outputs import versions, write_json, write_text
    from uois_sam.commands.report.replay_page import replay_page
    from uois_sam.replay.figures import report_figures

    write_json(out / REPORT_JSON, {"versions": versions(), **report_figures(report.run, report.scores)})
    write_text(out / REPORT_HTML, replay_page(report))
    return out / REPORT_HTML
