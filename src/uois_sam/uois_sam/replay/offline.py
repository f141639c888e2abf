"""Replay of a bag through the pipeline in this process: every frame, one after the other, always the same."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.commands.outputs import make_folder
from uois_sam.errors import InputError, SourceError
from uois_sam.replay.copied import CopiedMessages
from uois_sam.replay.judge import ReplayJudge
from uois_sam.replay.load import LoadSampler
from uois_sam.replay.messages import ResultMessages, interfaces
from uois_sam.replay.options import ReplayOptions
from uois_sam.replay.report import ReplayReport, write_report
from uois_sam.replay.results import cut_clouds, result_messages
from uois_sam.replay.run import FrameRecord, ReplayRun
from uois_sam.replay.truth import Labels, label_rule, label_topics, open_labels
from uois_sam.segmentation.tracking import Tracker
from uois_sam.sources.bag import BagMessage, BagSource
from uois_sam.sources.bag_topics import NamedTopics
from uois_sam.sources.bag_writer import BagWriter
from uois_sam.types import Frame, Instances, Parts

if TYPE_CHECKING:
    from uois_sam.parts.finder import PartFinder
    from uois_sam.segmentation.pipeline import Pipeline

_UNPAIRED = "no depth within half a frame of its stamp"

Say = Callable[[str], None]
Progress = Callable[[int, int], None]


def replay_bag(
    bag: Path,
    out: Path,
    options: ReplayOptions,
    *,
    pipeline: Pipeline | None = None,
    say: Say = lambda line: None,
    progress: Progress = lambda done, total: None,
) -> ReplayRun:
    """Put every frame of a bag through the pipeline; write `out/NAME.mcap`, `report.json` and `report.html`.

    The output bag holds what was read and the results, and is the same, byte for byte, whenever bag, model and
    machine are the same. It can be read while it grows.

    Args:
        bag: a rosbag2 folder, .mcap, .db3, or a ROS 1 .bag.
        out: folder to write to; made where it is missing.
        options: model, topics, truth.
        pipeline: to segment with, in place of the options' model.
        say: takes the lines that tell which topics are read and how labels are understood.
        progress: told after each frame how many are done, and of how many.

    Returns:
        What was measured. Where the bag ended early, `ended` says why, and all files are written.

    Raises:
        SourceError: the bag is missing, damaged before its first frame, or has no images; a topic that was named
            is of no use; the output bag cannot be written.
        InputError: no frame could be used, labels do not fit, or the report cannot be written.
        ModelError: the model cannot be loaded.
    """
    named = NamedTopics(options.color, options.depth, options.info)
    with BagSource(bag, named=named) as source:
        output = output_bag(bag, out)
        topics = source.describe()
        say(topics)
        labels = open_labels(source, options.labels)
        judge = make_judge(source, labels, options, say)
        if pipeline is None:
            from uois_sam.segmentation.load import load_pipeline

            pipeline = load_pipeline(options.model, options.device)
        pipeline.tracker = Tracker(pipeline.tracker.settings)  # ids must not depend on bags before this one
        finder = None
        if options.parts is not None:
            from uois_sam.parts.finder import load_part_finder

            finder = load_part_finder(options.parts, pipeline.segmenter)
        make_folder(out)
        with BagWriter(output, interfaces(), live=True, flush_seconds=math.inf) as writer:
            replay = _Replay(source, writer, pipeline, finder, judge, labels, options.overlay)
            with LoadSampler() as load:
                replay.run(load, progress)
    if not replay.frames:
        output.unlink()
        raise InputError(f"no frame of {bag} can be used: {replay.refused[0] if replay.refused else replay.ended}")
    first, last = replay.frames[0], replay.frames[-1]
    seconds = (last.answered or last.given) - first.given
    run = ReplayRun(
        bag.name,
        topics,
        "offline",
        options.model,
        seconds,
        replay.frames,
        load.samples,
        replay.refused,
        replay.ended,
    )
    report_run(run, output, judge, labels, say)
    return run


def report_run(run: ReplayRun, output: Path, judge: ReplayJudge, labels: Labels | None, say: Say) -> None:
    """Write the report of a run beside its output bag, with what the judge of its answers has to say.

    Raises:
        InputError: a file cannot be written.
    """
    outputs = [(output.name, "the bag with the results, for Foxglove or ros2 bag play")]
    scores, notes = judge.scores(), []
    if labels is not None and scores is None:
        notes.append(f"No scores: of {labels.describe()}, none has the stamp of an answered image.")
        say(notes[0])
    write_report(output.parent, ReplayReport(run, outputs, scores, judge.samples(), judge.worst(), notes))


def bag_name(bag: Path) -> str:
    """What the outputs of a bag are called: its name without a bag's suffix."""
    path = bag.resolve()
    return path.stem if path.suffix in (".mcap", ".db3", ".bag") else path.name


