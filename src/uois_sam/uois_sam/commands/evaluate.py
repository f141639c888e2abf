"""`uois-sam evaluate`: scores on a data set with ground truth."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uois_sam.commands.options import DEFAULT_MODEL, add_device, whole_number
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.datasets.label_rule import LabelRule
    from uois_sam.datasets.labelled import LabelledDataset
    from uois_sam.evaluation.evaluate import Segment
    from uois_sam.types import Frame

HELDOUT = "synthetic-heldout"

_EPILOG = f"""\
data sets
  folder:PATH        color/, label/ (8 or 16 bit PNG), optional depth/ and camera.json
  {HELDOUT}  150 synthetic tables of objects that training never sees;
                     drawn into the user's cache on first use
  ocid:PATH, osd:PATH, phocal:PATH, housecat6d:PATH, tod:PATH, uoais-sim:PATH
                     published sets as their archives unpack; see uois-sam datasets list

Which labels are objects: --first-object and --ignore say so; else, for a published set, its own
rule; for a folder, "first_object" and "ignore" in its dataset.json; else it is detected and
said: where label 0 covers only pixels without depth, 0 means "not labelled" (counts for nobody)
and 1 the table, objects start at 2; otherwise 0 is background and objects start at 1.

The table has precision P, recall R and F of overlap and boundary, and the share of objects with
F above 0.75 (%75), in per cent, averaged over images, with 95 % bootstrap intervals.
FILE has the same as fractions, and every image.

examples:
  uois-sam evaluate --dataset folder:my_table --json out/scores.json
  uois-sam evaluate --dataset folder:my_table --json out/rgb.json --no-depth
  uois-sam evaluate --dataset ocid:data/OCID-dataset --json out/ocid.json
  uois-sam evaluate --dataset {HELDOUT} --json out/heldout.json --model runs/hdnet/model
  uois-sam evaluate --dataset folder:my_table --json out/geometry.json --baseline geometry"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(commands, "evaluate", "score a model, or the geometric baseline, on a data set", _EPILOG)
    parser.add_argument("--dataset", required=True, metavar="D", help=f"folder:PATH, ocid:PATH, ... or {HELDOUT}")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="file to write the scores to")
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="M",
        help=f"a bundled model, a model folder, or a SAM checkpoint (default {DEFAULT_MODEL})",
    )
    who.add_argument(
        "--baseline", choices=["geometry"], help="score plane removal and depth edges instead of a model"
    )
    add_device(parser)
    parser.add_argument("--no-depth", action="store_true", help="hide depth from the model")
    parser.add_argument("--first-object", type=whole_number(1), metavar="N", help="labels from N on are objects")
    parser.add_argument(
        "--ignore",
        type=_label_or_none,
        default=argparse.SUPPRESS,
        metavar="N",
        help="label that counts for nobody, or none",
    )
    parser.add_argument(
        "--boundary",
        choices=["davis", "contour"],
        default="davis",
        help="boundary map: davis as UCN, MSMFormer, UOAIS and UOIS-SAM have it (default), contour as uois has it",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Score every frame of the data set."""
    from uois_sam.commands.outputs import versions, write_json
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.catalogue import open_dataset
    from uois_sam.evaluation.evaluate import evaluate

    if options.baseline and options.no_depth:
        raise InputError("the geometric baseline sees nothing but depth; leave out --no-depth")
    with progress_bar("draw synthetic tables", "scene") as drawing:
        dataset = open_dataset(options.dataset, drawing)
    rule = _rule(dataset, options)
    segment, described = _baseline() if options.baseline else _model(options.model, options.device)
    with progress_bar("evaluate", "image") as progress:
        evaluation = evaluate(
            dataset, segment, rule, use_depth=not options.no_depth, progress=progress, boundary=options.boundary
        )
    print(evaluation.table())
    worst = ", ".join(f"{row.name} {100 * row.scores.overlap_f:.0f}" for row in evaluation.worst(3))
    print(f"lowest overlap F: {worst}")
    made = {
        "dataset": options.dataset,
        **described,
        "depth": not options.no_depth,
        "first_object": rule.first_object,
        "ignore": rule.ignore,
        "boundary": options.boundary,
        "versions": versions(),
    }
    write_json(options.json, {**made, **evaluation.as_dict()})
    print(f"written to {options.json}")
    return 0


def _rule(dataset: LabelledDataset, options: argparse.Namespace) -> LabelRule:
    """The label rule of the options and the data set; says which."""
    from uois_sam.datasets.label_rule import LabelRule
    from uois_sam.datasets.rule_choice import choose_rule

    rule, origin = choose_rule(dataset)
    first, ignore = rule.first_object, rule.ignore
    if options.first_object is not None:
        first, origin = options.first_object, "option"
    if "ignore" in options:
        ignore, origin = options.ignore, "option"
    ignored = "none ignored" if ignore is None else f"label {ignore} ignored"
    print(f"labels: objects from {first} on, {ignored} ({origin})")
    return LabelRule(first, ignore)


def _model(model: str, device: str) -> tuple[Segment, dict[str, Any]]:
    """What segments a frame, and its entries in the JSON file."""
    from uois_sam.segmentation.load import load_pipeline

    pipeline = load_pipeline(model, device)
    described = {
        "model": model,
        "device": str(pipeline.segmenter.device),
        "settings": asdict(pipeline.settings),
    }
    return lambda frame: pipeline(frame.image, frame.depth, frame.camera), described


def _baseline() -> tuple[Segment, dict[str, Any]]:
    from uois_sam.evaluation.classical import segment_by_geometry

    def segment(frame: Frame) -> Any:
        if frame.depth is None or frame.camera is None:
            raise InputError(
                f"frame {frame.name!r} has no depth or no intrinsics; the geometric baseline needs both"
            )
        return segment_by_geometry(frame.depth, frame.camera)

    return segment, {"baseline": "geometry"}


def _label_or_none(text: str) -> int | None:
    if text == "none":
        return None
    read: Callable[[str], int] = whole_number(0)
    return read(text)
