"""`uois-sam evaluate`: scores on a data set with ground truth."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uois_sam.commands.options import DEFAULT_MODEL, add_device, whole_number
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.errors import InputError

if TYPE_CHECKING:
    from uois_sam.commands.report.worst import WorstImages
    from uois_sam.datasets.label_rule import LabelRule
    from uois_sam.datasets.labelled import LabelledDataset
    from uois_sam.evaluation.bootstrap import Mean
    from uois_sam.evaluation.evaluate import Segment, Watch
    from uois_sam.evaluation.results import Evaluation
    from uois_sam.segmentation.pipeline import Pipeline
    from uois_sam.types import Frame

HELDOUT = "synthetic-heldout"
_WORST = 20
_DEPTH_IN_WORDS = {
    "measured": "with depth where there is some",
    "none": "without depth",
    "half": "with half of the depth removed",
    "wrong": "with the depth of another frame",
}

DATA_EPILOG = f"""\
data sets
  folder:PATH        color/, label/ (8 or 16 bit PNG), optional depth/ and camera.json
  masks:PATH         color/, mask/: photographs of one object each
  {HELDOUT}  150 synthetic tables of objects that training never sees;
                     drawn into the user's cache on first use
  ocid:PATH, osd:PATH, phocal:PATH, housecat6d:PATH, tod:PATH, uoais-sim:PATH
                     published sets as their archives unpack; see uois-sam datasets list

Which labels are objects: --first-object and --ignore say so; else, for a published set, its own
rule; for a folder, "first_object" and "ignore" in its dataset.json; else it is detected and
said: where label 0 covers only pixels without depth, 0 means "not labelled" (counts for nobody)
and 1 the table, objects start at 2; otherwise 0 is background and objects start at 1."""

DEPTH_EPILOG = """\
Depth that the model sees
  measured  as the set has it
  none      none, RGB alone; --no-depth is short for it
  half      without half of the measured pixels of each frame, in a few large random regions,
            the same at every run
  wrong     that of the frame half the set away"""

_EPILOG = f"""\
{DATA_EPILOG}

{DEPTH_EPILOG}
uois-sam reproduce depth measures all four.

The table has precision P, recall R and F of overlap and boundary, and the share of objects with
F above 0.75 (%75), in per cent, averaged over images, with 95 % bootstrap intervals.
--json has the same as fractions, and every image; --csv a line per image; --html the means, the
spread of overlap F, and the {_WORST} worst images beside their prediction and their truth.

--against compares with the --json of another model on the same images: how much higher each
figure is now, image by image, with its 95 % interval (paired bootstrap). An interval that
does not hold 0 tells the two apart.

examples:
  uois-sam evaluate --dataset folder:my_table --json out/scores.json --html out/scores.html
  uois-sam evaluate --dataset folder:my_table --json out/wrong.json --depth wrong \\
      --against out/scores.json
  uois-sam evaluate --dataset ocid:data/OCID-dataset --json out/ocid.json --workers 4
  uois-sam evaluate --dataset {HELDOUT} --json out/heldout.json --model runs/hdnet/model
  uois-sam evaluate --dataset folder:my_table --json out/geometry.json --baseline geometry"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(commands, "evaluate", "score a model, or the geometric baseline, on a data set", _EPILOG)
    add_data(parser)
    add_json(parser)
    add_depth(parser)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="file to write a line per image to")
    parser.add_argument("--html", type=Path, metavar="FILE", help="page to write, with the worst images")
    parser.add_argument(
        "--against", type=Path, metavar="OTHER.json", help="--json of another evaluation, to compare with"
    )
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
    parser.set_defaults(run=run)


def add_data(parser: argparse.ArgumentParser) -> None:
    """What every command that scores has: the data set, and how to read and score it."""
    parser.add_argument("--dataset", required=True, metavar="D", help=f"folder:PATH, ocid:PATH, ... or {HELDOUT}")
    parser.add_argument(
        "--frames", type=whole_number(1), metavar="N", help="score N frames, evenly spaced over the data set"
    )
    parser.add_argument(
        "--workers",
        type=whole_number(1),
        default=1,
        metavar="N",
        help="processes that score beside the one that segments (default 1: none beside it)",
    )
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


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="file to write the scores to")


def add_depth(parser: argparse.ArgumentParser) -> None:
    """--depth and --no-depth."""
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument(
        "--depth",
        choices=["measured", "none", "half", "wrong"],
        default="measured",
        help="depth that the model sees (default measured)",
    )
    depth.add_argument("--no-depth", dest="depth", action="store_const", const="none", help="--depth none")


