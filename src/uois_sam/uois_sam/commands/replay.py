"""`uois-sam replay`: recordings through the stack, with a report; and two reports beside each other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.options import add_device, add_model, add_parts, whole_number
from uois_sam.commands.options import add_parser as make_parser
from uois_sam.errors import InputError, SourceError, UoisSamError

if TYPE_CHECKING:
    from uois_sam.replay.options import ReplayOptions
    from uois_sam.replay.run import ReplayRun

COMPARE = "compare"
WORSE = 1
"""Exit code where the second replay is worse."""

_USAGE = """\
uois-sam replay BAG --out DIR [options]
       uois-sam replay FOLDER --out DIR [--workers N | --ray ADDRESS] [options]
       uois-sam replay compare A B [--tolerance NAME=VALUE ...]"""

_EPILOG = """\
BAG is a rosbag2 folder, an .mcap or .db3 file, or a ROS 1 .bag. Topics are found by type and told in
one line. Depth that is not in colour's pixels is registered where the bag has both camera infos and the
pose between the cameras (tf_static, or the extrinsics that RealSense cameras record), and left out by
name where it has not. Every frame goes through the pipeline, in order and as fast as it goes; the same
bag, model and machine give the same output, byte for byte.

--online publishes the frames to the nodes instead and listens: to `perception`, which it starts on a
ROS domain of its own, or, with --attach, to the stack that runs in the domain of this shell. Frames
come as they were recorded, and the newest wins; --rate answers waits for each, and none is lost.

writes
  DIR/NAME.mcap     what was read, and all result topics: /segmentation/instances and label_image,
                    with depth /grasp_bridge/scene_cloud and instance_clouds; with --parts
                    /part_segmentation/parts and label_image, and /grasp_bridge/part_clouds
  DIR/report.html   times, rate, memory, CPU, instances, scores, and pictures: one file
  DIR/report.json   the same, and every frame
  DIR/log/          with --online: what the nodes said

Scores are given where the bag has a topic of label images that is called truth (16UC1, the stamps of
the colour images), or --labels names another one or a folder of PNG files: named by stamps in
nanoseconds, or as many as there are images.

FOLDER holds recordings, at any depth: folders with a metadata.yaml, .mcap, .db3 and .bag files. Each is
replayed to DIR/NAME/; DIR/summary.html leads to their reports, DIR/summary.json has the key figures. A
broken one does not stop the others: it is named at the end, and the exit code is 1. The same command
again goes on where it was, and leaves alone what has not changed. With a folder, --labels DIR holds a
folder NAME for each recording that has labels.

compare reads two report.json or their folders, prints the figures beside each other, and ends with
exit code 1 where B is worse than A by more than the tolerance; of two folders of recordings it compares
each with its like. NAME is a group or a figure:
  times=0.25     rate, latency and stages: share of A's
  memory=0.2     highest memory: share of A's
  dropped=0.01   share of frames without an answer: difference
  scores=0.01    scores as fractions of 1: difference
  switches=0     identity switches: difference

