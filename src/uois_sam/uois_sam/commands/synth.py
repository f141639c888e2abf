"""`uois-sam synth`: data sets of synthetic tables."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from uois_sam.commands.options import add_parser as make_parser
from uois_sam.commands.options import whole_number
from uois_sam.errors import InputError
from uois_sam.sources.camera_topics import TRUTH

_EPILOG = """\
writes, for every frame NAME = SCENE_VIEW
  DIR/color/NAME.jpg      RGB
  DIR/depth/NAME.png      16 bit, millimetres, 0 unknown
  DIR/label/NAME.png      16 bit, 0 background, 1 .. objects
  DIR/parts/NAME.png      16 bit, 0 background, k = k-th part of its object
  DIR/frames/NAME.json    intrinsics, camera pose, table plane, object families and their parts

Scene k of a seed is the same whatever the count. Ctrl-C and run again: finished frames are kept.

with --sequence, one table seen by a moving camera while things happen on it (docs/datasets.md);
labels are the same objects in all frames
  DIR/sequence.json       stamp of each frame, and the events
  PATH.mcap               colour, aligned depth and camera info under the names of realsense-ros,
                          and the labels as /{truth}

events and how often they happen: push, carry (an object is lifted and carried past another one,
which it hides), remove, add, turn (the camera looks aside and back)

examples:
  uois-sam synth --out data/train --count 4000 --seed 1 --size 240x320
  uois-sam synth --out data/look --count 8 --seed 7 --views 3 --sensor-noise
  uois-sam synth --sequence --seed 100 --out data/100 --bag data/100.mcap --sensor-noise
  uois-sam synth --sequence 100 --seed 5 --bag calm.mcap --events push=1"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(
        commands,
        "synth",
        "write a data set of synthetic tables with exact depth, instance and part masks",
        _EPILOG.format(truth=TRUTH),
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write to")
    parser.add_argument("--count", type=whole_number(1), metavar="N", help="number of scenes")
    parser.add_argument("--seed", type=whole_number(0), required=True, metavar="S", help="0 or more")
    parser.add_argument("--size", default="480x640", metavar="HxW", help="height x width, px (default 480x640)")
    parser.add_argument(
        "--views",
        type=whole_number(1),
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
    parser.add_argument("--workers", type=whole_number(1), metavar="W", help="processes (default 2)")
    parser.add_argument(
        "--sequence",
        type=whole_number(1),
        nargs="?",
        const=60,
        metavar="FRAMES",
        help="write one sequence of so many frames (default 60, at 10 a second) instead of --count scenes",
    )
    parser.add_argument("--bag", type=Path, metavar="PATH", help="recording to write the sequence to, an .mcap")
    parser.add_argument(
        "--events",
        metavar="LIST",
        help="what happens in the sequence (default push=2,carry=2,remove=1,add=1,turn=1)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the data set, or the sequence."""
    return _write_scenes(options) if options.sequence is None else _write_sequence(options)


def _write_sequence(options: argparse.Namespace) -> int:
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.synthetic.events import EventCounts
    from uois_sam.datasets.synthetic.generate import check_renderer_is_installed, parse_size

    _refuse(options, ("count", "views", "workers"), "goes without --sequence, of which there is one")
    if options.out is None and options.bag is None:
        raise InputError("--sequence wants a place to be written to: give --out DIR, --bag PATH.mcap, or both")
    check_renderer_is_installed()
    from uois_sam.datasets.synthetic.sequence import (
        SequenceOptions,
        SyntheticSequence,
        check_empty,
        write_sequence,
    )
    from uois_sam.sources.frame_bag import FrameBagWriter, check_recording

    settings = SequenceOptions(
        frames=options.sequence,
        events=EventCounts() if options.events is None else EventCounts.parse(options.events),
        size=parse_size(options.size),
        families=options.families,
        sensor_noise=options.sensor_noise,
    )
    start = time.monotonic()
    if options.out is not None:
        check_empty(options.out)
    if options.bag is not None:
        check_recording(options.bag)
    sequence = SyntheticSequence(options.seed, settings)
    with ExitStack() as stack:
        stack.callback(sequence.close)
        progress = stack.enter_context(progress_bar("draw a synthetic sequence", "frame"))
        bag = None if options.bag is None else stack.enter_context(FrameBagWriter(options.bag))
        write_sequence(sequence, options.out, record=bag.add if bag else None, progress=progress)
    places = " and ".join(str(place) for place in (options.out, options.bag) if place)
    kinds = Counter(event.kind for event in sequence.info.events)
    happened = ", ".join(f"{kind} {count}" for kind, count in kinds.items()) or "nothing"
    print(f"{len(sequence)} frames in {time.monotonic() - start:.0f} s: {places}; {happened}")
    return 0


def _refuse(options: argparse.Namespace, names: tuple[str, ...], reason: str) -> None:
    for name in names:
        if getattr(options, name) is not None:
            raise InputError(f"--{name} {reason}; leave it out")


def _write_scenes(options: argparse.Namespace) -> int:
    from uois_sam.commands.progress import progress_bar
    from uois_sam.datasets.synthetic.generate import generate, parse_size

    _refuse(options, ("bag", "events"), "is for a sequence (--sequence)")
    if options.out is None or options.count is None:
        raise InputError("wanted --out DIR and --count N, or --sequence; see uois-sam synth --help")
    size = parse_size(options.size)
    views = options.views or 1
    start = time.monotonic()
    with progress_bar("draw synthetic tables", "scene") as progress:
        generate(
            options.out,
            options.count,
            options.seed,
            workers=options.workers or 2,
            size=size,
            views=views,
            families=options.families,
            sensor_noise=options.sensor_noise,
            progress=progress,
        )
    frames = options.count * views
    print(f"{frames} frames of {options.count} scenes in {time.monotonic() - start:.0f} s: {options.out}")
    return 0
