"""`uois-sam bench`: how long each stage takes, and what the nodes reach over real messages."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from uois_sam.commands.options import add_device, add_model, add_parts, whole_number
from uois_sam.commands.options import add_parser as make_parser

STAGE_FRAMES = 30
ROS_FRAMES = 500

_EPILOG = f"""\
Without --ros: medians of encode, prompts, decode, postprocess, track and clouds in this process,
on the bundled sequence at 480 x 640, over {STAGE_FRAMES} frames.

With --parts, parts are looked for too; without --ros the ratio of the times with and without them
is given.

With --ros: the nodes in separate processes, on the same sequence:
  camera message to cloud message of `perception`: latency, and answers per second while the
  camera sends more than it can answer, over {ROS_FRAMES} frames;
  resident memory of `perception` over these frames, and its slope;
  latency of an image message from the camera node to a subscriber in another process.

examples:
  uois-sam bench
  uois-sam bench --model runs/hdnet/model --threads 1 --json out/bench.json
  uois-sam bench --ros --frames 200"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(
        commands, "bench", "time the stages of the pipeline, or the nodes over real messages", _EPILOG
    )
    add_model(parser)
    add_device(parser)
    parser.add_argument(
        "--frames", type=whole_number(1), metavar="N", help=f"(default {STAGE_FRAMES}, with --ros {ROS_FRAMES})"
    )
    parser.add_argument("--threads", type=whole_number(1), metavar="T", help="CPU threads (default: one per core)")
    parser.add_argument("--ros", action="store_true", help="measure the nodes over real messages")
    add_parts(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, and write."""
    from uois_sam.commands.outputs import versions, write_json

    figures = _nodes(options) if options.ros else _stages(options)
    if options.json is not None:
        write_json(options.json, {"model": options.model, "versions": versions(), **figures})
        print(f"written to {options.json}")
    return 0


def _stages(options: argparse.Namespace) -> dict[str, Any]:
    """Stage times in this process."""
    import torch

    from uois_sam.commands.bench_stages import stage_table, summary, time_stages
    from uois_sam.commands.progress import progress_bar
    from uois_sam.parts.load import load_part_segmenter, method_and_model
    from uois_sam.segmentation.load import load_pipeline
    from uois_sam.sources.source import open_source

    if options.threads is not None:
        torch.set_num_threads(options.threads)
    pipeline = load_pipeline(options.model, options.device)
    parts = None
    if options.parts is not None:
        parts = load_part_segmenter(*method_and_model(options.parts), pipeline.segmenter)
    count = options.frames or STAGE_FRAMES
    with open_source("bundled", loop=True) as source, progress_bar("bench", "frame") as progress:
        stages = summary(time_stages(pipeline, parts, source, count, progress))
    print(stage_table(stages))
    rate = 1e3 / stages["total"]["median_ms"]
    print(
        f"{rate:.2f} frames/s one after the other, {torch.get_num_threads()} threads, {pipeline.segmenter.device}"
    )
    if parts is not None:
        without = stages["total"]["median_ms"] - stages["parts"]["median_ms"]
        print(f"with parts {stages['total']['median_ms'] / without:.2f} times the time without")
    return {"frames": count, "threads": torch.get_num_threads(), "frames_per_second": rate, "stages": stages}


def _nodes(options: argparse.Namespace) -> dict[str, Any]:
    """Figures of the nodes in their own processes."""
    from uois_sam.commands.ros import require_ros

    require_ros("bench --ros")
    from uois_sam.commands.bench_ros import measure_nodes, node_table

    frames = options.frames or ROS_FRAMES
    figures = measure_nodes(options.model, options.device, options.parts, frames, options.threads)
    print(node_table(figures))
    return figures