examples:
  uois-sam replay recording.mcap --out out/recording
  uois-sam replay old.bag --out out/old --color /cam/rgb/image_raw --depth /cam/depth/image_raw
  uois-sam replay recording --out out/scored --labels my_labels
  uois-sam replay recordings --out out/all --workers 4
  uois-sam replay recording.mcap --out out/live --online --rate 60
  uois-sam replay compare out/before out/after --tolerance times=0.1 overlap_f=0.005"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(commands, "replay", "put a recording through the stack, and report how it went", _EPILOG)
    parser.usage = _USAGE
    parser.add_argument("input", nargs="+", metavar="BAG", help="the recording; or: compare A B")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write to")
    add_model(parser)
    add_device(parser)
    add_parts(parser)
    parser.add_argument("--color", metavar="TOPIC", help="colour image")
    parser.add_argument("--depth", metavar="TOPIC", help="depth; its stamps may be up to a frame from colour's")
    parser.add_argument("--info", metavar="TOPIC", help="camera info of the colour image")
    parser.add_argument("--labels", metavar="TOPIC|DIR", help="topic or folder of the true label images")
    parser.add_argument(
        "--first-object",
        type=whole_number(1),
        metavar="N",
        help="labels from N on are objects (default: detected)",
    )
    parser.add_argument("--ignore", type=whole_number(0), metavar="N", help="label that counts for nobody")
    parser.add_argument("--overlay", action="store_true", help="write /segmentation/overlay too")
    parser.add_argument("--online", action="store_true", help="through the nodes, over ROS 2 messages")
    parser.add_argument(
        "--rate",
        metavar="HZ|answers",
        help="with --online: frames per second; or `answers`, each as soon as the one before is answered "
        "(default: as they were recorded)",
    )
    parser.add_argument(
        "--attach",
        action="store_true",
        help="with --online: through the stack that runs in this ROS domain, with the model that it has",
    )
    parser.add_argument(
        "--workers",
        type=whole_number(1),
        metavar="N",
        help="of a folder, replay N recordings at a time, each in a process with one thread (default 1)",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="replay a folder on a Ray cluster: its address, auto, or local for this machine; wants Ray",
    )
    parser.add_argument(
        "--tolerance", nargs="+", default=[], metavar="NAME=VALUE", help="with compare: how much worse is allowed"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Replay, or compare."""
    if options.input[0] == COMPARE:
        return _compare(options)
    if len(options.input) != 1:
        raise InputError(f"{len(options.input)} recordings were given; give one, or: uois-sam replay compare A B")
    if options.out is None:
        raise InputError("nowhere to write to; give --out DIR")
    if options.tolerance:
        raise InputError("--tolerance goes with: uois-sam replay compare A B")
    if not options.online and (options.rate is not None or options.attach):
        raise InputError("--rate and --attach go with --online")
    if options.attach and options.parts is not None:
        raise InputError("a stack that runs already has its own parts; leave out --parts, or --attach")
    bag, chosen = Path(options.input[0]).expanduser(), replay_options(options)
    many = options.workers is not None or options.ray is not None
    if options.online:
        if many:
            raise InputError("many recordings are replayed offline; leave out --online, or --workers and --ray")
        return _replay_online(bag, options.out, chosen, options.rate, options.attach)
    from uois_sam.commands.replay_many import holds_many, replay_many

    if holds_many(bag, options.out, asked=many):
        return replay_many(bag, options.out, chosen, options.workers, options.ray)
    return _replay(bag, options.out, chosen)


def replay_options(options: argparse.Namespace) -> ReplayOptions:
    """What holds for every bag of a command line."""
    from uois_sam.replay.options import ReplayOptions

    return ReplayOptions(
        options.model,
        options.device,
        options.color,
        options.depth,
        options.info,
        options.labels,
        options.first_object,
        options.ignore,
        options.overlay,
        options.parts,
    )


def _replay(bag: Path, out: Path, options: ReplayOptions) -> int:
    """Replay one bag offline."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.replay.offline import replay_bag

    with progress_bar("replay", "frame") as progress:
        replayed = replay_bag(bag, out, options, say=lambda line: print(line, flush=True), progress=progress)
    print_summary(replayed, out)
    if replayed.ended:
        raise SourceError(f"the bag ended early, {len(replayed.frames)} frames were replayed: {replayed.ended}")
    return 0


def _replay_online(bag: Path, out: Path, options: ReplayOptions, rate: str | None, attach: bool) -> int:
    """Replay one bag through running nodes."""
    from uois_sam.commands.progress import progress_bar
    from uois_sam.commands.ros import require_ros
    from uois_sam.replay.online import read_pace

    require_ros("replay --online")
    pace = read_pace(rate or "recorded")
    from uois_sam.commands.replay_bag_online import replay_bag_online
    from uois_sam.commands.replay_online import OnlineOptions

    online = OnlineOptions(options.model, options.device, pace, attach, options.overlay, options.parts)
    with progress_bar("replay", "frame") as progress:
        replayed = replay_bag_online(bag, out, options, online, lambda line: print(line, flush=True), progress)
    print_summary(replayed, out)
    if replayed.ended:
        raise UoisSamError(f"the replay ended early, after {len(replayed.frames)} frames: {replayed.ended}")
    return 0


def print_summary(run: ReplayRun, out: Path) -> None:
    """What a replay ends with on the terminal: counts, times, and where the report is."""
    from uois_sam.commands.tables import text_table
    from uois_sam.replay.figures import LATENCY, instance_figures, latencies, part_figures, spread, stage_spreads
    from uois_sam.replay.report import REPORT_HTML

    line = f"{len(run.frames)} frames in, {run.answered} answered, {run.dropped} dropped; {run.rate:.2f} frames/s"
    for name, found in (("instances", instance_figures(run)), ("parts", part_figures(run))):
        line += f"; {found['mean']:.1f} {name} per frame" if found else ""
    print(f"\n{line}")
    if run.refused:
        print(f"{len(run.refused)} frames could not be used: {run.refused[0]}")
    rows = {LATENCY: spread([1e3 * latency for latency in latencies(run)]), **stage_spreads(run)}
    cells = [
        (name, *(f"{found[part]:.1f}" for part in ("median", "p95", "p99")))
        for name, found in rows.items()
        if found
    ]
    if cells:
        print(text_table([("", "median ms", "95 % ms", "99 % ms"), *cells]))
    print(f"report: {out / REPORT_HTML}")


def _compare(options: argparse.Namespace) -> int:
    from uois_sam.commands.replay_many import compare_folders
    from uois_sam.commands.tables import text_table
    from uois_sam.replay.compare import compare, read_report, read_tolerances
    from uois_sam.replay.summary import SUMMARY_JSON

    if len(options.input) != 3:
        raise InputError(f"compare wants two reports, {len(options.input) - 1} given: uois-sam replay compare A B")
    tolerances = read_tolerances(options.tolerance)
    ours, theirs = (Path(name).expanduser() for name in options.input[1:])
    if any((path / SUMMARY_JSON).is_file() for path in (ours, theirs)):
        return compare_folders(ours, theirs, tolerances)
    first, second = read_report(ours), read_report(theirs)
    rows = [("", "A", "B", "difference", "tolerance", "")]
    compared = compare(first, second, tolerances)
    for one in compared:
        a, b = one.first.value, one.second.value
        if one.relative:
            change = f"{100 * (b - a) / a:+.1f} %" if a else "-"
            allowed = f"{100 * one.tolerance:g} %"
        else:
            change, allowed = f"{b - a:+.4g}", f"{one.tolerance:g}"
        rows.append((one.first.name, f"{a:.4g}", f"{b:.4g}", change, allowed, "worse" if one.worse else "ok"))
    print(text_table(rows))
    for name in ("bag", "mode", "model", "frames_in"):
        if first.get(name) != second.get(name):
            print(f"note: {name} is {first.get(name)} in A and {second.get(name)} in B")
    worse = [one.first.name for one in compared if one.worse]
    print(f"B is worse: {', '.join(worse)}" if worse else "B is not worse")
    return WORSE if worse else 0
