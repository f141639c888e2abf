"""`uois-sam reproduce`: the tables of the papers, on the data and the model at hand."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from uois_sam.commands import part_clipseg
from uois_sam.commands.evaluate import DATA_EPILOG, HELDOUT, add_data, described_run, open_frames
from uois_sam.commands.options import add_device, add_model
from uois_sam.commands.options import add_parser as make_parser

if TYPE_CHECKING:
    from uois_sam.evaluation.table4 import Row

_EPILOG = f"""\
examples:
  uois-sam reproduce table4 --dataset {HELDOUT} --json out/table4.json --frames 20
  uois-sam reproduce part-clipseg --data synthetic-parts:data/train --train runs/table5 \\
      --clipseg small --json out/table5.json"""

_TABLE4_EPILOG = f"""\
rows
  SAM's automatic grid  32 x 32 points, and the segmenter's own scores
  + foreground          the points of the grid on HPG's foreground
  + heatmap             HPG's points
  + HDNet               refined scores: the whole of UOIS-SAM
  a geometric baseline  plane removal and depth edges, for comparison; it always sees depth

All rows of the model share its thresholds and postprocessing. The paper, on OCID, with SAM ViT-L
and without depth, has overlap F 26.5, 39.2, 51.2 and 79.9. Seconds are the median of a frame,
prompts the mean. A row that the model or the data cannot give says why.

{DATA_EPILOG}

examples:
  uois-sam reproduce table4 --dataset folder:my_table --json out/table4.json --no-depth
  uois-sam reproduce table4 --dataset {HELDOUT} --json out/table4.json --frames 20"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command and its tables."""
    parser = make_parser(commands, "reproduce", "measure a table of one of the papers", _EPILOG)
    tables = parser.add_subparsers(title="tables", metavar="TABLE", required=True)
    table4 = make_parser(
        tables, "table4", "what each component of UOIS-SAM brings (table IV), beside baselines", _TABLE4_EPILOG
    )
    add_data(table4)
    add_model(table4)
    add_device(table4)
    table4.set_defaults(run=run_table4)
    part_clipseg.add_table(tables)


def run_table4(options: argparse.Namespace) -> int:
    """Measure the rows, one after the other."""
    from uois_sam.commands.outputs import check_writable, write_json
    from uois_sam.commands.progress import progress_bar
    from uois_sam.evaluation.table4 import measure, methods
    from uois_sam.segmentation.load import load_pipeline

    check_writable(options.json)
    frames, rule = open_frames(options)
    pipeline = load_pipeline(options.model, options.device)
    rows = []
    for method in methods(pipeline):
        with progress_bar(method.name, "image") as progress:
            rows.append(
                measure(method, frames, rule, not options.no_depth, options.workers, progress, options.boundary)
            )
    print(_table(rows))
    document = {
        "table": "IV",
        **described_run(options, rule),
        "model": options.model,
        "device": str(pipeline.segmenter.device),
        "settings": asdict(pipeline.settings),
        "images": len(frames),
        "rows": [row.as_dict() for row in rows],
    }
    write_json(options.json, document)
    print(f"written to {options.json}")
    return 0


def _table(rows: Sequence[Row]) -> str:
    """The rows in per cent, and below what is missing."""
    from uois_sam.commands.tables import text_table
    from uois_sam.evaluation.results import HEADS

    lines = [["", *HEADS, "s/frame", "prompts"]]
    for row in rows:
        cells = ["-"] * (len(HEADS) + 2)
        if row.evaluation is not None:
            cells[: len(HEADS)] = [f"{100 * mean.value:.1f}" for mean in row.evaluation.means().values()]
            cells[-2] = f"{row.seconds_per_frame:.3f}"
            if row.prompts_per_frame is not None:
                cells[-1] = f"{row.prompts_per_frame:.1f}"
        lines.append([row.name, *cells])
    missing = [f"{row.name}: {row.missing}" for row in rows if row.evaluation is None]
    return "\n".join([text_table(lines), *missing])
