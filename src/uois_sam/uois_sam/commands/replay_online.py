"""Replays a recording through the running nodes, over the middleware, and measures how they answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from uois_sam.commands.demo_answers import header_stamp
from uois_sam.commands.demo_diagnostics import DiagnosticsLog
from uois_sam.commands.domain import own_domain, present_domain
from uois_sam.commands.stack import Stack
from uois_sam.commands.startup import PATIENCE, check_perception, start_perception
from uois_sam.errors import InputError, SourceError, UoisSamError
from uois_sam.nodes.listener import TOPICS, Listener, decode
from uois_sam.nodes.replayer import FramePublisher
from uois_sam.replay.copied import CopiedMessages
from uois_sam.replay.load import LoadSampler
from uois_sam.replay.online import OnlineLog, Pace
from uois_sam.replay.player import FramePlayer
from uois_sam.replay.run import ReplayRun
from uois_sam.sources.bag import BagMessage
from uois_sam.sources.bag_queue import BagQueue
from uois_sam.sources.bag_writer import BagWriter
from uois_sam.sources.source import FrameSource
from uois_sam.types import Frame

_CAMERA = frozenset({"image", "depth", "camera_info"})
_CLOUDS = frozenset({"instance_clouds", "scene_cloud"})
_STACK = 30.0
_REPORTS = 2.0
_SETTLE = 0.5
_SETTLE_AMONG_OTHERS = 2.0
_PARAMETER = 5.0
_SPIN = 0.05


@dataclass(frozen=True)
class OnlineOptions:
    """How frames go through running nodes.

    Attributes:
        model, device: of the stack that is started.
        pace: of the frames.
        attach: whether to use the stack that runs in the present ROS domain, with the model that it has.
        overlay: whether to listen to the overlays too, which are only drawn for that.
        parts: METHOD:MODEL of parts that the stack that is started looks for too; None for none.
    """

    model: str = "uois-sam-tiny"
    device: str = "auto"
    pace: Pace = "recorded"
    attach: bool = False
    overlay: bool = False
    parts: str | None = None


class OnlineReplay:
    """One replay; `run` once."""

    def __init__(
        self,
        source: FrameSource,
        name: str,
        options: OnlineOptions,
        say: Callable[[str], None],
        progress: Callable[[int], None],
        copied: CopiedMessages | None = None,
    ) -> None:
        """Prepare it.

        Args:
            source: of the frames, which go out with their stamps; with the time where they have none.
            name: of the recording, for the result.
            options: how.
            say: takes a line about what is being waited for.
            progress: takes the number of frames that went out, now and then.
            copied: messages of the recording that the output holds beside its frames.
        """
        self._source = source
        self._name = name
        self._options = options
        self._say = say
        self._progress = progress
        self._copied = copied
        self._diagnostics = DiagnosticsLog()
        self._reports: Counter[str] = Counter()
        self._log = OnlineLog({"instances"})
        self._bag: BagQueue | None = None

    def run(self, out: Path | None, logs: Path) -> ReplayRun:
        """Replay all frames; what was measured until then where the stack dies or the disk is full.

        Args:
            out: .mcap file for what went out and what came back; None for none.
            logs: folder for what the nodes say, where they are started here.

        Raises:
            SourceError: there is no frame that can be used, or `out` cannot be written.
            UoisSamError: the stack does not start, or none is running.
        """
        refused, first = _first(self._source, self._name)
        names = [name for name in TOPICS if name not in _CAMERA and (name != "overlay" or self._options.overlay)]
        ended = ""
        with ExitStack() as open_:
            domain = present_domain() if self._options.attach else open_.enter_context(own_domain())
            stack = None if self._options.attach else open_.enter_context(Stack(logs))
            listener = open_.enter_context(Listener(domain, names, self._hear))
            outlet = self._connect(stack, listener, domain, first)
            model = listener.get_parameter("segmentation", "model", _PARAMETER) or self._options.model
            self._log = OnlineLog(_wanted(listener, first))
            processes = self._processes(listener, stack)
            load = LoadSampler(processes) if processes else None
            if out is not None:
                self._bag = BagQueue(BagWriter(out, live=True))
            recorded = _Recorded(outlet, self._bag, self._copied)
            player = FramePlayer(self._source, first, self._options.pace, self._log, recorded)
            try:
                with self._bag or nullcontext(), load or nullcontext(), player:
                    self._until_done(stack, listener, outlet, player)
                    recorded.end()
            except UoisSamError as error:
                ended = str(error)
        frames, seconds = self._log.records()
        return ReplayRun(
            self._name,
            self._source.describe(),
            "online",
            str(model),
            seconds,
            frames,
            load.samples if load is not None else (),
            [*refused, *player.refused],
            ended or player.ended,
        )

    def _connect(self, stack: Stack | None, listener: Listener, domain: int, first: Frame) -> FramePublisher:
        """Wait for the stack, and become its camera."""
        options = self._options
        if stack is not None:
            self._say(f"perception: loading {options.model} (ROS_DOMAIN_ID={domain})")
            start_perception(stack, listener, self._diagnostics, options.model, options.device, options.parts)
            _await(listener, lambda: listener.others_publish("instance_clouds") > 0, "perception makes no clouds")
        else:
            self._say(f"waiting for the stack in ROS_DOMAIN_ID={domain}")
            _await(
                listener,
                lambda: listener.others_hear("image"),
                f"no node listens to {TOPICS['image'].name} in ROS_DOMAIN_ID={domain}; start the stack there, "
                "without its camera",
            )
        outlet = FramePublisher(listener, first)
        _await(listener, lambda: outlet.heard, f"nothing can be published on {TOPICS['image'].name}")
        # Until the nodes that we see have seen us too, for best effort would lose the first; and for all others.
        _spin(listener, _SETTLE if stack is not None else _SETTLE_AMONG_OTHERS)
        _check_alone(listener)
        if (stacks := listener.others_publish("instances")) > 1:
            raise UoisSamError(f"{stacks} nodes publish {TOPICS['instances'].name}; stop all but one")
        return outlet

    def _processes(self, listener: Listener, stack: Stack | None) -> list[int]:
        if stack is not None:
            return [stack.pid("perception")]
        _spin(listener, _REPORTS, lambda: len(self._diagnostics.processes) > 0)
        return sorted(self._diagnostics.processes)

    def _until_done(
        self, stack: Stack | None, listener: Listener, outlet: FramePublisher, player: FramePlayer
    ) -> None:
        while not (player.finished.is_set() and self._log.quiet(time.perf_counter())):
            listener.spin_once(_SPIN)
            player.check()
            if stack is not None:
                check_perception(stack, self._diagnostics)
            elif not outlet.heard:
                raise UoisSamError(f"nobody listens to {TOPICS['image'].name} any more; the stack has ended")
            else:
                _check_alone(listener)
            self._progress(self._log.sent)
            if self._log.silence(time.perf_counter()) > PATIENCE:
                raise UoisSamError(f"no frame was answered for {PATIENCE:.0f} s")
        before = self._reports.copy()  # nodes report once a second; the next holds the last frame's times
        _spin(listener, _REPORTS, lambda: all(self._reports[node] > count for node, count in before.items()))

    def _hear(self, name: str, cdr: bytes, arrival: int) -> None:
        at = time.perf_counter()
        if self._bag is not None:
            self._bag.add(TOPICS[name].name, TOPICS[name].type_name, cdr, arrival)
        if name == "diagnostics":
            self._diagnose(cdr)
            return
        stamp = header_stamp(cdr)
        if not self._log.heard(name, stamp, at):
            return
        if name == "instances":
            instances = decode(name, cdr).instances
            self._log.found(stamp, [one.id for one in instances], [one.score for one in instances])
        elif name == "parts":
            self._log.found_parts(stamp, len(decode(name, cdr).parts))

    def _diagnose(self, cdr: bytes) -> None:
        message = decode("diagnostics", cdr)
        self._reports.update(status.name for status in message.status)
        for node, stages in self._diagnostics.add(message).items():
            prefix = "" if node == "segmentation" else f"{node}: "
            self._log.timed({prefix + stage: ms / 1e3 for stage, ms in stages.items()})
        self._log.refused({node: count for node, (count, _) in self._diagnostics.refused.items()})


class _Recorded:
    """Publishes frames, and records what goes out, and what the recording has beside it."""

    def __init__(self, outlet: FramePublisher, bag: BagQueue | None, copied: CopiedMessages | None) -> None:
        self._outlet = outlet
        self._bag = bag
        self._copied = copied
        self.messages = outlet.messages

    def publish(self, messages: Mapping[str, bytes]) -> None:
        self._outlet.publish(messages)
        if self._bag is not None:
            now = time.time_ns()
            for name, message in messages.items():
                self._bag.add(TOPICS[name].name, TOPICS[name].type_name, message, now)
            if self._copied is not None:
                self._add(self._bag, self._copied.due(), now)

    def end(self) -> None:
        """Record what comes after the last frame."""
        if self._bag is not None and self._copied is not None:
            self._add(self._bag, self._copied.rest(), time.time_ns())

    @staticmethod
    def _add(bag: BagQueue, messages: Iterator[BagMessage], now: int) -> None:
        for topic, kind, _, cdr in messages:
            bag.add(topic, kind, cdr, now)


def _first(source: FrameSource, name: str) -> tuple[list[str], Frame]:
    """The first frame that can be used, and why those before it cannot."""
    refused: list[str] = []
    while True:
        try:
            return refused, next(source)
        except InputError as error:
            refused.append(str(error))
        except StopIteration:
            reason = f": {refused[0]}" if refused else ""
            raise SourceError(f"{name} has no frame that can be used{reason}") from None


def _wanted(listener: Listener, first: Frame) -> set[str]:
    """The results that make an answer complete: those that somebody publishes."""
    possible = {"parts"} if first.depth is None or first.camera is None else {"parts", *_CLOUDS}
    return {"instances", *(name for name in possible if listener.others_publish(name))}


def _check_alone(listener: Listener) -> None:
    if listener.others_publish("image"):
        raise UoisSamError(f"a camera publishes on {TOPICS['image'].name} already; stop it first")


def _await(listener: Listener, condition: Callable[[], bool], otherwise: str) -> None:
    _spin(listener, _STACK, condition)
    if not condition():
        raise UoisSamError(f"{otherwise} (waited {_STACK:.0f} s)")


def _spin(listener: Listener, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        listener.spin_once(_SPIN)
