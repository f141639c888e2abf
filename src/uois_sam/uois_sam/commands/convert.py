"""`uois-sam convert`: a folder as a recording, and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from uois_sam.commands.options import add_parser as make_parser
from uois_sam.sources.camera_topics import CAMERA_INFO, DEPTH, IMAGE, TRUTH

_EPILOG = f"""\
DST ends in .mcap: a recording (rosbag2, read by ros2 bag, Foxglove, and replay) with
  /{IMAGE}
  /{DEPTH}
  /{CAMERA_INFO}
  /{TRUTH}
as far as the source has colour, depth, intrinsics and labels.
Else DST is a folder: color/, depth/, label/, camera.json, and sequence.json with the stamps.

Colour, labels and stamps are kept exactly, depth to a millimetre; ROS is not needed.

examples:
  uois-sam convert folder:my_table my_table.mcap --rate 30
  uois-sam convert bag:recording.mcap recording        16-bit depth and label images
  uois-sam convert ros1.bag recording.mcap"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(commands, "convert", "write a folder as a recording, or a recording as a folder", _EPILOG)
    parser.add_argument("source", metavar="SRC", help="folder:PATH, bag:PATH, video:PATH, an image, or bundled")
    parser.add_argument("out", type=Path, metavar="DST", help="PATH.mcap, or an empty folder")
    parser.add_argument(
        "--rate",
        type=float,
        metavar="HZ",
        help="frames a second, where the source has no stamps (default: a video's own, else 10)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Convert."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.sources.convert import convert

    with progress_bar("convert", "frame") as progress:
        done = convert(options.source, options.out, rate=options.rate, progress=progress)
    held = {"depth": done.depth, "intrinsics": done.camera, f"labels of {done.labelled}": done.labelled > 0}
    contents = ", ".join(["colour", *(name for name, there in held.items() if there)])
    print(f"{done.source}\n{done.frames} frames: {contents}: {done.path}")
    return 0
