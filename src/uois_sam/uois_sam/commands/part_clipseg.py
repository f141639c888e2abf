"""`uois-sam train part-clipseg` and `uois-sam reproduce part-clipseg`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.options import add_device, add_parser, whole_number

if TYPE_CHECKING:
    from uois_sam.evaluation.parts_metrics import PartFigures, SplitMean
    from uois_sam.parts.part_clipseg.predict import Setting
    from uois_sam.training.part_clipseg import PartClipSegTraining

_DATA = """\
data sets with part labels
  pascal-part-116:PATH    as OV-PARTS publishes it; /train or /val after the name
  ade20k-part-234:PATH    as OV-PARTS publishes it
  part-imagenet-40:PATH   PartImageNet_Seg, 40 of its classes
  parts:PATH              what uois-sam synth writes"""

_TRAIN_EPILOG = f"""\
{_DATA}

RUN holds config.json, metrics.jsonl, checkpoints, a picture of validation answers, and in the end
model/, the folder that reproduce part-clipseg and the part_segmentation node take.
The same command goes on from the checkpoint of a run that was interrupted.

FILE holds values that differ from the defaults, such as config/train_part_clipseg.yaml.

examples:
  uois-sam train part-clipseg --data pascal-part-116:data/PascalPart116 --out runs/pascal
  uois-sam train part-clipseg --data parts:data/train --out runs/small --clipseg small"""

_TABLE_EPILOG = f"""\
columns
  Pred-All    nothing is known of the image
  Oracle-Obj  the object at each pixel is known
  S, U, H     seen classes, unseen classes, their harmonic mean: mIoU (tables 1 to 3), boundary IoU
              (table 6), recall (table A5)

With --train the model is trained three times, as table 5 has it: without the attention losses, with
separation, with both. Given another set than a model was trained on, the rows are table 4's.
The paper, on Pascal-Part-116, has H 30.67 (Pred-All) and 38.79 (Oracle-Obj).

{_DATA}

examples:
  uois-sam reproduce part-clipseg --data pascal-part-116:data/PascalPart116 \\
      --model runs/pascal/model --json out/pascal.json
  uois-sam reproduce part-clipseg --data parts:data/train --train runs/table5 \\
      --clipseg small --json out/table5.json"""


def add_train(kinds: argparse._SubParsersAction) -> None:
    """Add `train part-clipseg`."""
    parser = add_parser(kinds, "part-clipseg", "train PartCLIPSeg on part labels", _TRAIN_EPILOG)
    parser.add_argument("--data", required=True, metavar="D", help="KIND:PATH, see below")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    _add_settings(parser)
    parser.set_defaults(run=run_train)


def add_table(tables: argparse._SubParsersAction) -> None:
    """Add `reproduce part-clipseg`."""
    parser = add_parser(
        tables, "part-clipseg", "PartCLIPSeg on seen and unseen objects (its tables 1 to 6)", _TABLE_EPILOG
    )
    parser.add_argument("--data", required=True, metavar="D", help="KIND:PATH, see below")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=Path, nargs="+", metavar="M", help="folders of trained models, a row each")
    what.add_argument("--train", type=Path, metavar="RUNS", help="train table 5's rows, in this folder")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument("--frames", type=whole_number(1), metavar="N", help="judge at most N, evenly spread")
    _add_settings(parser)
    parser.set_defaults(run=run_table)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clipseg",
        metavar="C",
        help='CLIPSeg to start from: a folder or hub name, "small" for one without its weights, or RUN/model',
    )
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings that differ from the defaults")
    parser.add_argument(
        "--steps", type=whole_number(1), metavar="N", help="optimiser steps, in place of loop.steps"
    )
    add_device(parser)


def run_train(options: argparse.Namespace) -> int:
    """Train."""
    from uois_sam.datasets.ov_parts_open import open_parts
    from uois_sam.segmentation.load import choose_device
    from uois_sam.training.part_clipseg import train_part_clipseg
    from uois_sam.training.ranks import Ranks, own_device

    settings = _settings(options)
    dataset = open_parts(options.data, "train")
    device = own_device(choose_device(options.device))
    ranks = Ranks.of_torchrun(device)
    model = train_part_clipseg(dataset, options.data, options.out, settings, device, ranks)
    if ranks.first:
        print(f"model: {model}")
        print(f"score it: uois-sam reproduce part-clipseg --data {options.data} --json OUT.json --model {model}")
    return 0


def run_table(options: argparse.Namespace) -> int:
    """Measure the rows."""
    from uois_sam.commands.outputs import check_writable, write_results
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.ov_parts_open import open_parts
    from uois_sam.datasets.subset import EvenlySpaced
    from uois_sam.evaluation.parts_zero_shot import measure_parts
    from uois_sam.parts.part_clipseg.model import PartClipSegModel
    from uois_sam.segmentation.load import choose_device
    from uois_sam.training.part_clipseg_ablation import ablate

    check_writable(options.json)
    settings, device = _settings(options), choose_device(options.device)
    judged = open_parts(options.data)
    frames = judged if options.frames is None else EvenlySpaced(judged, options.frames)
    with progress_bar("judge parts", "image") as progress:
        if options.train is not None:
            dataset = open_parts(options.data, "train")
            rows = ablate(dataset, options.data, (judged, frames), options.train, settings, device, progress)
        else:
            models = {str(path): PartClipSegModel.from_folder(path, device) for path in options.model}
            rows = {
                name: measure_parts(model, frames, judged.vocabulary, progress) for name, model in models.items()
            }
    print(_table(rows))
    document = {
        "table": "part-clipseg",
        "data": options.data,
        "images": len(frames),
        "device": str(device),
        "rows": {name: _as_dict(row, judged.vocabulary.names) for name, row in rows.items()},
    }
    write_results(options.json, document)
    return 0


def _settings(options: argparse.Namespace) -> PartClipSegTraining:
    from uois_sam.training.config import read_settings
    from uois_sam.training.part_clipseg import PartClipSegTraining

    settings = read_settings(options.config, PartClipSegTraining())
    if options.clipseg is not None:
        settings = replace(settings, clipseg=options.clipseg)
    if options.steps is not None:
        settings = replace(settings, loop=replace(settings.loop, steps=options.steps))
    return settings


def _means(figures: PartFigures) -> dict[str, SplitMean]:
    return {"mIoU": figures.iou, "boundary IoU": figures.boundary_iou, "recall": figures.recall}


def _as_dict(row: Mapping[Setting, PartFigures], names: tuple[str, ...]) -> dict[str, object]:
    return {
        setting: {
            **{name: mean.as_dict() for name, mean in _means(figures).items()},
            "classes": {n: float(v) for n, v in zip(names, figures.class_iou, strict=True) if v == v},
        }
        for setting, figures in row.items()
    }


def _table(rows: Mapping[str, Mapping[Setting, PartFigures]]) -> str:
    """The rows in per cent, one table for each setting."""
    from uois_sam.commands.tables import text_table
    from uois_sam.parts.part_clipseg.predict import SETTINGS

    texts = []
    for setting, title in zip(SETTINGS, ("Pred-All", "Oracle-Obj"), strict=True):
        lines = [[title, "mIoU S", "U", "H", "boundary S", "U", "H", "recall S", "U", "H"]]
        for name, row in rows.items():
            means = _means(row[setting]).values()
            values = [value for mean in means for value in (mean.seen, mean.unseen, mean.harmonic)]
            lines.append([name, *("-" if value != value else f"{100 * value:.2f}" for value in values)])
        texts.append(text_table(lines))
    return "\n\n".join(texts)
