"""Runs camera and perception as processes, listens to all they say, and records it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.commands.demo_answers import Answer, AnswerCollector
from uois_sam.commands.demo_diagnostics import DiagnosticsLog
from uois_sam.commands.demo_record import (
    Cloud,
    DemoRecord,
    EvenSample,
    FrameFigures,
    InstanceFigures,
    PartFigures,
    SampledFrame,
)
from uois_sam.commands.demo_source import Scoring, SourceFacts, open_reference
from uois_sam.commands.domain import own_domain
from uois_sam.commands.stack import Stack
from uois_sam.commands.startup import PATIENCE, check_perception, start_perception
from uois_sam.datasets.image_files import natural_key
from uois_sam.datasets.rule_choice import choose_rule
from uois_sam.errors import UoisSamError
from uois_sam.nodes.answer import DecodedAnswer, decode_answer, rgb, structured_points, xyz
from uois_sam.nodes.listener import TOPICS, Listener, decode
from uois_sam.sources.bag_writer import BagWriter
from uois_sam.types import Frame

SAMPLES = 12
"""Most frames that a report shows."""
ENDLESS_FRAMES = 30
"""Answered frames after which a source that never ends is left."""

_FIRST_RATE = 2.0
_HIGHEST_RATE = 30.0
_SHARE = 0.85  # of the rate that the last latencies allow, so that no frame is passed over
_PASSES = 3
_REPORTING = 3  # camera, segmentation, grasp_bridge
_LAST_REPORT = 2.0
_LAST_ANSWERS = 5.0  # seconds for those under way when the camera has ended, and as many of the last latencies
_LATE = 3
_QUIET = 1.0  # seconds after which nothing more can be waiting to be heard


class DemoSession:
    """One run; `record` fills up while it lasts."""

    def __init__(
        self,
        facts: SourceFacts,
        model: str,
        device: str,
        parts: str | None,
        limit: int | None,
        say: Callable[[str], None],
    ) -> None:
        """Prepare a run.

        Args:
            facts: of the source.
            model, device: parameters of the segmentation node.
            parts: METHOD:MODEL of parts that are looked for; None for none.
            limit: answered frames after which to stop; None for all, or `ENDLESS_FRAMES`.
            say: takes each line of progress.
        """
        self.record = DemoRecord(
            facts.spec,
            facts.described,
            model,
            device,
            with_depth=facts.with_depth,
            parts=parts,
            paced=not facts.has_clock,
        )
        self._facts = facts
        self._limit = limit or (ENDLESS_FRAMES if facts.endless else None)
        self._say = say
        wanted = {"image", "instances"}
        if facts.with_depth:
            wanted |= {"depth", "camera_info", "instance_clouds", "scene_cloud"}
        if parts is not None:
            wanted |= {"parts"}
        self._collector = AnswerCollector(frozenset(wanted), self._answered)
        self._diagnostics = DiagnosticsLog()
        self._reference = open_reference(facts)
        self._scoring = Scoring()
        self._samples: EvenSample[SampledFrame] = EvenSample(SAMPLES)
        self._names: set[str] = set()
        self._latencies: deque[float] = deque(maxlen=5)
        self._rate = _FIRST_RATE
        self._first_image = 0
        self._last_message = self._last_answer = 0.0
        self._answers = 0

    def run(self, out: Path) -> DemoRecord:
        """Run until the source has been seen, and write `out/demo.mcap`; logs of the nodes go to `out/log`.

        Raises:
            UoisSamError: a process died, a node failed to start, or no answer came.
        """
        with (
            own_domain() as domain,
            Stack(out / "log") as stack,
            BagWriter(out / "demo.mcap") as bag,
            Listener(domain, TOPICS, self._handler(bag)) as listener,
        ):
            self._say(f"perception: loading {self.record.model} (ROS_DOMAIN_ID={domain})")
            record = self.record
            start_perception(stack, listener, self._diagnostics, record.model, record.device, record.parts)
            self._say(f"camera: {self._facts.described}")
            stack.start("camera", self._camera_parameters())
            self._until_done(stack, listener)
            self._hear_last_report(listener)
        self._collector.flush()
        return self._finished()

    def _camera_parameters(self) -> dict[str, bool | float | str]:
        facts = self._facts
        loop = not (facts.has_clock or facts.endless)
        return {
            "source": facts.spec,
            "rate": 0.0 if facts.has_clock else _FIRST_RATE,
            "loop": loop,
            "exit_at_end": not loop,
            "wait_for_subscribers": 2,  # perception, and us
        }

    def _handler(self, bag: BagWriter) -> Callable[[str, bytes, int], None]:
        def handle(name: str, cdr: bytes, arrival: int) -> None:
            bag.add(TOPICS[name].name, TOPICS[name].type_name, cdr, arrival)
            if name == "diagnostics":
                self._diagnostics.add(decode(name, cdr))
                return
            if name == "image" and not self._first_image:
                self._first_image = arrival
            self._last_message = time.monotonic()
            self._collector.add(name, cdr, arrival)

        return handle

    def _until_done(self, stack: Stack, listener: Listener) -> None:
        self._last_message = self._last_answer = time.monotonic()
        while not self._done(stack):
            listener.spin_once(0.1)
            check_perception(stack, self._diagnostics)
            if not self._facts.has_clock:
                self._pace(listener)
            if time.monotonic() - self._last_answer > PATIENCE:
                raise UoisSamError(f"no frame was answered for {PATIENCE:.0f} s; see {stack.log_dir}")

    def _hear_last_report(self, listener: Listener) -> None:
        """Nodes report once a second; the next report holds the last frame's times."""
        reports, end = self._diagnostics.count, time.monotonic() + _LAST_REPORT
        nodes = _REPORTING if self.record.parts is None else _REPORTING + 1
        while self._diagnostics.count < reports + nodes and time.monotonic() < end:
            listener.spin_once(0.1)

    def _done(self, stack: Stack) -> bool:
        count, sent = self._facts.count, self._collector.sent
        if self._has_enough():
            return True
        if count is not None:  # damaged frames never come, and some may be refused
            refused, _ = self._diagnostics.refused.get("segmentation", (0, ""))
            return max(self._answers, refused) >= _PASSES * count
        if stack.running("camera"):
            return False
        all_answered = len(self.record.frames) + self._collector.unanswered >= sent
        patience = max([_LAST_ANSWERS, *(_LATE * latency / 1e3 for latency in self._latencies)])
        return time.monotonic() - self._last_message > (_QUIET if all_answered else patience)

    def _has_enough(self) -> bool:
        return any(n is not None and len(self._names) >= n for n in (self._limit, self._facts.count))

    def _pace(self, listener: Listener) -> None:
        """Send as fast as the last answers came, without passing frames over."""
        if not self._latencies:
            return
        rate = min(_HIGHEST_RATE, _SHARE * 1e3 / max(self._latencies))
        if not 0.9 < rate / self._rate < 1.1 and listener.set_parameter("camera", "rate", rate):
            self._rate = rate

    def _answered(self, answer: Answer) -> None:
        decoded = decode_answer(answer.messages)
        found = self._reference[1].find(decoded.frame.image) if self._reference else None
        name = found.name if found is not None else f"{len(self.record.frames):06d}"
        masks, clouds = answer.latency_ms("instances"), answer.latency_ms("instance_clouds")
        self._latencies.append(clouds or masks or 0.0)
        self._last_answer = time.monotonic()
        self._answers += 1
        if name in self._names or self._has_enough():
            return
        self._names.add(name)
        figures = FrameFigures(
            name, answer.stamp, masks or 0.0, clouds, instance_figures(decoded), part_figures(decoded)
        )
        self.record.frames.append(figures)
        self.record.seconds = (max(answer.arrived.values()) - self._first_image) / 1e9
        if found is not None and found.label is not None:
            self._scoring.add(name, decoded.instances.label_image, found.label)
        self._samples.offer(sampled_frame(figures, decoded))
        self._say(progress_line(figures))

    def _finished(self) -> DemoRecord:
        record, collector = self.record, self._collector
        if not record.frames:
            reasons = [reason for _, reason in self._diagnostics.refused.values()]
            raise UoisSamError(f"no frame was answered; {reasons[0] if reasons else 'none came'}")
        record.samples = self._samples.kept()
        if self._reference is not None:  # a frame that was passed over came in a later pass
            record.frames.sort(key=lambda frame: natural_key(frame.name))
            record.samples.sort(key=lambda sample: natural_key(sample.figures.name))
        record.sent, record.unanswered = collector.sent, collector.unanswered
        record.unmatched = collector.unmatched
        record.stages = self._diagnostics.stages
        record.refused = dict(self._diagnostics.refused)
        if not record.with_depth:  # the bridge has nothing to make clouds of
            record.refused.pop("grasp_bridge", None)
        if self._reference is not None and self._reference[0][0].label is not None:
            record.rule, _ = choose_rule(self._reference[0])
            record.evaluation = self._scoring.evaluate(record.rule)
        return record


