"""`uois-sam train`: the bundled segmenter with its HPG head, and HDNet on top of it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from uois_sam.commands.options import add_device, whole_number
from uois_sam.commands.options import add_parser as make_parser

_EPILOG = """\
The way to a model, from nothing:
  uois-sam synth --out data/train --count 4000 --seed 1 --size 240x320
  uois-sam train segmenter --data data/train --out runs/segmenter
  uois-sam train hdnet --model runs/segmenter/model --data data/train --out runs/hdnet
  uois-sam evaluate --dataset synthetic-heldout --json out/heldout.json --model runs/hdnet/model"""

_RUN_EPILOG = """\
RUN holds config.json, metrics.jsonl (a line every 50 steps), a checkpoint, and in the end model/,
the folder that --model of the other commands takes. The same command goes on from the checkpoint
of a run that was interrupted.

FILE holds values that differ from the defaults, under the names of the settings:
  batch:
    frames: 4
  loop:
    steps: 4000
    learning_rate: 1.2e-3

example:
"""
_SEGMENTER_EXAMPLE = "  uois-sam train segmenter --data data/train --out runs/segmenter --steps 4000"
_HDNET_EXAMPLE = "  uois-sam train hdnet --model runs/segmenter/model --data data/train --out runs/hdnet"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command and its two kinds."""
    parser = make_parser(commands, "train", "train the small segmenter, or HDNet for it", _EPILOG)
    kinds = parser.add_subparsers(title="what to train", metavar="KIND", required=True)
    segmenter = make_parser(
        kinds,
        "segmenter",
        "train the small promptable segmenter together with its HPG head",
        _RUN_EPILOG + _SEGMENTER_EXAMPLE,
    )
    _add_run(segmenter)
    segmenter.set_defaults(run=run_segmenter)
    hdnet = make_parser(
        kinds, "hdnet", "train HDNet on the frozen segmenter of a model folder", _RUN_EPILOG + _HDNET_EXAMPLE
    )
    hdnet.add_argument(
        "--model", type=Path, required=True, metavar="DIR", help="model folder of `train segmenter`"
    )
    _add_run(hdnet)
    hdnet.set_defaults(run=run_hdnet)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="data set written by `uois-sam synth`"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings that differ from the defaults")
    parser.add_argument(
        "--steps", type=whole_number(1), metavar="N", help="optimiser steps, in place of loop.steps"
    )
    add_device(parser)


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


def run_hdnet(options: argparse.Namespace) -> int:
    """Train HDNet."""
    from uois_sam.segmentation.load import choose_device
    from uois_sam.training.config import read_settings
    from uois_sam.training.hdnet import HDNetTraining, train_hdnet

    settings = read_settings(options.config, HDNetTraining())
    if options.steps is not None:
        settings = replace(settings, loop=replace(settings.loop, steps=options.steps))
    _report(train_hdnet(options.model, options.data, options.out, settings, choose_device(options.device)))
    return 0


def _report(folder: Path) -> None:
    print(f"model: {folder}")
    scores = folder.parent / "heldout.json"
    print(f"score it: uois-sam evaluate --dataset synthetic-heldout --json {scores} --model {folder}")
