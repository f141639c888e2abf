"""The part segmentation node: instances in, their parts out, and which of them a gripper may hold."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import Image
from uois_sam_msgs.msg import InstanceArray, PartArray
from uois_sam_msgs.srv import SetParts

from uois_sam.errors import InputError, UoisSamError
from uois_sam.nodes.convert import instances_from_msg, label_image_to_msg
from uois_sam.nodes.diagnostics import publisher_events
from uois_sam.nodes.executable import run
from uois_sam.nodes.frames import INPUT_ROWS, RawFrame, StampedFrame
from uois_sam.nodes.instance_input import InstanceInput
from uois_sam.nodes.lifecycle import ManagedNode
from uois_sam.nodes.parameters import Row, Value
from uois_sam.nodes.part_messages import parts_to_msg
from uois_sam.nodes.session import SegmentedFrame
from uois_sam.nodes.topics import RESULT_QOS
from uois_sam.nodes.worker import FrameWorker
from uois_sam.parts.load import BUNDLED_PROMPTER, METHODS
from uois_sam.parts.preference import with_preferences
from uois_sam.types import Instances, Parts

if TYPE_CHECKING:
    from uois_sam.nodes.segmentation import SegmentationNode
    from uois_sam.parts.protocol import PartSegmenter
    from uois_sam.sam.protocol import PromptableSegmenter

_OWN = "perception's process has that of segmentation"
PREFERENCE = "grasp_preference"
"""Parameters of this prefix tell how gladly a part of a name may be held."""

ROWS = (
    Row(
        "model", "uois-sam-tiny", "segmenter that embeds frames and draws masks; not used in perception's process"
    ),
    Row("device", "auto", "where the model runs: auto, cpu, cuda or cuda:N; not used in perception's process"),
    Row("use_depth", True, "let the segmenter see depth; not used in perception's process"),
    Row("method", "wps_sam", "how parts are found", choices=METHODS, live=True),
    Row("guided_sam_model", "", "file that uois-sam train guided-sam wrote", live=True),
    Row(
        "wps_sam_model",
        BUNDLED_PROMPTER,
        "folder that uois-sam train wps-sam wrote, or the bundled one's name",
        live=True,
    ),
    Row("part_clipseg_model", "", "folder that uois-sam train part-clipseg wrote", live=True),
    Row("score_threshold", 0.3, "parts of lower score are left out", 0.0, 1.0, live=True),
    *INPUT_ROWS,
)

Pair = tuple["RawFrame | StampedFrame", "InstanceArray | Instances"]
Listener = Callable[[SegmentedFrame, "Parts | None"], None]


def load_parts(method: str, model: str, segmenter: PromptableSegmenter) -> PartSegmenter:
    """`uois_sam.parts.load.load_part_segmenter`, imported when first wanted: PyTorch takes seconds to import."""
    from uois_sam.parts.load import load_part_segmenter

    return load_part_segmenter(method, model, segmenter)


def load_own(model: str, device: str) -> PromptableSegmenter:
    """The segmenter of a node that runs in a process of its own."""
    from uois_sam.segmentation.load import choose_device, load_segmenter

    return load_segmenter(model, choose_device(device)).segmenter


class PartSegmentationNode(ManagedNode):
    """Publishes `~/parts` and `~/label_image`; serves `~/set_parts`.

    Attributes:
        listeners: called in this process with each frame and its parts, None where they could not be found.
    """

    def __init__(
        self,
        host: SegmentationNode | None = None,
        *,
        load: Callable[[str, str, PromptableSegmenter], PartSegmenter] = load_parts,
        load_segmenter: Callable[[str, str], PromptableSegmenter] = load_own,
        **kwargs: Any,
    ) -> None:
        """Make the node.

        Args:
            host: segmentation of this process, whose thread and embeddings are used; frames then come through
                `accept` alone.
            load: makes a part segmenter of its method, its model and the promptable segmenter.
            load_segmenter: makes the promptable segmenter of a model's name and a device, where there is no host.
        """
        self._host = host
        self._load, self._load_segmenter = load, load_segmenter
        self._worker: FrameWorker[Pair] | None = None
        self._input: InstanceInput | None = None
        self._segmenter: PromptableSegmenter | None = None
        self._parts: PartSegmenter | None = None
        self._chosen: tuple[str, str] = ("", "")
        self._loaded: tuple[tuple[str, str], PartSegmenter] | None = None
        self._outputs: dict[str, Any] = {}
        self._server: Any = None
        self.listeners: list[Listener] = []
        super().__init__("part_segmentation", ROWS, **kwargs)

    def may_start(self) -> bool:
        return self._host is None or self._host.worker is not None

    def setup(self) -> None:
        start = time.perf_counter()
        if self._host is None:
            self._worker = FrameWorker("parts", self._answer, self.refuse, lambda: self.health.count("dropped"))
            self._worker.start()
            name, device = self.parameters["model"], self.parameters["device"]
            self._segmenter = self._submit(partial(self._load_segmenter, name, device)).result()
        else:
            self._segmenter = self._host.segmenter
        self._chosen = self._wanted(self._values())
        self._parts = self._submit(partial(self._load, *self._chosen, self._segmenter)).result()
        self._declare_preferences()
        took = time.perf_counter() - start
        self.get_logger().info(f"{self._chosen[0]} loaded in {took:.1f} s: {', '.join(self._parts.names)}")
        self._outputs = {
            name: self.create_lifecycle_publisher(
                kind, f"~/{name}", RESULT_QOS, event_callbacks=publisher_events(self, self.health, f"~/{name}")
            )
            for name, kind in {"parts": PartArray, "label_image": Image}.items()
        }
        self._server = self.create_service(
            SetParts, "~/set_parts", self._on_set_parts, callback_group=ReentrantCallbackGroup()
        )

    def teardown(self) -> None:
        if self._worker is not None:
            self._worker.stop()
        if self._server is not None:
            self.destroy_service(self._server)
        for output in self._outputs.values():
            self.destroy_lifecycle_publisher(output)
        self._worker, self._segmenter, self._parts, self._server, self._outputs = None, None, None, None, {}
        self._loaded = None

    def start(self) -> None:
        if self._host is None:
            self._input = InstanceInput(
                self, self.health, self._offer, self.parameters, self.parameters["use_depth"]
            )

    def stop(self) -> None:
        if self._input is not None:
            self._input.close()
            self._input = None

    def parameters_refused(self, values: Mapping[str, Value]) -> str | None:
        """A method is taken if its model loads; the one in force goes on otherwise."""
        wanted = self._wanted(values)
        if self._parts is None or self._segmenter is None or wanted == self._chosen:
            return None
        try:
            self._loaded = wanted, self._submit(partial(self._load, *wanted, self._segmenter)).result()
        except UoisSamError as error:
            return str(error)
        return None

    def parameters_changed(self) -> None:
        if self._loaded is not None and self._loaded[0] == self._wanted(self._values()):
            (self._chosen, self._parts), self._loaded = self._loaded, None
            self.get_logger().info(f"{self._chosen[0]} now: {', '.join(self._parts.names)}")
            self._declare_preferences()

    def accept(self, segmented: SegmentedFrame) -> None:
        """Answer a frame of the host, on its worker's thread, and hand it on."""
        parts = None
        if self.state == "active":
            self.health.count("received")
            try:
                parts = self._find(segmented, {})
            except Exception as error:
                self.refuse(error)
        for listener in self.listeners:
            listener(segmented, parts)

    def _offer(self, pair: Pair) -> None:
        if self._worker is not None:
            self._worker.offer(pair)

    def _answer(self, pair: Pair) -> None:
        from uois_sam.segmentation.pipeline import EmbeddedFrame

        start = time.perf_counter()
        item, answer = pair
        frame = item.decode(self.parameters["depth_unit"]) if isinstance(item, RawFrame) else item
        instances = instances_from_msg(answer) if isinstance(answer, InstanceArray) else answer
        segmenter = self._segmenter
        if segmenter is None:
            return
        converted = time.perf_counter()
        depth = frame.frame.depth if self.parameters["use_depth"] else None
        embedding = segmenter.encode(frame.frame.image, depth, frame.frame.camera)
        embedded = EmbeddedFrame(frame.frame.image, embedding)
        times = {"convert": 1e3 * (converted - start), "encode": 1e3 * (time.perf_counter() - converted)}
        self._find(SegmentedFrame(frame, embedded, instances), times)

    def _find(self, segmented: SegmentedFrame, times: dict[str, float]) -> Parts | None:
        """Find and publish the parts of a frame."""
        finder = self._parts
        if finder is None:
            return None
        start = time.perf_counter()
        found = finder.segment(segmented.embedded, segmented.instances)
        parts = with_preferences(found, self._preference, self.parameters["score_threshold"])
        searched = time.perf_counter()
        header, outputs = segmented.frame.header, self._outputs
        outputs["parts"].publish(parts_to_msg(parts, header))
        if outputs["label_image"].get_subscription_count() > 0:
            outputs["label_image"].publish(label_image_to_msg(parts.label_image(), header))
        self.health.count("answered")
        published = time.perf_counter()
        self.health.time_stages(
            {**times, "parts": 1e3 * (searched - start), "publish": 1e3 * (published - searched)}
        )
        return parts

    async def _on_set_parts(self, request: SetParts.Request, response: SetParts.Response) -> SetParts.Response:
        worker = self._worker if self._host is None else self._host.worker
        try:
            names = await self.on_worker(worker, partial(self._set_parts, list(request.parts)))
        except UoisSamError as error:
            response.message = str(error)
            return response
        self._declare_preferences()
        response.success = True
        response.message = ", ".join(names)
        return response

    def _set_parts(self, names: Sequence[str]) -> tuple[str, ...]:
        if self._parts is None:
            raise InputError(f"{self.get_name()} is {self.state}; configure it first")
        self._parts.set_parts(names)
        return self._parts.names

    def _submit(self, request: Callable[[], Any]) -> Future[Any]:
        """Run a function where the model runs."""
        worker = self._worker if self._host is None else self._host.worker
        if worker is None:
            raise InputError("segmentation of this process is not configured; configure it first")
        return worker.submit(request)

    def _values(self) -> dict[str, Value]:
        return {row.name: self.parameters[row.name] for row in ROWS}

    @staticmethod
    def _wanted(values: Mapping[str, Value]) -> tuple[str, str]:
        """Method and model that parameters ask for."""
        method = str(values["method"])
        return method, str(values[f"{method}_model"])

    def _declare_preferences(self) -> None:
        """One parameter for each part that is looked for."""
        names = self._parts.names if self._parts is not None else ()
        described = "how gladly a gripper may hold a {}: 0 not at all"
        rows = [
            Row(preference_parameter(name), 1.0, described.format(name), 0.0, 1.0, live=True) for name in names
        ]
        self.parameters.add(rows)

    def _preference(self, name: str) -> float:
        return float(self.parameters[preference_parameter(name)])


def preference_parameter(name: str) -> str:
    """The parameter of a part's name: "Handle of the mug" has `grasp_preference.handle_of_the_mug`."""
    return f"{PREFERENCE}.{re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')}"


def main(arguments: list[str] | None = None) -> None:
    """The `part_segmentation` executable."""
    sys.exit(run(lambda _: [PartSegmentationNode()], arguments))
