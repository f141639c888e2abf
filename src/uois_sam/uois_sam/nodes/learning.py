"""Learning from a person's corrections beside the frames: services that keep what was learned, and its reports."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from rclpy.callback_groups import ReentrantCallbackGroup
from std_msgs.msg import String
from std_srvs.srv import Trigger
from uois_sam_msgs.srv import NamedDecoder

from uois_sam.errors import UoisSamError
from uois_sam.nodes.background import BackgroundJobs
from uois_sam.nodes.lifecycle import ManagedNode
from uois_sam.nodes.topics import RESULT_QOS

if TYPE_CHECKING:
    from torch import nn

    from uois_sam.adaptation.correction import Correction
    from uois_sam.adaptation.learner import CorrectionLearner

_WAITING = 8
"""Corrections that wait to be learned from; each keeps its frame's embedding."""


class DecoderLearning:
    """Serves `~/adaptation/save`, `load` and `reset`, and publishes `~/adaptation/report`.

    Args:
        node: that serves.
        learner: used on a thread of its own from now on.
        adopt: called with each new decoder, on that thread.
    """

    def __init__(self, node: ManagedNode, learner: CorrectionLearner, adopt: Callable[[nn.Module], None]) -> None:
        self._node = node
        self._learner = learner
        self._adopt = adopt
        self._jobs = BackgroundJobs("adaptation", _WAITING)
        self._report = node.create_publisher(String, "~/adaptation/report", RESULT_QOS)
        group = ReentrantCallbackGroup()
        self._servers = [
            node.create_service(NamedDecoder, "~/adaptation/save", self._on_save, callback_group=group),
            node.create_service(NamedDecoder, "~/adaptation/load", self._on_load, callback_group=group),
            node.create_service(Trigger, "~/adaptation/reset", self._on_reset, callback_group=group),
        ]

    def offer(self, correction: Correction) -> None:
        """Learn from a correction when its turn comes; the report tells what became of it."""
        pending = self._jobs.submit(lambda: self._learn(correction))
        if pending.cancelled():
            self._say("not learned from the correction: too many wait already")
        else:
            pending.add_done_callback(self._tell)

    def close(self) -> None:
        """Stop learning and serving."""
        self._jobs.stop()
        for server in self._servers:
            self._node.destroy_service(server)
        self._node.destroy_publisher(self._report)

    def _learn(self, correction: Correction) -> str:
        report = self._learner.learn(correction)
        if report.kept:
            self._adopt(self._learner.decoder())
        return str(report)

    def _tell(self, done: Future[str]) -> None:
        if not done.cancelled():
            error = done.exception()
            self._say(done.result() if error is None else f"not learned from the correction: {error}")

    def _say(self, line: str) -> None:
        self._node.get_logger().info(line)
        self._report.publish(String(data=line))

    async def _on_save(
        self, request: NamedDecoder.Request, response: NamedDecoder.Response
    ) -> NamedDecoder.Response:
        def save() -> str:
            return f"saved as {self._learner.save(request.name)}"

        return await self._answer(save, response)

    async def _on_load(
        self, request: NamedDecoder.Request, response: NamedDecoder.Response
    ) -> NamedDecoder.Response:
        def load() -> str:
            self._learner.load(request.name)
            self._adopt(self._learner.decoder())
            return f"{request.name} is in force"

        return await self._answer(load, response)

    async def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        def reset() -> str:
            self._learner.reset()
            self._adopt(self._learner.decoder())
            return "the decoder is as it was trained"

        return await self._answer(reset, response)

    async def _answer(self, job: Callable[[], str], response: Any) -> Any:
        try:
            response.message = await self._node.on_worker(self._jobs, job)
        except UoisSamError as error:
            response.message = str(error)
            return response
        response.success = True
        return response
