"""`uois-sam reproduce site`: what corrections on a few images do to the next, and to those it was good at."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.evaluate import HELDOUT, add_depth
from uois_sam.commands.options import add_device, add_model, whole_number
from uois_sam.commands.options import add_parser as make_parser

if TYPE_CHECKING:
    from uois_sam.datasets.label_rule import LabelRule
    from uois_sam.evaluation.depth import ConditionedDepth
    from uois_sam.evaluation.site import SiteCorrection

_MIN_AREA = 100

_EPILOG = f"""\
A simulated person corrects every thing whose mask is below IoU 85 on the first images, with at
most 5 clicks each, and the decoder learns from it as it does in segmentation: one update a
thing, taken back where it makes earlier corrections worse. Then the whole model is scored on the
next images, and on those of --old, with the decoder as it was and as it is.

examples:
  uois-sam reproduce site --dataset {HELDOUT} --old folder:data/val --json out/site.json
  uois-sam reproduce site --dataset osd:data/OSD --old folder:data/val --json out/site.json \\
      --configuration R,E,CM --corrected 10 --scored 30"""


def add_parser(tables: argparse._SubParsersAction) -> None:
    """Add the measurement to `uois-sam reproduce`."""
    parser = make_parser(tables, "site", "what corrections on a few images do to the next ones", _EPILOG)
    parser.add_argument("--dataset", required=True, metavar="D", help="the new place, as uois-sam evaluate has it")
    parser.add_argument("--old", required=True, metavar="D", help="images that the model is good at")
    for name, default, what in (
        ("corrected", 10, "images that are corrected"),
        ("scored", 40, "images that are scored after them, evenly spaced with these; and as many of --old"),
    ):
        parser.add_argument(
            f"--{name}", type=whole_number(1), default=default, metavar="N", help=f"{what} (default {default})"
        )
    parser.add_argument(
        "--configuration", default="E,CM", metavar="C", help="what is learned, as R,E,CM (default E,CM)"
    )
    parser.add_argument("--learning-rate", type=float, metavar="X", help="of Adam (default: that of the model)")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="file to write it all to")
    add_depth(parser)
    add_model(parser)
    add_device(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Score, correct, score."""
    from uois_sam.adaptation.settings import AdaptationSettings
    from uois_sam.commands.evaluate import described_model, segment_with
    from uois_sam.commands.outputs import check_writable, write_results
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.subset import Stretch
    from uois_sam.evaluation.difference import difference
    from uois_sam.evaluation.evaluate import evaluate
    from uois_sam.evaluation.results import means_as_dict, means_table
    from uois_sam.evaluation.site import correct_site
    from uois_sam.segmentation.load import load_pipeline

    check_writable(options.json)
    new, rule = _open(options, options.dataset, options.corrected + options.scored)
    corrected = Stretch(new, 0, options.corrected)
    sets = {
        "next": (Stretch(new, options.corrected, len(new)), rule),
        "old": _open(options, options.old, options.scored),
    }
    pipeline = load_pipeline(options.model, options.device)
    rate = pipeline.learning_rate if options.learning_rate is None else options.learning_rate
    settings = AdaptationSettings.from_label(options.configuration, rate)
    with progress_bar("correct", "image") as progress:
        learned, corrections = correct_site(
            pipeline, corrected, rule, settings, min_area=_MIN_AREA, progress=progress
        )
    print(_told(corrections, len(corrected)))
    document = {
        "measured": "site",
        "dataset": options.dataset,
        "old": options.old,
        "corrected": len(corrected),
        "configuration": settings.label,
        "learning_rate": rate,
        "depth": options.depth,
        **described_model(options.model, pipeline),
        "corrections": [_as_dict(correction) for correction in corrections],
    }
    for name, (frames, of_set) in sets.items():
        scored = []
        for state, segmenter in (("before", pipeline), ("after", learned)):
            with progress_bar(f"{name}, {state}", "image") as progress:
                scored.append(evaluate(frames, segment_with(segmenter), of_set, progress=progress))
        changes = difference(scored[1], scored[0])
        for state, evaluation in zip(("before", "after"), scored, strict=True):
            print(means_table(f"{name}, {state}", evaluation.means()))
        print(means_table(f"{name}, change", changes, "+"))
        document[name] = {
            "images": len(frames),
            "before": scored[0].as_dict(),
            "after": scored[1].as_dict(),
            "change": means_as_dict(changes),
        }
    write_results(options.json, document)
    return 0


def _open(options: argparse.Namespace, data: str, count: int) -> tuple[ConditionedDepth, LabelRule]:
    """Up to `count` frames of a data set as the model is to see them, and its label rule.

    Raises:
        InputError: there is none left to score, or as `open_dataset`.
    """
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.catalogue import open_dataset
    from uois_sam.datasets.rule_choice import choose_rule
    from uois_sam.datasets.subset import EvenlySpaced
    from uois_sam.errors import InputError
    from uois_sam.evaluation.depth import ConditionedDepth

    with progress_bar("draw synthetic tables", "scene") as drawing:
        dataset = open_dataset(data, drawing)
    if data == options.dataset and len(dataset) <= options.corrected:
        raise InputError(
            f"{data} has {len(dataset)} images, of which {options.corrected} are corrected; none is left to score"
        )
    return ConditionedDepth(EvenlySpaced(dataset, count), options.depth), choose_rule(dataset)[0]


def _told(corrections: Sequence[SiteCorrection], images: int) -> str:
    clicks = sum(len(correction.ious) for correction in corrections)
    kept = sum(correction.update is not None and correction.update.kept for correction in corrections)
    return f"{len(corrections)} things corrected on {images} images with {clicks} clicks; {kept} updates kept"


def _as_dict(correction: SiteCorrection) -> dict[str, object]:
    return {
        "image": correction.image,
        "label": correction.label,
        "found": round(correction.found, 4),
        "ious": [round(iou, 4) for iou in correction.ious],
        "kept": correction.update is not None and correction.update.kept,
    }