def run(options: argparse.Namespace) -> int:
    """Score every frame of the data set."""
    from uois_sam.commands.outputs import check_writable, versions, write_json, write_text
    from uois_sam.commands.report.worst import WorstImages
    from uois_sam.evaluation.depth import ConditionedDepth

    if options.baseline and options.depth == "none":
        raise InputError("the geometric baseline sees nothing but depth; leave out --no-depth")
    written = [path for path in (options.json, options.csv, options.html) if path is not None]
    for path in written:
        check_writable(path)
    frames, rule = open_frames(options)
    seen = ConditionedDepth(frames, options.depth)
    other = None if options.against is None else _read_other(options.against, len(frames), rule, options.boundary)
    segment, described = _baseline() if options.baseline else _model(options.model, options.device)
    worst = WorstImages(_WORST, rule)
    evaluation = score(options, seen, rule, segment, "evaluate", worst.see if options.html else None)
    print(evaluation.table())
    lowest = ", ".join(f"{row.name} {100 * row.scores.overlap_f:.0f}" for row in evaluation.worst(3))
    print(f"lowest overlap F: {lowest}")
    made_from = {**described_run(options, rule), "depth": options.depth, **described}
    write_json(options.json, {**made_from, **evaluation.as_dict(), "versions": versions()})
    if options.csv is not None:
        write_text(options.csv, evaluation.to_csv())
    compared = None if other is None else _compare(evaluation, other, options.against)
    if options.html is not None:
        write_text(options.html, _page(options, rule, evaluation, worst, compared))
    print(f"written to {', '.join(map(str, written))}")
    return 0


def open_frames(options: argparse.Namespace) -> tuple[Sequence[Frame], LabelRule]:
    """The frames that the options ask for, and how to read their labels.

    Raises:
        InputError: as `open_dataset`, or the labels cannot be read.
    """
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.catalogue import open_dataset
    from uois_sam.datasets.subset import EvenlySpaced

    with progress_bar("draw synthetic tables", "scene") as drawing:
        dataset = open_dataset(options.dataset, drawing)
    rule = _rule(dataset, options)
    return dataset if options.frames is None else EvenlySpaced(dataset, options.frames), rule


def score(
    options: argparse.Namespace,
    frames: Sequence[Frame],
    rule: LabelRule,
    segment: Segment,
    title: str,
    watch: Watch | None = None,
) -> Evaluation:
    """`evaluate` as the options ask for it, with a progress bar under a title."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.evaluation.evaluate import evaluate

    with progress_bar(title, "image") as progress:
        return evaluate(frames, segment, rule, options.workers, progress, options.boundary, watch)


def described_run(options: argparse.Namespace, rule: LabelRule) -> dict[str, Any]:
    """What the scores depend on beside the model, for a JSON document."""
    return {
        "dataset": options.dataset,
        "first_object": rule.first_object,
        "ignore": rule.ignore,
        "boundary": options.boundary,
    }


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
    return segment_with(pipeline), described_model(model, pipeline)


def described_model(model: str, pipeline: Pipeline) -> dict[str, Any]:
    """Entries of a JSON document about what was measured."""
    return {"model": model, "device": str(pipeline.segmenter.device), "settings": asdict(pipeline.settings)}


def segment_with(pipeline: Pipeline) -> Segment:
    """What segments a frame with a pipeline."""
    return lambda frame: pipeline(frame.image, frame.depth, frame.camera)


def _baseline() -> tuple[Segment, dict[str, Any]]:
    from uois_sam.evaluation.classical import segment_frame

    return segment_frame, {"baseline": "geometry"}


def _read_other(path: Path, images: int, rule: LabelRule, boundary: str) -> Evaluation:
    """The evaluation to compare with; refuses, before any work, one that was not scored alike."""
    from uois_sam.evaluation.results import read_evaluation

    other, document = read_evaluation(path)
    for name, ours in (("first_object", rule.first_object), ("ignore", rule.ignore), ("boundary", boundary)):
        if name in document and document[name] != ours:
            raise InputError(
                f"{path} was scored with {name} {document[name]}, this is with {ours}; score both alike"
            )
    if len(other.rows) != images:
        raise InputError(
            f"{path} has {len(other.rows)} images, this is of {images}; score both on the same images"
        )
    return other


def _compare(evaluation: Evaluation, other: Evaluation, path: Path) -> Mapping[str, Mean]:
    """The differences, also printed."""
    from uois_sam.evaluation.difference import difference
    from uois_sam.evaluation.results import means_table

    try:
        found = difference(evaluation, other)
    except InputError as error:
        raise InputError(f"cannot compare with {path}: {error}") from None
    print(f"against {path}, points of per cent:\n{means_table('difference', found, '+')}")
    return found


def _page(
    options: argparse.Namespace,
    rule: LabelRule,
    evaluation: Evaluation,
    worst: WorstImages,
    compared: Mapping[str, Mean] | None,
) -> str:
    from uois_sam.commands.report.evaluation_page import EvaluationReport, evaluation_page

    settings = [
        _DEPTH_IN_WORDS[options.depth],
        f"objects from label {rule.first_object} on",
        "no label ignored" if rule.ignore is None else f"label {rule.ignore} ignored",
        f"boundary as {options.boundary}",
    ]
    return evaluation_page(
        EvaluationReport(
            options.dataset,
            f"baseline {options.baseline}" if options.baseline else f"model {options.model}",
            settings,
            evaluation,
            worst.worst(),
            None if compared is None else (str(options.against), compared),
        )
    )


def _label_or_none(text: str) -> int | None:
    if text == "none":
        return None
    read: Callable[[str], int] = whole_number(0)
    return read(text)
