"""`uois-sam reproduce`: tables of the papers, on the data and the model at hand."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.evaluate import DATA_EPILOG, HELDOUT, add_data, described_run, open_frames
from uois_sam.commands.options import add_device, add_model, whole_number
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.evaluation.table4 import Row
    from uois_sam.evaluation.wps_sam import Row as PartRow

_EPILOG = f"""\
examples:
  uois-sam reproduce table4 --dataset {HELDOUT} --json out/table4.json --frames 20
  uois-sam reproduce wps-sam --dataset parts:data/val --json out/wps.json --wps-sam runs/wps/model"""

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

_WPS_SAM_EPILOG = """\
rows
  true points, boxes    what the segmenter draws for the labels themselves (WPS-SAM, table 1): the
                        bound of all that prompt it
  Det-SAM               boxes of a detector, and their centres, as prompts (tables 4 and 6)
  WPS-SAM               learned prompts, from boxes or points

mIoU and mACC are means over images and the kinds of parts that are truly there, as in WPS-SAM's
public code: a kind that was not found counts 0, one that is not there counts for nothing, and
accuracy is that of all pixels of the image. Kinds that none of the given models was made for are
left out, and named. The paper's mIoU / mACC with SAM ViT-B on PartImageNet: true points 72.6 /
90.6, boxes 91.1 / 98.2; Det-SAM on SAM's encoder 56.3 / 68.6; WPS-SAM from points 52.3 / 66.9,
from boxes 68.9 / 79.5. Seconds are the median from embedding to masks at low resolution.

data sets
  parts:PATH, coco:FILE.json, partimagenet/val:PATH, pascal-part/val:PATH

examples:
  uois-sam reproduce wps-sam --dataset parts:data/val --json out/bound.json --frames 50
  uois-sam reproduce wps-sam --model facebook/sam-vit-base --dataset partimagenet/val:data/PIN \\
      --wps-sam runs/box/model runs/point/model --det-sam runs/det/model --json out/scores.json"""

_BOUNDS = 2
"""Rows of true prompts, before those of models."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command and its tables."""
    parser = make_parser(commands, "reproduce", "measure a table of the papers", _EPILOG)
    tables = parser.add_subparsers(title="tables", metavar="TABLE", required=True)
    table4 = make_parser(
        tables, "table4", "what each component of UOIS-SAM brings (table IV), beside baselines", _TABLE4_EPILOG
    )
    add_data(table4)
    add_model(table4)
    add_device(table4)
    table4.set_defaults(run=run_table4)
    wps_sam = make_parser(
        tables, "wps-sam", "parts by WPS-SAM and Det-SAM, and the bound of true prompts", _WPS_SAM_EPILOG
    )
    wps_sam.add_argument(
        "--dataset", required=True, metavar="D", help="labelled parts with masks, such as parts:PATH"
    )
    wps_sam.add_argument("--json", type=Path, required=True, metavar="FILE", help="file to write the scores to")
    wps_sam.add_argument(
        "--wps-sam",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="models that uois-sam train wps-sam wrote",
    )
    wps_sam.add_argument(
        "--det-sam", type=Path, nargs="+", default=[], metavar="DIR", help="those it wrote with --detector"
    )
    wps_sam.add_argument(
        "--frames", type=whole_number(1), metavar="N", help="score N frames, evenly spaced over the data set"
    )
    wps_sam.add_argument("--no-depth", action="store_true", help="hide depth from the segmenter")
    add_model(wps_sam)
    add_device(wps_sam)
    wps_sam.set_defaults(run=run_wps_sam)


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


def run_wps_sam(options: argparse.Namespace) -> int:
    """Measure the bound and the given models."""
    from uois_sam.commands.outputs import check_writable, versions, write_json
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.part_catalogue import open_part_dataset
    from uois_sam.datasets.subset import EvenlySpaced
    from uois_sam.evaluation.wps_sam import measure, model_methods, true_prompt_methods
    from uois_sam.parts.wps_sam.wps_sam import WpsSam
    from uois_sam.segmentation.load import choose_device, load_segmenter

    check_writable(options.json)
    dataset = open_part_dataset(options.dataset)
    segmenter = load_segmenter(options.model, choose_device(options.device)).segmenter
    methods = true_prompt_methods(segmenter, dataset.part_names)
    for kind, folders in (("det-sam", options.det_sam), ("wps-sam", options.wps_sam)):
        for folder in folders:
            model = WpsSam.from_folder(folder, segmenter)
            if model.prompter.description.kind != kind:
                raise InputError(f"{folder} is a {model.prompter.description.kind}; give it by that name")
            methods += model_methods(model)
    known = {name for method in methods[_BOUNDS:] for name in method.names} or set(dataset.part_names)
    unknown = sorted(set(dataset.part_names) - known)
    frames = EvenlySpaced(dataset, options.frames or len(dataset))
    with progress_bar("reproduce", "image") as progress:
        rows = measure(
            methods,
            segmenter,
            dataset,
            frames.indices,
            with_depth=not options.no_depth,
            kinds=known,
            progress=progress,
        )
    print(_part_table(rows))
    if unknown:
        print(f"left out, since no model knows it: {', '.join(unknown)}")
    document = {
        "table": "WPS-SAM 1, 4 and 6",
        "dataset": options.dataset,
        "model": options.model,
        "wps_sam": [str(folder) for folder in options.wps_sam],
        "det_sam": [str(folder) for folder in options.det_sam],
        "depth": not options.no_depth,
        "device": str(segmenter.device),
        "images": len(frames),
        "left_out": unknown,
        "rows": [row.as_dict() for row in rows],
        "versions": versions(),
    }
    write_json(options.json, document)
    print(f"written to {options.json}")
    return 0


def _part_table(rows: Sequence[PartRow]) -> str:
    """The rows in per cent, and below the IoU of each kind."""
    from uois_sam.commands.tables import text_table

    lines = [["", "mIoU", "mACC", "missed", "s/frame"]]
    for row in rows:
        scores = (row.evaluation.mean_iou, row.evaluation.mean_accuracy, row.evaluation.missed)
        lines.append([row.name, *(f"{100 * score:.1f}" for score in scores), f"{row.seconds_per_frame:.3f}"])
    kinds = [["IoU of", "images", *(row.name for row in rows)]]
    per_row = [row.evaluation.kinds() for row in rows]
    for kind, (count, _) in (per_row[0] if per_row else {}).items():
        kinds.append([kind, str(count), *(f"{100 * found[kind][1]:.1f}" for found in per_row)])
    return "\n".join([text_table(lines), "", text_table(kinds)])
