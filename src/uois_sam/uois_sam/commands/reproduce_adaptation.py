"""`uois-sam reproduce adaptation`: clicks, with and without learning from them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.evaluate import HELDOUT, add_depth
from uois_sam.commands.options import add_device, add_model, whole_number
from uois_sam.commands.options import add_parser as make_parser

if TYPE_CHECKING:
    from uois_sam.adaptation.settings import AdaptationSettings
    from uois_sam.datasets.labelled import LabelledDataset
    from uois_sam.evaluation.adaptation import ConfigurationRow
    from uois_sam.segmentation.load import LoadedSegmenter

_MIN_AREA = 100

_EPILOG = f"""\
A simulated person clicks on each object in turn, where its mask is most wrong, until IoU 85 in at
most 20 clicks, and, in another pass, until IoU 90 in at most 30. NoC is the mean number of
clicks, FR the share of objects for which they were not enough; void pixels count for nobody.

rows (Schoen et al., tables 1 to 4)
  CA  the decoder learns from all clicks after each click: R, and forgets it when the object is
      done; C, and keeps it
  RM  it learns from the mask when the object is done: U, all of it; E, without its borders
  CM  it learns from all clicks when the object is done
  no letter: the segmenter as it is

data
  a folder with color/ and mask/    photographs of one object each: 0 background, 128 counts for
                                    nobody, all else the object
  a folder with color/ and label/   every object is one to click on; with depth/ and camera.json
                                    where the model looks at depth (what uois-sam synth writes)
  osd:PATH, {HELDOUT}, ...  as uois-sam evaluate takes them
Objects of fewer than {_MIN_AREA} pixels are left out.

examples:
  uois-sam reproduce adaptation --data my_photographs --limit 20
  uois-sam reproduce adaptation --data my_table --json out/adaptation.json \\
      --configurations none R,E,CM"""


def add_parser(tables: argparse._SubParsersAction) -> None:
    """Add the table to those of `uois-sam reproduce`."""
    parser = make_parser(
        tables, "adaptation", "clicks, and a decoder that learns from them (Schoen et al., tables 1 to 4)", _EPILOG
    )
    parser.add_argument("--data", required=True, metavar="D", help="a folder of images and masks, or a data set")
    parser.add_argument("--limit", type=whole_number(1), metavar="N", help="N images, evenly spaced over the set")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to write the table and all clicks to")
    parser.add_argument(
        "--configurations",
        nargs="+",
        metavar="C",
        help='rows: "none", or letters joined by commas, as R,E,CM (default: the eight of the paper)',
    )
    parser.add_argument(
        "--learning-rate",
        type=float,
        metavar="X",
        help="of Adam (default 1e-3 for the bundled kind, 1e-6, the paper's, for SAM)",
    )
    add_depth(parser)
    add_model(parser)
    add_device(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Click on all objects under each configuration."""
    from uois_sam.commands.outputs import check_writable, write_results
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.rule_choice import choose_rule
    from uois_sam.datasets.subset import EvenlySpaced
    from uois_sam.evaluation.adaptation import measure
    from uois_sam.evaluation.clicks import GOALS
    from uois_sam.evaluation.depth import ConditionedDepth
    from uois_sam.segmentation.load import choose_device, load_segmenter

    check_writable(options.json)
    dataset = _open(options.data)
    rule, _ = choose_rule(dataset)
    frames = ConditionedDepth(
        dataset if options.limit is None else EvenlySpaced(dataset, options.limit), options.depth
    )
    loaded = load_segmenter(options.model, choose_device(options.device))
    configurations = _configurations(options, loaded)
    with progress_bar("adaptation", "image") as progress:
        rows = measure(frames, rule, loaded.segmenter, configurations, GOALS, _MIN_AREA, progress)
    objects = len(rows[0].goals[0].traces)
    print(_table(rows))
    print(f"{len(frames)} images, {objects} objects; learning rate {configurations[0].learning_rate:g}")
    document = {
        "table": "adaptation",
        "data": options.data,
        "first_object": rule.first_object,
        "ignore": rule.ignore,
        "min_area": _MIN_AREA,
        "depth": options.depth,
        "model": options.model,
        "device": str(loaded.segmenter.device),
        "images": len(frames),
        "objects": objects,
        "rows": [row.as_dict() for row in rows],
    }
    write_results(options.json, document)
    return 0


def _open(data: str) -> LabelledDataset:
    """The data set of a folder in either form, or of the line that names one."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.catalogue import open_dataset

    if data != HELDOUT and (":" not in data or Path(data).is_dir()):
        data = f"{'masks' if (Path(data) / 'mask').is_dir() else 'folder'}:{data}"
    with progress_bar("draw synthetic tables", "scene") as drawing:
        return open_dataset(data, drawing)


def _configurations(options: argparse.Namespace, loaded: LoadedSegmenter) -> list[AdaptationSettings]:
    from uois_sam.adaptation.settings import CONFIGURATIONS, AdaptationSettings, model_learning_rate
    from uois_sam.segmentation.load import read_config

    rate = options.learning_rate
    if rate is None:
        config = {"segmenter": loaded.description} if loaded.folder is None else read_config(loaded.folder)
        rate = model_learning_rate(config)
    return [AdaptationSettings.from_label(label, rate) for label in options.configurations or CONFIGURATIONS]


def _table(rows: Sequence[ConfigurationRow]) -> str:
    """The rows in the form of the paper's tables; failure rates in per cent."""
    from uois_sam.commands.tables import text_table

    heads = [f"{figure} {row.goal.label}" for row in rows[0].goals for figure in ("NoC", "FR")]
    lines = [["CA", "RM", "CM", *heads, "s/object"]]
    for row in rows:
        letters = row.settings.label.split(",")
        lines.append([next((x for x in letters if x in kind), "") for kind in (("R", "C"), ("U", "E"), ("CM",))])
        for of_goal in row.goals:
            lines[-1] += [f"{of_goal.clicks:.3f}", f"{100 * of_goal.failures:.2f}"]
        lines[-1].append(f"{row.seconds_per_object:.3f}")
    return text_table(lines)