def instance_figures(decoded: DecodedAnswer) -> tuple[InstanceFigures, ...]:
    """Figures of each instance, with those of its cloud where it has one."""
    clouds = {c.label: c for c in decoded.clouds.clouds} if decoded.clouds is not None else {}
    refused = (decoded.clouds.refused_ids, decoded.clouds.refusals) if decoded.clouds is not None else ((), ())
    refusals = dict(zip(*refused, strict=True))
    figures = []
    for instance in decoded.instances:
        own = InstanceFigures(instance.id, instance.label, instance.score, instance.area)
        cloud = clouds.get(instance.label)
        if cloud is None:
            figures.append(replace(own, refusal=refusals.get(instance.id, "")))
            continue
        low, high = cloud.min, cloud.max
        figures.append(
            replace(
                own,
                points=cloud.cloud.width,
                measured=cloud.measured_points,
                distance=cloud.centroid.z,
                size=(high.x - low.x, high.y - low.y, high.z - low.z),
            )
        )
    return tuple(figures)


def part_figures(decoded: DecodedAnswer) -> tuple[PartFigures, ...] | None:
    """Figures of each part; None where none were looked for."""
    if decoded.parts is None:
        return None
    return tuple(PartFigures(p.instance_id, p.name, p.score, p.preference) for p in decoded.parts)


