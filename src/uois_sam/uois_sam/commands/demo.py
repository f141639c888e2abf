"""`uois-sam demo`: the whole stack over real messages, and a report of what it did."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.options import add_device, add_model, add_parts, whole_number
from uois_sam.commands.options import add_parser as make_parser

if TYPE_CHECKING:
    from uois_sam.commands.demo_record import DemoRecord

_EPILOG = """\
The nodes `camera` and `perception` run in processes of their own and talk over ROS 2 (Fast DDS
over shared memory, on a domain that is free); this command listens to all their topics. Recorded
images come as fast as the stack answers them; videos, bags and devices come at their own pace, and
the newest frame wins.

writes
  DIR/report.html   image, overlays, depth and clouds of up to 12 frames, times, scores: one file
  DIR/report.json   figures of every frame
  DIR/clouds/*.ply  clouds of these frames: NAME_scene.ply, NAME_instance_ID.ply
  DIR/demo.mcap     every message of every topic, for Foxglove or `ros2 bag play`
  DIR/log/          what the nodes said

Scores are given where there is a truth: the bundled sequence, and folders with label/. Without
depth (videos, single images, devices) there are masks but no clouds.

examples:
  uois-sam demo --out out/demo
  uois-sam demo --source folder:my_table --out out/my_table
  uois-sam demo --source bag:recording.mcap --out out/recording --frames 100
  uois-sam demo --source synthetic --out out/synthetic
  uois-sam demo --parts guided_sam:handles.safetensors --out out/parts"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(commands, "demo", "run the whole stack on recorded or live images, and report", _EPILOG)
    parser.add_argument(
        "--source",
        default="bundled",
        metavar="SOURCE",
        help="bundled (default), synthetic, folder:PATH, video:PATH, bag:PATH, device:N, or a path",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_model(parser)
    add_device(parser)
    add_parts(parser)
    parser.add_argument(
        "--frames", type=whole_number(1), metavar="N", help="stop after N answered frames (default: all)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the stack and write what it did."""
    from uois_sam.commands.demo_source import look_at
    from uois_sam.commands.demo_summary import summary
    from uois_sam.commands.outputs import make_folder, versions, write_json
    from uois_sam.commands.report.page import report_page
    from uois_sam.commands.ros import require_ros
    from uois_sam.parts.load import method_and_model

    require_ros("the demo")
    facts = look_at(options.source)
    if options.parts is not None:
        method_and_model(options.parts)
    make_folder(options.out)
    from uois_sam.commands.demo_session import DemoSession

    session = DemoSession(
        facts,
        options.model,
        options.device,
        options.parts,
        options.frames,
        lambda line: print(line, flush=True),
    )
    record = session.run(options.out)
    _write_clouds(options.out / "clouds", record)
    write_json(options.out / "report.json", {"versions": versions(), **record.as_dict()})
    report = options.out / "report.html"
    report.write_text(report_page(record), encoding="utf-8")
    print(f"\n{summary(record)}\n\nreport: {report}")
    return 0


def _write_clouds(folder: Path, record: DemoRecord) -> None:
    """PLY files of the sampled frames, in place of those of an earlier run."""
    from uois_sam.commands.outputs import make_folder
    from uois_sam.grasping.ply import write_ply

    make_folder(folder)
    for old in folder.glob("*.ply"):
        old.unlink()
    for sample in record.samples:
        name = sample.figures.name
        if sample.scene is not None:
            write_ply(folder / f"{name}_scene.ply", sample.scene.points, sample.scene.colours)
        for cloud in sample.clouds:
            write_ply(folder / f"{name}_instance_{cloud.ids[0]}.ply", cloud.points, cloud.colours)
