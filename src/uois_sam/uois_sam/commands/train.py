"""`uois-sam train`: the bundled segmenter, UOIS-SAM's two heads for any segmenter, and part models."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uois_sam.commands import part_clipseg, train_guided_sam, wps_sam
from uois_sam.commands.head_options import (
    RUN_EPILOG,
    add_backbone,
    add_head,
    add_labelled,
    add_run,
    load_frozen,
    open_labelled,
    read_head,
)
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.commands.options import whole_number

if TYPE_CHECKING:
    from uois_sam.training.hpg import HPGTraining

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

Parts of things, from patches that a person labelled:
  uois-sam train guided-sam --images photos --labels patches.json --out handles.safetensors

Parts of things, from their boxes or points alone (WPS-SAM):
  uois-sam train wps-sam --model facebook/sam-vit-base \\
      --data partimagenet/train:data/PartImageNet --supervision box --out runs/wps_sam

Parts by words (PartCLIPSeg), on any CLIPSeg:
  uois-sam train part-clipseg --data pascal-part-116:data/PascalPart116 --out runs/pascal

Several GPUs: torchrun --nproc-per-node 4 .venv/bin/uois-sam train hpg ..."""

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


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command and its kinds."""
    parser = make_parser(
        commands, "train", "train the small segmenter, HPG and HDNet for any segmenter, or a part model", _EPILOG
    )
    kinds = parser.add_subparsers(title="what to train", metavar="KIND", required=True)
    segmenter = make_parser(
        kinds,
        "segmenter",
        "train the small promptable segmenter together with its HPG head",
        RUN_EPILOG + _SEGMENTER_EPILOG,
    )
    segmenter.add_argument(
        "--data",
        type=Path,
        required=True,
        nargs="+",
        metavar="DIR",
        help="data sets written by `uois-sam synth`, taken as one",
    )
    add_run(segmenter)
    segmenter.add_argument(
        "--steps", type=whole_number(1), metavar="N", help="optimiser steps, in place of loop.steps"
    )
    segmenter.set_defaults(run=run_segmenter)
    hpg = make_parser(kinds, "hpg", "train HPG on a frozen backbone", RUN_EPILOG + _HPG_EPILOG)
    add_backbone(hpg)
    add_labelled(hpg)
    add_head(hpg)
    hpg.set_defaults(run=run_hpg)
    hdnet = make_parser(kinds, "hdnet", "train HDNet on a frozen segmenter", RUN_EPILOG + _HDNET_EPILOG)
    add_labelled(hdnet)
    add_head(hdnet)
    hdnet.set_defaults(run=run_hdnet)
    train_guided_sam.add_parser(kinds)
    wps_sam.add_train(kinds)
    part_clipseg.add_train(kinds)


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
    from uois_sam.training.hpg import train_hpg

    return _run_head(options, hpg_defaults(options), train_hpg)


def hpg_defaults(options: argparse.Namespace) -> HPGTraining:
    """The settings of HPG with the backbone of the options."""
    from uois_sam.training.hpg import HPGTraining

    return HPGTraining() if options.backbone is None else HPGTraining(backbone=options.backbone)


def run_hdnet(options: argparse.Namespace) -> int:
    """Train HDNet."""
    from uois_sam.training.hdnet import HDNetTraining, train_hdnet

    return _run_head(options, HDNetTraining(), train_hdnet)


def _run_head(options: argparse.Namespace, defaults: Any, train: Callable[..., Path]) -> int:
    settings = read_head(options.config, defaults, options.epochs, options.percent)
    dataset, rule, name = open_labelled(options.data)
    loaded, ranks = load_frozen(options)
    model = train(loaded, dataset, rule, name, options.out, settings, ranks)
    if ranks.first:
        _report(model)
    return 0


def _report(folder: Path) -> None:
    print(f"model: {folder}")
    scores = folder.parent / "heldout.json"
    print(f"score it: uois-sam evaluate --dataset synthetic-heldout --json {scores} --model {folder}")