def sampled_frame(figures: FrameFigures, decoded: DecodedAnswer) -> SampledFrame:
    """The frame with all its data as arrays."""
    ids = np.concatenate([[0], decoded.instances.id])
    scene = None if decoded.scene is None else _cloud(decoded.scene, ids[decoded.scene["label"]])
    clouds = []
    for message in decoded.clouds.clouds if decoded.clouds is not None else ():
        points = structured_points(message.cloud)
        clouds.append(_cloud(points, np.full(len(points), message.id)))
    frame = Frame(decoded.frame.image, decoded.frame.depth, decoded.frame.camera, figures.stamp, figures.name)
    return SampledFrame(figures, frame, decoded.instances, scene, tuple(clouds), decoded.parts)


def progress_line(figures: FrameFigures) -> str:
    """One line of the terminal."""
    line = f"frame {figures.name}  {len(figures.instances):3d} instances"
    if figures.parts is not None:
        line += f"  {len(figures.parts):3d} parts"
    if figures.clouds_ms is not None:
        clouds = [i.points for i in figures.instances if i.points]
        line += f"  {len(clouds):3d} clouds of {sum(clouds):6d} points"
    line += f"  masks {figures.masks_ms:5.0f} ms"
    return line + (f"  clouds {figures.clouds_ms:5.0f} ms" if figures.clouds_ms is not None else "")


def _cloud(points: NDArray[np.void], ids: NDArray[np.integer]) -> Cloud:
    return Cloud(xyz(points), rgb(points), ids.astype(np.uint32))
