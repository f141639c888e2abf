"""`uois-sam reproduce tracking`: how well things keep their ids, against matching by IoU alone."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.options import add_device, add_model
from uois_sam.commands.options import add_parser as make_parser

if TYPE_CHECKING:
    from uois_sam.evaluation.track_sequences import TrackingRow

_EPILOG = """\
--data is a sequence, or a folder of sequences: color/, label/ (a thing has one label in all frames of
its sequence), and depth/ and camera.json where there is depth, as uois-sam synth writes them.

rows
  true masks   the ids alone are judged
  model masks  masks that are missed or poor count too
  IoU alone    each instance takes the id of the mask of the last frame that it overlaps most
  tracker      the pipeline's own: appearance, place and overlap, and a memory (docs/tracking.md)

IDF1, HOTA, DetA and AssA in per cent, over all sequences together; switches are times that a thing
came to have another id; kept, of the things that came back after 10 frames or more out of sight, how
many had their id; ms, the median time of a frame that giving ids takes.

examples:
  uois-sam reproduce tracking --data sequences --json out/tracking.json"""


def add_tracking(tables: argparse._SubParsersAction) -> None:
    """Add the table to those of `uois-sam reproduce`."""
    parser = make_parser(tables, "tracking", "how well things keep their ids over a sequence", _EPILOG)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a sequence, or a folder of some")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to write the table and all sequences to")
    add_model(parser)
    add_device(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Track every sequence in all four ways."""
    from uois_sam.commands.outputs import check_writable, write_results
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.rule_choice import choose_rule
    from uois_sam.evaluation.track_sequences import measure, open_sequences
    from uois_sam.segmentation.load import load_pipeline

    check_writable(options.json)
    sequences = open_sequences(options.data)
    rules = [choose_rule(sequence)[0] for sequence in sequences]
    pipeline = load_pipeline(options.model, options.device)
    with progress_bar("tracking", "frame") as progress:
        rows = measure(sequences, rules, pipeline, progress)
    print(_table(rows))
    print(f"{rows[0].total.frames} frames of {len(sequences)} sequences")
    document = {
        "table": "tracking",
        "data": str(options.data),
        "model": options.model,
        "device": str(pipeline.segmenter.device),
        "rows": [_as_dict(row) for row in rows],
    }
    write_results(options.json, document)
    return 0


def _as_dict(row: TrackingRow) -> dict[str, object]:
    return {
        "masks": row.masks,
        "method": row.method,
        "milliseconds": row.milliseconds,
        **row.total.as_dict(),
        "sequences": {name: counts.as_dict() for name, counts in row.sequences.items()},
    }


def _table(rows: Sequence[TrackingRow]) -> str:
    from uois_sam.commands.tables import text_table

    lines = [["masks", "ids by", "IDF1", "switches", "kept", "HOTA", "DetA", "AssA", "ms"]]
    for row in rows:
        counts = row.total
        shares = (counts.hota, counts.detection, counts.association_accuracy)
        lines.append(
            [
                row.masks,
                row.method,
                f"{100 * counts.idf1:.1f}",
                str(counts.switches),
                f"{counts.recovered} of {counts.absences}",
                *(f"{100 * share:.1f}" for share in shares),
                f"{row.milliseconds:.1f}",
            ]
        )
    return text_table(lines)
