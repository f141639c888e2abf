"""`uois-sam bench`: how long each stage takes, and what the nodes reach over real messages."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from uois_sam.commands.options import add_device, add_model, add_parts, whole_number
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.errors import InputError

STAGE_FRAMES = 30
ROS_FRAMES = 500
SOAK_FRAMES = 1000

_EPILOG = f"""\
Without --ros: medians of encode, prompts, decode, postprocess, track and clouds in this process,
on the bundled sequence at 480 x 640, over {STAGE_FRAMES} frames.

With --parts, parts are looked for too; without --ros the ratio of the times with and without them
is given.

With --clicks: from a person's click to its mask, one after the embedding of each frame, and the
steps by which the decoder learns from it.

With --ros: the nodes in separate processes, on the same sequence:
  camera message to cloud message of `perception`: latency, and answers per second while the
  camera sends more than it can answer, over {ROS_FRAMES} frames;
  resident memory of `perception` over these frames, and its slope;
  latency of an image message from the camera node to a subscriber in another process.

With --soak: {SOAK_FRAMES} frames of this sequence through `perception`, each answered before the next
comes; its memory, and the slope of that over the later half.

examples:
  uois-sam bench
  uois-sam bench --model runs/hdnet/model --threads 1 --json out/bench.json
  uois-sam bench --clicks
  uois-sam bench --ros --frames 200
  uois-sam bench --soak"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(
        commands, "bench", "time the stages of the pipeline, or the nodes over real messages", _EPILOG
    )
    add_model(parser)
    add_device(parser)
    parser.add_argument(
        "--frames",
        type=whole_number(1),
        metavar="N",
        help=f"(default {STAGE_FRAMES}, with --ros {ROS_FRAMES}, with --soak {SOAK_FRAMES})",
    )
    parser.add_argument("--threads", type=whole_number(1), metavar="T", help="CPU threads (default: one per core)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--clicks", action="store_true", help="time corrections and what is learned from them")
    what.add_argument("--ros", action="store_true", help="measure the nodes over real messages")
    what.add_argument("--soak", action="store_true", help="measure the nodes' memory over many frames")
    add_parts(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, and write."""
    from uois_sam.commands.outputs import write_results

    ways = {"clicks": _clicks, "ros": _nodes, "soak": _soak}
    chosen = next((measure for name, measure in ways.items() if getattr(options, name)), _stages)
    figures = chosen(options)
    write_results(options.json, {"model": options.model, **figures})
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


def _clicks(options: argparse.Namespace) -> dict[str, Any]:
    """Times of clicks in this process."""
    import torch

    from uois_sam.commands.bench_clicks import DECODE, FINISH, STEP, time_clicks
    from uois_sam.commands.bench_stages import stage_table, summary
    from uois_sam.commands.progress import progress_bar
    from uois_sam.segmentation.load import load_pipeline
    from uois_sam.sources.source import open_source

    if options.parts is not None:
        raise InputError("--parts goes with stages or --ros, not with --clicks; leave it out")
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    pipeline = load_pipeline(options.model, options.device)
    count = options.frames or STAGE_FRAMES
    with open_source("bundled", loop=True) as source, progress_bar("bench", "click") as progress:
        times = summary(time_clicks(pipeline, source, count, progress))
    if not times:
        raise InputError(f"the model {options.model} finds nothing on the bundled sequence; nothing to click on")
    print(stage_table(times))
    ratios = {name: times[name]["median_ms"] / times[DECODE]["median_ms"] for name in (STEP, FINISH)}
    told = ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items())
    print(f"in decodes: {told}; {torch.get_num_threads()} threads, {pipeline.segmenter.device}")
    return {"clicks": count, "threads": torch.get_num_threads(), "times": times, "decodes": ratios}


def _nodes(options: argparse.Namespace) -> dict[str, Any]:
    """Figures of the nodes in their own processes."""
    from uois_sam.commands.ros import require_ros

    require_ros("bench --ros")
    from uois_sam.commands.bench_ros import measure_nodes, node_table

    frames = options.frames or ROS_FRAMES
    figures = measure_nodes(options.model, options.device, options.parts, frames, options.threads)
    print(node_table(figures))
    return figures


def _soak(options: argparse.Namespace) -> dict[str, Any]:
    """Memory of the nodes over many frames."""
    from uois_sam.commands.ros import require_ros

    require_ros("bench --soak")
    if options.parts is not None or options.threads is not None:
        raise InputError("--soak measures `perception` as it starts; leave --parts and --threads out")
    from uois_sam.commands.bench_soak import measure_soak, soak_table
    from uois_sam.commands.progress import progress_bar
    from uois_sam.commands.replay_online import OnlineOptions

    online = OnlineOptions(options.model, options.device)
    with tempfile.TemporaryDirectory(prefix="uois_sam-soak-") as folder, progress_bar("soak", "frame") as progress:
        figures = measure_soak(online, options.frames or SOAK_FRAMES, Path(folder), print, progress)
    print(soak_table(figures))
    return figures
