"""`uois-sam train`: the bundled segmenter, and UOIS-SAM's two heads and WPS-SAM's prompter for any segmenter."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uois_sam.commands.options import add_device, add_model, whole_number
from uois_sam.commands.options import add_parser as make_parser

if TYPE_CHECKING:
    from uois_sam.segmentation.load import LoadedSegmenter
    from uois_sam.training.ranks import Ranks

_EPILOG = """\
UOIS-SAM as published: both heads on any SAM checkpoint, from any labelled folder.
  uois-sam train hpg --model facebook/sam-vit-large --backbone facebook/dinov2-small \\
      --data uoais-sim/train:data/uoais --percent 10 --out runs/hpg
  uois-sam train hdnet --model runs/hpg/model \\
      --data uoais-sim/train:data/uoais --percent 10 --out runs/hdnet
  uois-sam evaluate --dataset osd:data/osd --json out/osd.json --model runs/hdnet/model

The small segmenter that comes with the project, from nothing:
  uois-sam synth --out data/train --count 4000 --seed 1 --size 240x320
  uois-sam train segmenter --data data/train --out runs/segmenter
  uois-sam train hdnet --model runs/segmenter/model --data data/train --out runs/hdnet

Parts of things, from their boxes or points alone (WPS-SAM):
  uois-sam train wps-sam --model facebook/sam-vit-base \\
      --data partimagenet/train:data/PartImageNet --supervision box --out runs/wps_sam

Several GPUs: torchrun --nproc-per-node 4 .venv/bin/uois-sam train hpg ..."""

_RUN_EPILOG = """\
RUN holds config.json, revision.txt, metrics.jsonl, curves for TensorBoard, checkpoints, a picture
of validation answers, and in the end model/, the folder that --model of the other commands takes.
The same command goes on from the checkpoint of a run that was interrupted.

FILE holds values that differ from the defaults, under the names of the settings:
"""
_SEGMENTER_EPILOG = """\
  batch:
    frames: 4
  loop:
    steps: 4000
    learning_rate: 1.2e-3

example:
  uois-sam train segmenter --data data/train --out runs/segmenter --steps 4000"""
_HPG_EPILOG = """\
  sigma: 0.02
  batch: 16
  share:
    percent: 10

example:
  uois-sam train hpg --model sam_vit_b.pth --backbone facebook/dinov2-small \\
      --data data/uoais --out runs/hpg"""
_HDNET_EPILOG = """\
  points: 30
  epochs: 10
  share:
    percent: 10

example:
  uois-sam train hdnet --model runs/hpg/model --data data/uoais --out runs/hdnet"""
_LABELLED = (
    "folder with color/, label/ and, if there is some, depth/ and camera.json; or a published set, "
    "such as uoais-sim/train:PATH (see uois-sam datasets list)"
)
_WPS_SAM_EPILOG = """\
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
place of prompt tokens: the baseline Det-SAM.

examples:
  uois-sam train wps-sam --data parts:data/train --supervision box --out runs/wps_sam \\
      --config config/train_wps_sam.yaml
  uois-sam train wps-sam --data parts:data/train --detector --out runs/det_sam \\
      --config config/train_wps_sam.yaml"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command and its kinds."""
    parser = make_parser(
        commands, "train", "train the small segmenter, or HPG, HDNet or WPS-SAM for any segmenter", _EPILOG
    )
    kinds = parser.add_subparsers(title="what to train", metavar="KIND", required=True)
    segmenter = make_parser(
        kinds,
        "segmenter",
        "train the small promptable segmenter together with its HPG head",
        _RUN_EPILOG + _SEGMENTER_EPILOG,
    )
    segmenter.add_argument(
        "--data",
        type=Path,
        required=True,
        nargs="+",
        metavar="DIR",
        help="data sets written by `uois-sam synth`, taken as one",
    )
    _add_run(segmenter)
    segmenter.add_argument(
        "--steps", type=whole_number(1), metavar="N", help="optimiser steps, in place of loop.steps"
    )
    segmenter.set_defaults(run=run_segmenter)
    hpg = make_parser(kinds, "hpg", "train HPG on a frozen backbone", _RUN_EPILOG + _HPG_EPILOG)
    hpg.add_argument(
        "--backbone",
        metavar="B",
        help='"embedding" (the segmenter\'s own, default), or a DINOv2 folder or hub name',
    )
    _add_head(hpg)
    hpg.set_defaults(run=run_hpg)
    hdnet = make_parser(kinds, "hdnet", "train HDNet on a frozen segmenter", _RUN_EPILOG + _HDNET_EPILOG)
    _add_head(hdnet)
    hdnet.set_defaults(run=run_hdnet)
    wps_sam = make_parser(
        kinds, "wps-sam", "train WPS-SAM's prompter of parts on a frozen segmenter", _RUN_EPILOG + _WPS_SAM_EPILOG
    )
    wps_sam.add_argument(
        "--supervision", choices=["box", "point"], help="labels to learn from, in place of the setting (box)"
    )
    wps_sam.add_argument("--detector", action="store_true", help="learn boxes as DETR does: the baseline Det-SAM")
    _add_head(
        wps_sam, "labelled parts: parts:PATH, coco:FILE.json, partimagenet/train:PATH, pascal-part/train:PATH"
    )
    wps_sam.set_defaults(run=run_wps_sam)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings that differ from the defaults")
    add_device(parser)


