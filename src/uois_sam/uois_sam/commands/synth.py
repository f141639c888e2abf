"""`uois-sam synth`: data sets of synthetic tables."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from uois_sam.commands.options import add_parser as make_parser
from uois_sam.commands.options import whole_number

_EPILOG = """\
writes, for every frame NAME = SCENE_VIEW
  DIR/color/NAME.jpg      RGB
  DIR/depth/NAME.png      16 bit, millimetres, 0 unknown
  DIR/label/NAME.png      16 bit, 0 background, 1 .. objects
  DIR/parts/NAME.png      16 bit, 0 background, k = k-th part of its object
  DIR/frames/NAME.json    intrinsics, camera pose, table plane, object families and their parts

Scene k of a seed is the same whatever the count. Ctrl-C and run again: finished frames are kept.

examples:
  uois-sam synth --out data/train --count 4000 --seed 1 --size 240x320
  uois-sam synth --out data/look --count 8 --seed 7 --views 3 --sensor-noise"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(
        commands,
        "synth",
        "write a data set of synthetic tables with exact depth, instance and part masks",
        _EPILOG,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--count", type=whole_number(1), required=True, metavar="N", help="number of scenes")
    parser.add_argument("--seed", type=whole_number(0), required=True, metavar="S", help="0 or more")
    parser.add_argument("--size", default="480x640", metavar="HxW", help="height x width, px (default 480x640)")
    parser.add_argument(
        "--views",
        type=whole_number(1),
        default=1,
        metavar="V",
        help="frames of each scene from quite different sides (default 1)",
    )
    parser.add_argument(
        "--families",
        choices=["train", "heldout"],
        default="train",
        help="object families: those for training (default), or those never used in training",
    )
    parser.add_argument(
        "--sensor-noise",
        action="store_true",
        help="depth as a depth camera would measure it, instead of exact depth",
    )
    parser.add_argument("--workers", type=whole_number(1), default=2, metavar="W", help="processes (default 2)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the data set."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.synthetic.generate import generate, parse_size

    size = parse_size(options.size)
    start = time.monotonic()
    with progress_bar("draw synthetic tables", "scene") as progress:
        generate(
            options.out,
            options.count,
            options.seed,
            workers=options.workers,
            size=size,
            views=options.views,
            families=options.families,
            sensor_noise=options.sensor_noise,
            progress=progress,
        )
    frames = options.count * options.views
    print(f"{frames} frames of {options.count} scenes in {time.monotonic() - start:.0f} s: {options.out}")
    return 0
