"""`uois-sam record`: what the running stack says, as an .mcap file."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from uois_sam.commands.options import add_parser as make_parser
from uois_sam.commands.options import positive_seconds, whole_number

if TYPE_CHECKING:
    from uois_sam.nodes.recorder import TopicRecorder
    from uois_sam.sources.bag_queue import BagQueue

_LOOK = 0.5
_SPIN = 0.1
_FRAMES = "/camera/camera/color/image_raw"

_EPILOG = """\
Hears the ROS domain of this shell (ROS_DOMAIN_ID): all topics of camera, segmentation, parts and
grasp bridge, in whatever namespaces, as they appear; or those that --topics names. Ctrl-C ends it.

The file holds the definitions of all its types: Foxglove and `ros2 bag play` open it, and
`uois-sam replay` puts it through the stack. It can be read at any time; when the disk is full or
the process is killed, all but the last second is in it.

examples:
  uois-sam record
  uois-sam record out/table.mcap --seconds 60
  uois-sam record out/table.mcap --frames 100 --topics /camera/camera/color/image_raw /tf /tf_static"""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = make_parser(commands, "record", "record what the running stack says", _EPILOG)
    parser.add_argument(
        "out",
        type=Path,
        nargs="?",
        metavar="OUT.mcap",
        help="a file that is not there yet (default: recording-DATE-TIME.mcap)",
    )
    parser.add_argument("--topics", nargs="+", default=[], metavar="T", help="record these instead")
    parser.add_argument(
        "--seconds", type=positive_seconds, metavar="S", help="stop S seconds after the first message"
    )
    parser.add_argument(
        "--frames",
        type=whole_number(1),
        metavar="N",
        help="stop after N images of a camera, or N messages of a topic",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Record until the end is asked for."""
    from uois_sam.commands.domain import present_domain
    from uois_sam.commands.ros import require_ros
    from uois_sam.errors import InputError, UoisSamError

    require_ros("recording")
    domain = present_domain()
    out: Path = options.out or Path(f"recording-{datetime.now():%Y%m%d-%H%M%S}.mcap")
    if out.exists():
        raise InputError(f"{out} is there already; give another name")
    names = [name if name.startswith("/") else f"/{name}" for name in options.topics]
    from uois_sam.nodes.recorder import TopicRecorder
    from uois_sam.sources.bag_queue import BagQueue
    from uois_sam.sources.bag_writer import BagWriter

    with (
        BagQueue(BagWriter(out, live=True)) as bag,
        TopicRecorder(domain, names, bag.check_type, bag.add) as recorder,
    ):
        try:
            with _asked_to_stop() as stop:
                print(f"recording ROS_DOMAIN_ID={domain} to {out}; Ctrl-C ends it", flush=True)
                _record(recorder, bag, stop, options.seconds, options.frames)
        finally:
            _tell(bag.counts, recorder.topics)
    if not bag.counts:
        out.unlink()
        wanted = ", ".join(names) or "the stack's topics"
        raise UoisSamError(f"nobody published {wanted} in ROS_DOMAIN_ID={domain}; nothing was recorded")
    print(f"{sum(bag.counts.values())} messages in {out}")
    return 0


def _record(
    recorder: TopicRecorder, bag: BagQueue, stop: Event, seconds: float | None, frames: int | None
) -> None:
    from tqdm import tqdm

    looked, began = 0.0, None
    with tqdm(desc="recording", unit="message", disable=None) as bar:
        while not stop.is_set():
            now = time.monotonic()
            if now - looked > _LOOK:
                looked = now
                for topic in recorder.look():
                    left_out = recorder.left_out.get(topic)
                    tqdm.write(
                        f"{topic} is left out: {left_out}" if left_out else f"{topic} {recorder.topics[topic]}"
                    )
            recorder.spin_once(_SPIN)
            bar.update(sum(bag.counts.values()) - bar.n)
            bar.set_postfix(frames=count_frames(bag.counts), refresh=False)
            if began is None and bag.counts:
                began = time.monotonic()
            if seconds is not None and began is not None and time.monotonic() - began >= seconds:
                return
            if frames is not None and count_frames(bag.counts) >= frames:
                return


def count_frames(counts: Mapping[str, int]) -> int:
    """Images of the busiest camera or, without images, messages of the busiest topic but diagnostics."""
    cameras = [count for topic, count in counts.items() if topic.endswith(_FRAMES)]
    others = [count for topic, count in counts.items() if topic != "/diagnostics"]
    return max(cameras or others, default=0)


@contextmanager
def _asked_to_stop() -> Iterator[Event]:
    """An event that SIGINT and SIGTERM set, so that neither hits a message half written."""
    stop = Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(counts: Mapping[str, int], types: Mapping[str, str]) -> None:
    from uois_sam.commands.tables import text_table

    if counts:
        rows = [(topic, types[topic], str(count)) for topic, count in sorted(counts.items())]
        print(text_table([("topic", "type", "messages"), *rows]), flush=True)