def _add_head(parser: argparse.ArgumentParser, data: str = _LABELLED) -> None:
    add_model(parser)
    parser.add_argument("--data", required=True, metavar="D", help=data)
    _add_run(parser)
    parser.add_argument("--epochs", type=whole_number(1), metavar="N", help="in place of the setting `epochs`")
    parser.add_argument(
        "--percent", type=float, metavar="P", help="of the frames to train on, in place of `share.percent`"
    )


def run_segmenter(options: argparse.Namespace) -> int:
    """Train segmenter and HPG."""
    from uois_sam.segmentation.load import choose_device
    from uois_sam.training.config import read_settings
    from uois_sam.training.segmenter import SegmenterTraining, train_segmenter

    settings = read_settings(options.config, SegmenterTraining())
    if options.steps is not None:
        settings = replace(settings, loop=replace(settings.loop, steps=options.steps))
    _report(train_segmenter(options.data, options.out, settings, choose_device(options.device)))
    return 0


def run_hpg(options: argparse.Namespace) -> int:
    """Train HPG."""
    from uois_sam.training.hpg import HPGTraining, train_hpg

    settings = HPGTraining() if options.backbone is None else HPGTraining(backbone=options.backbone)
    return _run_head(options, settings, train_hpg)


def run_hdnet(options: argparse.Namespace) -> int:
    """Train HDNet."""
    from uois_sam.training.hdnet import HDNetTraining, train_hdnet

    return _run_head(options, HDNetTraining(), train_hdnet)


def run_wps_sam(options: argparse.Namespace) -> int:
    """Train WPS-SAM's prompter."""
    from uois_sam.datasets.part_catalogue import open_part_dataset
    from uois_sam.training.wps_sam import WpsSamTraining, train_wps_sam

    settings = _settings(options, WpsSamTraining())
    if options.supervision is not None:
        settings = replace(settings, supervision=options.supervision)
    if options.detector:
        settings = replace(settings, detector=True)
    dataset = open_part_dataset(options.data)
    loaded, ranks = _loaded(options)
    model = train_wps_sam(loaded, dataset, options.data, options.out, settings, ranks)
    if ranks.first:
        option = "--det-sam" if settings.detector else "--wps-sam"
        print(f"model: {model}")
        scored = f"--model {options.model} {option} {model} --dataset D --json FILE"
        print(f"score it: uois-sam reproduce wps-sam {scored}")
    return 0


def _run_head(options: argparse.Namespace, defaults: Any, train: Callable[..., Path]) -> int:
    from uois_sam.datasets.catalogue import open_dataset
    from uois_sam.datasets.rule_choice import choose_rule

    settings = _settings(options, defaults)
    name = options.data if ":" in options.data else f"folder:{Path(options.data).resolve()}"
    dataset = open_dataset(name)
    rule, _ = choose_rule(dataset)
    loaded, ranks = _loaded(options)
    model = train(loaded, dataset, rule, name, options.out, settings, ranks)
    if ranks.first:
        _report(model)
    return 0


def _settings(options: argparse.Namespace, defaults: Any) -> Any:
    """The settings of a head: the file's in place of the defaults, the options' in place of the file's."""
    from uois_sam.training.config import read_settings

    settings = read_settings(options.config, defaults)
    if options.epochs is not None:
        settings = replace(settings, epochs=options.epochs)
    if options.percent is not None:
        settings = replace(settings, share=replace(settings.share, percent=options.percent))
    return settings


def _loaded(options: argparse.Namespace) -> tuple[LoadedSegmenter, Ranks]:
    """The frozen segmenter on this process's device, and this process among those of `torchrun`."""
    from uois_sam.segmentation.load import choose_device, load_segmenter
    from uois_sam.training.ranks import Ranks, own_device

    device = own_device(choose_device(options.device))
    ranks = Ranks.of_torchrun(device)
    return load_segmenter(options.model, device), ranks


def _report(folder: Path) -> None:
    print(f"model: {folder}")
    scores = folder.parent / "heldout.json"
    print(f"score it: uois-sam evaluate --dataset synthetic-heldout --json {scores} --model {folder}")
