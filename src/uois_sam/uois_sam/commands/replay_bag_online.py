"""Replays a bag through running nodes, and reports as the offline way does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader

from uois_sam.commands.outputs import make_folder
from uois_sam.commands.replay_online import OnlineOptions, OnlineReplay
from uois_sam.errors import InputError, SourceError
from uois_sam.nodes.convert import instances_from_msg
from uois_sam.nodes.listener import TOPICS, decode
from uois_sam.nodes.part_messages import parts_from_msg
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.replay.copied import CopiedMessages
from uois_sam.replay.judge import ReplayJudge
from uois_sam.replay.offline import make_judge, output_bag, report_run
from uois_sam.replay.options import ReplayOptions
from uois_sam.replay.run import ReplayRun
from uois_sam.replay.truth import label_topics, open_labels
from uois_sam.sources.bag import BagSource
from uois_sam.sources.bag_topics import NamedTopics
from uois_sam.types import Frame


def replay_bag_online(
    bag: Path,
    out: Path,
    options: ReplayOptions,
    online: OnlineOptions,
    say: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> ReplayRun:
    """Publish every frame of a bag to the nodes; write `out/NAME.mcap`, `report.json` and `report.html`.

    The output bag holds what was published and what the nodes answered, with the times at which it came, and the
    bag's static transforms and truth, each from when its frame was published. Where the nodes are started here,
    `out/log` holds what they said. Pictures and scores are made afterwards.

    Args:
        bag, out, options, say, progress: as of `uois_sam.replay.offline.replay_bag`; the model is that of a stack
            that is started.
        online: pace, and which stack.

    Returns:
        What was measured. Where the bag or the stack ended early, `ended` says why, and all files are written.

    Raises:
        SourceError: the bag is missing, damaged before its first frame, or has no images; a topic that was named
            is of no use; the output bag cannot be written.
        InputError: no frame could be used, labels do not fit, or the report cannot be written.
        UoisSamError: the stack does not start, or none is running.
    """
    named = NamedTopics(options.color, options.depth, options.info)
    with BagSource(bag, named=named) as source:
        output = output_bag(bag, out)
        say(source.describe())
        labels = open_labels(source, options.labels)
        judge = make_judge(source, labels, options, say)
        make_folder(out)
        total = source.choice.colour.count
        beside = source.raw_messages(label_topics(labels), camera=False)
        copied = CopiedMessages(beside, lambda: source.recorded)
        replay = OnlineReplay(source, bag.name, online, say, lambda done: progress(done, total), copied)
        run = replay.run(output, out / "log")
    with BagSource(bag, named=named) as source:
        _judge(judge, source, output, run)
    report_run(run, output, judge, labels, say)
    return run


def _judge(judge: ReplayJudge, source: BagSource, output: Path, run: ReplayRun) -> None:
    """Let every answered frame be judged: the bag's frames again, beside the answers in the output."""
    given = iter(run.frames)
    with AnyReader([output]) as reader:
        heard = {name: _Heard(reader, name) for name in ("instances", "parts")}
        for frame in _usable(source):
            record = next(given, None)
            if record is None:
                return
            if record.answered is None:
                continue
            instances = heard["instances"].find(record.stamp)
            if instances is None:  # the disk was full
                return
            parts = None if record.parts is None else heard["parts"].find(record.stamp)
            judge.see(
                frame,
                instances_from_msg(instances),
                None if parts is None else parts_from_msg(parts, *frame.image.shape[:2]),
            )


class _Heard:
    """The messages of a topic in an output bag, asked for in the order in which they came, or nearly so."""

    def __init__(self, reader: AnyReader, name: str) -> None:
        self._name = name
        topic = TOPICS[name].name
        connections = [c for c in reader.connections if c.topic == topic]
        self._messages = reader.messages(connections) if connections else iter(())
        self._waiting: dict[int, Any] = {}

    def find(self, stamp: int) -> Any:
        """The message of a stamp; None where there is none."""
        while stamp not in self._waiting:
            found = next(self._messages, None)
            if found is None:
                return None
            message = decode(self._name, found[2])
            self._waiting[stamp_ns(message.header.stamp)] = message
        return self._waiting.pop(stamp)


def _usable(source: BagSource) -> Iterator[Frame]:
    while True:
        try:
            yield next(source)
        except InputError:
            continue
        except (StopIteration, SourceError):
            return
