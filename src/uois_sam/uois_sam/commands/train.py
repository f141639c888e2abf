"""`uois-sam train`: the bundled segmenter, UOIS-SAM's two heads for any segmenter, and part models."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from uois_sam.commands import part_clipseg, train_guided_sam
from uois_sam.commands.options import add_device, add_model, whole_number
from uois_sam.commands.options import add_parser as make_parser

if TYPE_CHECKING:
    from uois_sam.datasets.label_rule import LabelRule
    from uois_sam.datasets.labelled import LabelledDataset
    from uois_sam.training.hdnet import HDNetTraining
    from uois_sam.training.hpg import HPGTraining

S = TypeVar("S", "HPGTraining", "HDNetTraining")

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

Parts by words (PartCLIPSeg), on any CLIPSeg:
  uois-sam train part-clipseg --data pascal-part-116:data/PascalPart116 --out runs/pascal

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
    add_backbone(hpg)
    _add_head(hpg)
    hpg.set_defaults(run=run_hpg)
    hdnet = make_parser(kinds, "hdnet", "train HDNet on a frozen segmenter", _RUN_EPILOG + _HDNET_EPILOG)
    _add_head(hdnet)
    hdnet.set_defaults(run=run_hdnet)
    train_guided_sam.add_parser(kinds)
    part_clipseg.add_train(kinds)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings that differ from the defaults")
    add_device(parser)


def _add_head(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    add_labelled(parser)
    _add_run(parser)
    add_epochs(parser)
    parser.add_argument(
        "--percent", type=float, metavar="P", help="of the frames to train on, in place of `share.percent`"
    )


def add_labelled(parser: argparse.ArgumentParser) -> None:
    """--data of what learns from any labelled frames."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="D",
        help="folder with color/, label/ and, if there is some, depth/ and camera.json; or a published set, "
        "such as uoais-sim/train:PATH (see uois-sam datasets list)",
    )


def add_backbone(parser: argparse.ArgumentParser) -> None:
    """--backbone of HPG."""
    parser.add_argument(
        "--backbone",
        metavar="B",
        help='"embedding" (the segmenter\'s own, default), or a DINOv2 folder or hub name',
    )


def add_epochs(parser: argparse.ArgumentParser) -> None:
    """--epochs."""
    parser.add_argument("--epochs", type=whole_number(1), metavar="N", help="in place of the setting `epochs`")


def open_labelled(data: str) -> tuple[LabelledDataset, LabelRule, str]:
    """The set that --data names, how its labels are read, and the name that a run keeps of it.

    Raises:
        InputError: as `open_dataset`, or the labels cannot be read.
    """
    from uois_sam.datasets.catalogue import open_dataset
    from uois_sam.datasets.rule_choice import choose_rule

    name = data if ":" in data else f"folder:{Path(data).resolve()}"
    dataset = open_dataset(name)
    return dataset, choose_rule(dataset)[0], name


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


def read_head(config: Path | None, defaults: S, epochs: int | None) -> S:
    """Settings of a head: those of a file over the defaults, and the number of epochs over both.

    Raises:
        InputError: the file is not as `read_settings` wants it.
    """
    from uois_sam.training.config import read_settings

    settings = read_settings(config, defaults)
    return settings if epochs is None else replace(settings, epochs=epochs)


def _run_head(options: argparse.Namespace, defaults: Any, train: Callable[..., Path]) -> int:
    from uois_sam.segmentation.load import choose_device, load_segmenter
    from uois_sam.training.ranks import Ranks, own_device

    settings = read_head(options.config, defaults, options.epochs)
    if options.percent is not None:
        settings = replace(settings, share=replace(settings.share, percent=options.percent))
    dataset, rule, name = open_labelled(options.data)
    device = own_device(choose_device(options.device))
    ranks = Ranks.of_torchrun(device)
    loaded = load_segmenter(options.model, device)
    model = train(loaded, dataset, rule, name, options.out, settings, ranks)
    if ranks.first:
        _report(model)
    return 0


def _report(folder: Path) -> None:
    print(f"model: {folder}")
    scores = folder.parent / "heldout.json"
    print(f"score it: uois-sam evaluate --dataset synthetic-heldout --json {scores} --model {folder}")
