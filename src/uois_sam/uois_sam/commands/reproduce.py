"""`uois-sam reproduce`: the papers' tables, what depth brings, and tracking, on the data and the model at hand."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from uois_sam.commands import part_clipseg, reproduce_adaptation, reproduce_guided_sam, reproduce_site, wps_sam
from uois_sam.commands.evaluate import (
    DATA_EPILOG,
    DEPTH_EPILOG,
    HELDOUT,
    add_data,
    add_depth,
    add_json,
    described_model,
    described_run,
    open_frames,
)
from uois_sam.commands.options import add_device, add_model
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.commands.reproduce_depth import add_depth_table
from uois_sam.commands.reproduce_table5 import add_table5
from uois_sam.commands.reproduce_tracking import add_tracking

if TYPE_CHECKING:
    from uois_sam.evaluation.table4 import Row

_EPILOG = f"""\
examples:
  uois-sam reproduce table4 --dataset {HELDOUT} --json out/table4.json --frames 20
  uois-sam reproduce table5 --data data/train --dataset {HELDOUT} --out runs/table5
  uois-sam reproduce depth --dataset {HELDOUT} --json out/depth.json
  uois-sam reproduce guided-sam --data data/car-parts --json out/guided.json
  uois-sam reproduce wps-sam --dataset parts:data/val --json out/wps.json --wps-sam runs/wps/model
  uois-sam reproduce part-clipseg --data parts:data/train --train runs/table5 \\
      --clipseg small --json out/table5.json
  uois-sam reproduce adaptation --data my_photographs --limit 20
  uois-sam reproduce tracking --data sequences --json out/tracking.json"""

_TABLE4_EPILOG = f"""\
rows
  SAM's automatic grid  32 x 32 points, and the segmenter's own scores
  + foreground          the points of the grid on HPG's foreground
  + heatmap             HPG's points
  + HDNet               refined scores: the whole of UOIS-SAM
  a geometric baseline  plane removal and depth edges, for comparison; it sees depth where the
                        model sees none

All rows of the model share its thresholds and postprocessing. The paper, on OCID, with SAM ViT-L
and without depth, has overlap F 26.5, 39.2, 51.2 and 79.9. Seconds are the median of a frame,
prompts the mean. A row that the model or the data cannot give says why.

{DATA_EPILOG}

{DEPTH_EPILOG}

examples:
  uois-sam reproduce table4 --dataset folder:my_table --json out/table4.json --no-depth
  uois-sam reproduce table4 --dataset {HELDOUT} --json out/table4.json --frames 20"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command and its tables."""
    parser = make_parser(
        commands, "reproduce", "measure a table of the papers, what depth brings, or tracking", _EPILOG
    )
    tables = parser.add_subparsers(title="tables", metavar="TABLE", required=True)
    table4 = make_parser(
        tables, "table4", "what each component of UOIS-SAM brings (table IV), beside baselines", _TABLE4_EPILOG
    )
    add_data(table4)
    add_json(table4)
    add_depth(table4)
    add_model(table4)
    add_device(table4)
    table4.set_defaults(run=run_table4)
    add_table5(tables)
    add_depth_table(tables)
    reproduce_guided_sam.add_parser(tables)
    wps_sam.add_table(tables)
    part_clipseg.add_table(tables)
    reproduce_adaptation.add_parser(tables)
    reproduce_site.add_parser(tables)
    add_tracking(tables)


def run_table4(options: argparse.Namespace) -> int:
    """Measure the rows, one after the other."""
    from uois_sam.commands.outputs import check_writable, write_results
    from uois_sam.commands.progress import progress_bar
    from uois_sam.evaluation.depth import ConditionedDepth
    from uois_sam.evaluation.table4 import measure, methods
    from uois_sam.segmentation.load import load_pipeline

    check_writable(options.json)
    frames, rule = open_frames(options)
    pipeline = load_pipeline(options.model, options.device)
    rows = []
    for method in methods(pipeline):
        blind = method.needs_depth and options.depth == "none"
        seen = ConditionedDepth(frames, "measured" if blind else options.depth)
        with progress_bar(method.name, "image") as progress:
            rows.append(measure(method, seen, rule, options.workers, progress, options.boundary))
    print(_table(rows))
    document = {
        "table": "IV",
        **described_run(options, rule),
        "depth": options.depth,
        **described_model(options.model, pipeline),
        "images": len(frames),
        "rows": [row.as_dict() for row in rows],
    }
    write_results(options.json, document)
    return 0


def _table(rows: Sequence[Row]) -> str:
    """The rows in per cent, and below what is missing."""
    from uois_sam.commands.tables import text_table
    from uois_sam.evaluation.results import HEADS, per_cent

    lines = [["", *HEADS, "s/frame", "prompts"]]
    for row in rows:
        cells = ["-"] * (len(HEADS) + 2)
        if row.evaluation is not None:
            cells[: len(HEADS)] = per_cent(row.evaluation.means())
            cells[-2] = f"{row.seconds_per_frame:.3f}"
            if row.prompts_per_frame is not None:
                cells[-1] = f"{row.prompts_per_frame:.1f}"
        lines.append([row.name, *cells])
    missing = [f"{row.name}: {row.missing}" for row in rows if row.evaluation is None]
    return "\n".join([text_table(lines), *missing])
