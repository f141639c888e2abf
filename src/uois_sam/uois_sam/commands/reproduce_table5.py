"""`uois-sam reproduce table5`: UOIS-SAM against the share of its training data."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uois_sam.commands.evaluate import (
    DATA_EPILOG,
    HELDOUT,
    add_data,
    described_run,
    open_frames,
    score,
    segment_with,
)
from uois_sam.commands.head_options import add_backbone, add_epochs, add_labelled, open_labelled, read_head
from uois_sam.commands.options import add_device, add_model
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.commands.train import hpg_defaults
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.evaluation.depth import DepthCondition
    from uois_sam.evaluation.results import Evaluation
    from uois_sam.evaluation.table5 import HeadsTraining, Row

_EPILOG = f"""\
For each share HPG and then HDNet are trained on a part of --data, by the same steps as uois-sam
train hpg and train hdnet take, and the model is scored on --dataset: without depth, and with it
where the set has some and the model looks at it. A smaller share is part of every larger one;
--percent goes before the share in FILE.yaml.

RUN holds hpg-P and hdnet-P, the runs of the share of P per cent (hdnet-P/model is what --model of
the other commands takes), the features that all of them share, and the table: table5.json with
every image, table5.csv with a line per row. The same command goes on where it was interrupted;
shares that are in the table are not done again, and other shares join them. A table of another
--dataset or other settings in RUN is replaced.

The paper, on OCID without depth, with SAM ViT-L, DINOv2 ViT-S and UOAIS-Sim:
  share         1 %    5 %   10 %   50 %  100 %
  overlap F    77.4   78.7   79.9   79.1   80.0
  boundary F   69.6   71.2   72.5   72.0   73.3
  %75          74.8   74.5   78.3   78.1   80.4

{DATA_EPILOG}

examples:
  uois-sam reproduce table5 --model facebook/sam-vit-large --backbone facebook/dinov2-small \\
      --data uoais-sim/train:data/uoais --dataset ocid:data/OCID-dataset --out runs/table5
  uois-sam reproduce table5 --data data/train --dataset {HELDOUT} --out runs/table5 \\
      --percent 1,10 --epochs 5"""


def add_table5(tables: argparse._SubParsersAction) -> None:
    """Add the table to those of `uois-sam reproduce`."""
    parser = make_parser(
        tables, "table5", "what the share of the training data brings (table V): trains and scores", _EPILOG
    )
    add_labelled(parser)
    add_data(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RUN", help="folder of the trainings and the table"
    )
    parser.add_argument(
        "--percent",
        type=_percents,
        default="1,5,10,50,100",
        metavar="P,P,...",
        help="shares of the training data (default %(default)s)",
    )
    add_model(parser)
    add_backbone(parser)
    for head in ("hpg", "hdnet"):
        parser.add_argument(
            f"--{head}-config", type=Path, metavar="FILE.yaml", help=f"as --config of uois-sam train {head}"
        )
    add_epochs(parser)
    add_device(parser)
    parser.set_defaults(run=run_table5)


def run_table5(options: argparse.Namespace) -> int:
    """Train and score what the table does not have yet, smallest share first."""
    from uois_sam.commands.outputs import check_writable, versions, write_text
    from uois_sam.evaluation.depth import TITLES, ConditionedDepth, has_depth
    from uois_sam.evaluation.table5 import Row, read_rows, rows_as_csv, train_heads
    from uois_sam.segmentation.load import choose_device, load_pipeline, load_segmenter

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError("reproduce table5 trains and scores in one process; start it without torchrun")
    settings = _settings(options)
    table, lines = options.out / "table5.json", options.out / "table5.csv"
    for path in (table, lines):
        check_writable(path)
    frames, rule = open_frames(options)
    dataset, labelled, name = open_labelled(options.data)
    loaded = load_segmenter(options.model, choose_device(options.device))
    made_from = {
        "table": "V",
        **described_run(options, rule),
        "images": len(frames),
        "model": options.model,
        "data": name,
        "data_frames": len(dataset),
        "training": settings.as_dict(),
    }
    rows = read_rows(table, made_from)
    if table.exists() and not rows:
        print(f"{table} is of other data or settings: begun anew")
    looks = loaded.segmenter.uses_depth or settings.hpg.geometry or settings.hdnet.evidence
    conditions: list[DepthCondition] = ["none", "measured"] if looks and has_depth(frames) else ["none"]
    for percent in options.percent:
        done = {row.depth for row in rows if row.percent == percent}
        left = [depth for depth in conditions if depth not in done]
        if not left:
            print(f"{percent:g} %: done before")
            continue
        used = len(settings.of_share(percent).hpg.share.split(dataset, labelled)[0])
        print(f"{percent:g} %: {used} of {len(dataset)} frames", flush=True)
        model = train_heads(loaded, dataset, labelled, name, options.out, settings, percent)
        segment = segment_with(load_pipeline(str(model), options.device))
        for depth in left:
            title = f"{percent:g} %, {TITLES[depth]}"
            evaluation = score(options, ConditionedDepth(frames, depth), rule, segment, title)
            rows = sorted([*rows, Row(percent, used, depth, evaluation)], key=lambda row: row.percent)
            write_text(lines, rows_as_csv(rows))
            _replace_json(table, {**made_from, "rows": [row.as_dict() for row in rows], "versions": versions()})
            print(f"{title}: {_short(evaluation)}", flush=True)
    print(_table(rows))
    print(f"written to {table}, {lines}")
    return 0


def _settings(options: argparse.Namespace) -> HeadsTraining:
    from uois_sam.evaluation.table5 import HeadsTraining
    from uois_sam.training.hdnet import HDNetTraining

    return HeadsTraining(
        read_head(options.hpg_config, hpg_defaults(options), options.epochs),
        read_head(options.hdnet_config, HDNetTraining(), options.epochs),
    )


def _replace_json(path: Path, content: dict[str, Any]) -> None:
    """Write a document so that an interruption leaves the old one or the new one."""
    from uois_sam.commands.outputs import write_json

    part = path.with_suffix(".part")
    write_json(part, content)
    part.replace(path)


def _short(evaluation: Evaluation) -> str:
    means = evaluation.means()
    names = {"overlap_f": "overlap F", "boundary_f": "boundary F", "percent75": "%75"}
    return ", ".join(f"{name} {100 * means[figure].value:.1f}" for figure, name in names.items())


def _table(rows: Sequence[Row]) -> str:
    """A table in per cent for each condition of depth."""
    from uois_sam.commands.tables import text_table
    from uois_sam.evaluation.depth import TITLES
    from uois_sam.evaluation.results import HEADS, per_cent

    tables = []
    for depth, title in TITLES.items():
        lines = [
            [f"{row.percent:g} %", str(row.frames), *per_cent(row.evaluation.means())]
            for row in rows
            if row.depth == depth
        ]
        if lines:
            tables.append(text_table([[title, "frames", *HEADS], *lines]))
    return "\n\n".join(tables)


def _percents(text: str) -> list[float]:
    """Shares in rising order, each once."""
    try:
        percents = sorted({float(part) for part in text.split(",")})
    except ValueError:
        percents = []
    if not percents or not all(0 < percent <= 100 for percent in percents):
        raise argparse.ArgumentTypeError(f"{text!r} are no shares; give per cents above 0 and up to 100, as 1,10")
    return percents
