"""Replays a bag through running nodes, and reports as the offline way does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rosbags.highlevel import AnyReader

from uois_sam.commands.outputs import make_folder
from uois_sam.commands.replay_online import OnlineOptions, OnlineReplay
from uois_sam.errors import InputError, SourceError
from uois_sam.nodes.convert import instances_from_msg
from uois_sam.nodes.listener import TOPICS, decode
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.replay.judge import ReplayJudge
from uois_sam.replay.offline import make_judge, output_bag, report_run
from uois_sam.replay.options import ReplayOptions
from uois_sam.replay.run import ReplayRun
from uois_sam.replay.truth import open_labels
from uois_sam.sources.bag import BagSource
from uois_sam.sources.bag_topics import NamedTopics
from uois_sam.types import Frame, Instances


def replay_bag_online(
    bag: Path,
    out: Path,
    options: ReplayOptions,
    online: OnlineOptions,
    say: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> ReplayRun:
    """Publish every frame of a bag to the nodes; write `out/NAME.mcap`, `report.json` and `report.html`.

    The output bag holds what was published and what the nodes answered, with the times at which it came. Where
    the nodes are started here, `out/log` holds what they said. Pictures and scores are made afterwards.

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
        replay = OnlineReplay(source, bag.name, online, say, lambda done: progress(done, total))
        run = replay.run(output, out / "log")
    with BagSource(bag, named=named) as source:
        _judge(judge, source, output, run)
    report_run(run, output, judge, labels, say)
    return run


def _judge(judge: ReplayJudge, source: BagSource, output: Path, run: ReplayRun) -> None:
    """Let every answered frame be judged: the bag's frames again, beside the answers in the output."""
    given = iter(run.frames)
    waiting: dict[int, Instances] = {}
    answers = _answers(output)
    for frame in _usable(source):
        record = next(given, None)
        if record is None:
            return
        if record.answered is None:
            continue
        while record.stamp not in waiting:
            answer = next(answers, None)
            if answer is None:  # the disk was full
                return
            waiting[answer[0]] = answer[1]
        judge.see(frame, waiting.pop(record.stamp))


def _answers(output: Path) -> Iterator[tuple[int, Instances]]:
    """Stamp and instances of each answer in an output bag, in the order in which they came."""
    with AnyReader([output]) as reader:
        topic = TOPICS["instances"].name
        for _, _, cdr in reader.messages([c for c in reader.connections if c.topic == topic]):
            message = decode("instances", cdr)
            yield stamp_ns(message.header.stamp), instances_from_msg(message)


def _usable(source: BagSource) -> Iterator[Frame]:
    while True:
        try:
            yield next(source)
        except InputError:
            continue
        except (StopIteration, SourceError):
            return
