"""`uois-sam train wps-sam` and `uois-sam reproduce wps-sam`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.head_options import RUN_EPILOG, add_head, load_frozen, read_head
from uois_sam.commands.options import add_device, add_model, add_parser, whole_number
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.evaluation.wps_sam import Row

_TRAIN_EPILOG = """\
  supervision: box
  prompter:
    queries: 25
  epochs: 150

data sets
  parts:PATH                     what uois-sam synth writes
  coco:FILE.json                 boxes in COCO's form; image names start from the file's folder
  partimagenet/train:PATH        images/train/ and annotations/train/train.json
  pascal-part/train:PATH         VOC2010 with Annotations_Part/

Only boxes, or their centres, are learned from; masks are never looked at. RUN/model is the folder
that --wps-sam of uois-sam reproduce wps-sam takes. With --detector the network learns boxes in
place of prompt tokens: the baseline Det-SAM. With prompter.proposals: cells (queries by default,
as in the paper) every cell of the embedding proposes, which takes an hour and not days on a CPU.

examples:
  uois-sam train wps-sam --data parts:data/train --supervision box --out runs/wps_sam \\
      --config config/train_wps_sam.yaml
  uois-sam train wps-sam --data parts:data/train --out runs/cells \\
      --config config/train_wps_sam_cells.yaml
  uois-sam train wps-sam --data parts:data/train --detector --out runs/det_sam \\
      --config config/train_wps_sam.yaml"""

_TABLE_EPILOG = """\
rows
  true points, boxes    what the segmenter draws for the labels themselves (WPS-SAM, table 1): the
                        bound of all that prompt it
  Det-SAM               boxes of a detector, and their centres, as prompts (tables 4 and 6)
  WPS-SAM               learned prompts, from boxes or points; "cells" where cells propose them

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


def add_train(kinds: argparse._SubParsersAction) -> None:
    """Add `train wps-sam`."""
    parser = add_parser(
        kinds, "wps-sam", "train WPS-SAM's prompter of parts on a frozen segmenter", RUN_EPILOG + _TRAIN_EPILOG
    )
    parser.add_argument(
        "--data",
        required=True,
        metavar="D",
        help="labelled parts: parts:PATH, coco:FILE.json, partimagenet/train:PATH, pascal-part/train:PATH",
    )
    parser.add_argument(
        "--supervision", choices=["box", "point"], help="labels to learn from, in place of the setting (box)"
    )
    parser.add_argument("--detector", action="store_true", help="learn boxes as DETR does: the baseline Det-SAM")
    add_head(parser)
    parser.set_defaults(run=run_train)


def add_table(tables: argparse._SubParsersAction) -> None:
    """Add `reproduce wps-sam`."""
    parser = add_parser(
        tables, "wps-sam", "parts by WPS-SAM and Det-SAM, and the bound of true prompts", _TABLE_EPILOG
    )
    parser.add_argument(
        "--dataset", required=True, metavar="D", help="labelled parts with masks, such as parts:PATH"
    )
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="file to write the scores to")
    parser.add_argument(
        "--wps-sam",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="models that uois-sam train wps-sam wrote",
    )
    parser.add_argument(
        "--det-sam", type=Path, nargs="+", default=[], metavar="DIR", help="those it wrote with --detector"
    )
    parser.add_argument(
        "--frames", type=whole_number(1), metavar="N", help="score N frames, evenly spaced over the data set"
    )
    parser.add_argument("--no-depth", action="store_true", help="hide depth from the segmenter")
    add_model(parser)
    add_device(parser)
    parser.set_defaults(run=run_table)


def run_train(options: argparse.Namespace) -> int:
    """Train WPS-SAM's prompter."""
    from uois_sam.datasets.part_catalogue import open_part_dataset
    from uois_sam.training.wps_sam import WpsSamTraining, train_wps_sam

    settings = read_head(options.config, WpsSamTraining(), options.epochs, options.percent)
    if options.supervision is not None:
        settings = replace(settings, supervision=options.supervision)
    if options.detector:
        settings = replace(settings, detector=True)
    dataset = open_part_dataset(options.data)
    loaded, ranks = load_frozen(options)
    model = train_wps_sam(loaded, dataset, options.data, options.out, settings, ranks)
    if ranks.first:
        option = "--det-sam" if settings.detector else "--wps-sam"
        print(f"model: {model}")
        scored = f"--model {options.model} {option} {model} --dataset D --json FILE"
        print(f"score it: uois-sam reproduce wps-sam {scored}")
    return 0


def run_table(options: argparse.Namespace) -> int:
    """Measure the bound and the given models."""
    from uois_sam.commands.outputs import check_writable, write_results
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
    print(_table(rows))
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
    }
    write_results(options.json, document)
    return 0


def _table(rows: Sequence[Row]) -> str:
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
