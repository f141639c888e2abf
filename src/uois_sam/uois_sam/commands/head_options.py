"""Options that the trainings of heads on a frozen segmenter share, and what they say."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from uois_sam.commands.options import add_device, add_model, whole_number

if TYPE_CHECKING:
    from uois_sam.datasets.label_rule import LabelRule
    from uois_sam.datasets.labelled import LabelledDataset
    from uois_sam.segmentation.load import LoadedSegmenter
    from uois_sam.training.hdnet import HDNetTraining
    from uois_sam.training.hpg import HPGTraining
    from uois_sam.training.ranks import Ranks
    from uois_sam.training.wps_sam import WpsSamTraining

S = TypeVar("S", "HPGTraining", "HDNetTraining", "WpsSamTraining")

RUN_EPILOG = """\
RUN holds config.json, revision.txt, metrics.jsonl, curves for TensorBoard, checkpoints, a picture
of validation answers, and in the end model/, the folder that --model of the other commands takes.
The same command goes on from the checkpoint of a run that was interrupted.

FILE holds values that differ from the defaults, under the names of the settings:
"""


def add_run(parser: argparse.ArgumentParser) -> None:
    """--out, --config and --device."""
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="settings that differ from the defaults")
    add_device(parser)


def add_head(parser: argparse.ArgumentParser) -> None:
    """All that the training of a head takes, but --data."""
    add_model(parser)
    add_run(parser)
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


def read_head(config: Path | None, defaults: S, epochs: int | None, percent: float | None = None) -> S:
    """Settings of a head: those of a file over the defaults, and the number of epochs and the share over both.

    Raises:
        InputError: the file is not as `read_settings` wants it, or the share is none.
    """
    from uois_sam.training.config import read_settings

    settings = read_settings(config, defaults)
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    if percent is not None:
        settings = replace(settings, share=replace(settings.share, percent=percent))
    return settings


def load_frozen(options: argparse.Namespace) -> tuple[LoadedSegmenter, Ranks]:
    """The segmenter on this process's device, and this process among those of `torchrun`."""
    from uois_sam.segmentation.load import choose_device, load_segmenter
    from uois_sam.training.ranks import Ranks, own_device

    device = own_device(choose_device(options.device))
    return load_segmenter(options.model, device), Ranks.of_torchrun(device)