def output_bag(bag: Path, out: Path) -> Path:
    """Where the results of a bag go.

    Raises:
        InputError: the bag itself is there.
    """
    output = out / f"{bag_name(bag)}.mcap"
    if bag.resolve() in (output.resolve(), out.resolve()):
        raise InputError(
            f"the output {output} would lie in the bag that is read, or replace it; give another folder"
        )
    return output


def make_judge(source: BagSource, labels: Labels | None, options: ReplayOptions, say: Say) -> ReplayJudge:
    """Who judges the answers by these labels; how they are understood is said in a line.

    Raises:
        InputError: a label image is damaged, or the options for labels are out of range.
        SourceError: the bag is damaged.
    """
    if labels is None:
        return ReplayJudge()
    rule, origin = label_rule(source, labels, options)
    ignored = "none ignored" if rule.ignore is None else f"label {rule.ignore} ignored"
    say(f"truth: {labels.describe()}; objects from {rule.first_object} on, {ignored} ({origin})")
    return ReplayJudge(labels, rule)


class _Replay:
    """One way through a bag.

    Attributes:
        frames, refused, ended: as in `ReplayRun`; times leave out what scores and pictures take.
    """

    def __init__(
        self,
        source: BagSource,
        writer: BagWriter,
        pipeline: Pipeline,
        finder: PartFinder | None,
        judge: ReplayJudge,
        labels: Labels | None,
        overlay: bool,
    ) -> None:
        self.frames: list[FrameRecord] = []
        self.refused: list[str] = []
        self.ended = ""
        self._source = source
        self._writer = writer
        self._pipeline = pipeline
        self._finder = finder
        self._judge = judge
        self._overlay = overlay
        self._copied = CopiedMessages(source.raw_messages(label_topics(labels)), lambda: source.recorded)
        self._aside = 0.0

    def run(self, load: LoadSampler, progress: Progress) -> None:
        """Replay to the end."""
        total = self._source.choice.colour.count
        while True:
            try:
                frame = next(self._source)
                given = load.elapsed() - self._aside
                embedded = self._pipeline.encode(frame.image, frame.depth, frame.camera)
                instances = self._pipeline.track(embedded, frame.stamp)
            except StopIteration:
                break
            except InputError as error:
                self.refused.append(str(error))
                continue
            except SourceError as error:  # what was read before it is kept
                self.ended = str(error)
                break
            answered = load.elapsed() - self._aside
            stages = {name: ms / 1e3 for name, ms in self._pipeline.stage_ms.items()}
            parts = None
            if self._finder is not None:
                parts = self._finder(embedded, instances)
                stages["parts"] = load.elapsed() - self._aside - answered
            self._write(frame, instances, parts, stages)
            self.frames.append(
                FrameRecord(
                    frame.stamp or 0,
                    given,
                    answered,
                    stages,
                    instances.id.tolist(),
                    instances.score.tolist(),
                    None if parts is None else len(parts),
                )
            )
            before = load.elapsed()
            self._judge.see(frame, instances, parts)
            self._aside += load.elapsed() - before
            progress(len(self.frames) + len(self.refused), total)
        self.refused += self._source.unpaired * [_UNPAIRED]
        self._copy(self._copied.rest())
        self._writer.flush()

    def _write(self, frame: Frame, instances: Instances, parts: Parts | None, stages: dict[str, float]) -> None:
        """What was read up to the frame, and its results; adds the stages that there are beside the pipeline's."""
        writer, recorded = self._writer, self._source.recorded
        start = time.perf_counter()
        clouds = cut_clouds(frame, instances, parts)
        if clouds is not None:
            stages["clouds"] = time.perf_counter() - start
            start = time.perf_counter()
        messages = ResultMessages(writer.kind, frame.stamp or 0, self._source.choice.colour.frame_id)
        results = result_messages(messages, frame, instances, parts, clouds, overlay=self._overlay)
        self._copy(self._copied.due())
        for topic, message in results.items():
            writer.add_message(topic, message, recorded)
        writer.flush()
        stages["write"] = time.perf_counter() - start

    def _copy(self, messages: Iterator[BagMessage]) -> None:
        for topic, kind, recorded, cdr in messages:
            self._writer.add(topic, kind, cdr, recorded)
