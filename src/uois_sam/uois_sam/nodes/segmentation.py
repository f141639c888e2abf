"""The segmentation node: images in, instance masks out, and a person's corrections of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geometry_msgs.msg import PointStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool
from uois_sam_msgs.msg import InstanceArray
from uois_sam_msgs.srv import CorrectInstance, SegmentImage

from uois_sam.adaptation.settings import CONFIGURATIONS
from uois_sam.errors import InputError, UoisSamError
from uois_sam.nodes.clicks import ClickInput
from uois_sam.nodes.convert import (
    image_to_msg,
    instance_to_msg,
    instances_to_msg,
    label_image_to_msg,
    mask_to_msg,
)
from uois_sam.nodes.detections import Detection2DArray, detections_to_msg
from uois_sam.nodes.diagnostics import publisher_events
from uois_sam.nodes.executable import run
from uois_sam.nodes.frames import INPUT_ROWS, FrameInput, RawFrame, StampedFrame
from uois_sam.nodes.learning import DecoderLearning
from uois_sam.nodes.lifecycle import ManagedNode
from uois_sam.nodes.parameters import Row, settings_rows
from uois_sam.nodes.session import Corrected, SegmentationSession, SegmentedFrame
from uois_sam.nodes.stamps import stamp_ns
from uois_sam.nodes.topics import RESULT_QOS
from uois_sam.nodes.worker import FrameWorker
from uois_sam.paths import data_dir
from uois_sam.segmentation.settings import SETTING_RANGES, SegmentationSettings
from uois_sam.segmentation.tracking_settings import TRACKING_RANGES, TrackingSettings

if TYPE_CHECKING:
    from torch import nn

    from uois_sam.adaptation.learner import CorrectionLearner
    from uois_sam.sam.protocol import PromptableSegmenter
    from uois_sam.segmentation.pipeline import Pipeline

TAUGHT = (*CONFIGURATIONS, "E,CM")
"""What corrections may teach: the paper's configurations, and what is of use where no click follows at once."""

ROWS = (
    Row("model", "uois-sam-tiny", "name of a bundled or known model, or the folder of one"),
    Row("device", "auto", "where the model runs: auto, cpu, cuda or cuda:N"),
    Row("use_depth", True, "let the model see depth where somebody publishes it"),
    Row("adaptation", TAUGHT[-1], "what corrections teach (R or C, U or E, CM), or none", choices=TAUGHT),
    Row("decoders", "", "folder of the decoders that ~/adaptation/save keeps; empty for one of the user's"),
    Row("keep_frames", 5, "newest frames that ~/correct can still change", 1, 100),
    *INPUT_ROWS,
    *settings_rows(TrackingSettings, TRACKING_RANGES),
    *settings_rows(SegmentationSettings, SETTING_RANGES),
)

Listener = Callable[[SegmentedFrame], None]


def load_model(model: str, device: str) -> Pipeline:
    """`uois_sam.segmentation.load.load_pipeline`, imported when first wanted: PyTorch takes seconds to import."""
    from uois_sam.segmentation.load import load_pipeline

    return load_pipeline(model, device)


class SegmentationNode(ManagedNode):
    """Publishes `~/instances`, `~/label_image`, `~/overlay`, and `~/detections` where vision_msgs imports.

    Serves `~/segment`, `~/correct` and `~/enable`; listens to where a person points, see `ClickInput`, and
    learns from what that person corrects, see `DecoderLearning`.

    Attributes:
        listeners: called in this process with each segmented frame, on the worker's thread.
    """

    def __init__(
        self,
        *,
        subscribe: bool = True,
        load: Callable[[str, str], Pipeline] = load_model,
        **kwargs: Any,
    ) -> None:
        """Make the node.

        Args:
            subscribe: False if frames come through `accept` alone.
            load: makes the pipeline of a model's name and a device.
        """
        self._subscribe = subscribe
        self._load = load
        self._enabled = True
        self._session: SegmentationSession | None = None
        self._worker: FrameWorker[RawFrame | StampedFrame] | None = None
        self._input: FrameInput | None = None
        self._clicks: ClickInput | None = None
        self._learning: DecoderLearning | None = None
        self._outputs: dict[str, Any] = {}
        self._servers: list[Any] = []
        self.listeners: list[Listener] = []
        super().__init__("segmentation", ROWS, [SegmentationSettings, TrackingSettings], **kwargs)

    def setup(self) -> None:
        start = time.perf_counter()
        worker: FrameWorker[RawFrame | StampedFrame] = FrameWorker(
            "segmentation", self._segment, self.refuse, lambda: self.health.count("dropped")
        )
        self._worker = worker
        worker.start()
        # The model is loaded where it runs: OpenMP makes a team of threads for each thread that PyTorch is called
        # from, and with more of them than cores they go to sleep between any two operations.
        pipeline = worker.submit(partial(self._load, self.parameters["model"], self.parameters["device"])).result()
        self.parameters.adopt(pipeline.settings)
        self._apply_settings(pipeline)
        session = SegmentationSession(pipeline, self.parameters["keep_frames"], self.parameters["use_depth"])
        self._session = session
        took = time.perf_counter() - start
        self.get_logger().info(f"model {self.parameters['model']} loaded in {took:.1f} s")
        kinds = {"instances": InstanceArray, "label_image": Image, "overlay": Image}
        if Detection2DArray is not None:
            kinds["detections"] = Detection2DArray
        self._outputs = {
            name: self.create_lifecycle_publisher(
                kind, f"~/{name}", RESULT_QOS, event_callbacks=publisher_events(self, self.health, f"~/{name}")
            )
            for name, kind in kinds.items()
        }
        group = ReentrantCallbackGroup()  # a service that awaits the worker must not hold up the others
        if self.parameters["adaptation"] != CONFIGURATIONS[0]:
            learner = worker.submit(partial(self._make_learner, pipeline)).result()
            self._learning = DecoderLearning(self, learner, partial(self._adopt, pipeline))
        self._servers = [
            self.create_service(
                SegmentImage, "~/segment", partial(self._on_segment, session), callback_group=group
            ),
            self.create_service(
                CorrectInstance, "~/correct", partial(self._on_correct, session), callback_group=group
            ),
            self.create_service(SetBool, "~/enable", self._on_enable),
        ]

    def _make_learner(self, pipeline: Pipeline) -> CorrectionLearner:
        from uois_sam.adaptation.learner import CorrectionLearner
        from uois_sam.adaptation.settings import AdaptationSettings

        settings = AdaptationSettings.from_label(self.parameters["adaptation"], pipeline.learning_rate)
        folder = Path(self.parameters["decoders"] or data_dir() / "decoders").expanduser()
        return CorrectionLearner(pipeline.segmenter, settings, folder)

    def _adopt(self, pipeline: Pipeline, decoder: nn.Module) -> None:
        """Decode with another decoder from the next frame on."""
        from uois_sam.adaptation.decoders import with_decoder

        def exchange() -> None:
            pipeline.segmenter = with_decoder(pipeline.segmenter, decoder)

        if self._worker is not None:
            self._worker.submit(exchange)

    def teardown(self) -> None:
        if self._learning is not None:
            self._learning.close()
            self._learning = None
        if self._worker is not None:
            self._worker.stop()
        for server in self._servers:
            self.destroy_service(server)
        for output in self._outputs.values():
            self.destroy_lifecycle_publisher(output)
        self._worker, self._session, self._outputs, self._servers = None, None, {}, []

    def start(self) -> None:
        if self._clicks is None:
            self._clicks = ClickInput(self, self._on_point, self._on_pixel)
        if self._subscribe and self._enabled and self._input is None:
            self._input = FrameInput(
                self,
                self.health,
                self._offer,
                depth=self.parameters["use_depth"] or bool(self.listeners),
                transport=self.parameters["image_transport"],
                slop=self.parameters["sync_slop"],
            )

    def stop(self) -> None:
        if self._input is not None:
            self._input.close()
            self._input = None
        if self._clicks is not None:
            self._clicks.close()
            self._clicks = None

    def parameters_changed(self) -> None:
        if self._session is not None:
            self._apply_settings(self._session.pipeline)

    def _apply_settings(self, pipeline: Pipeline) -> None:
        pipeline.settings = self.parameters.settings(SegmentationSettings)
        pipeline.tracker.settings = self.parameters.settings(TrackingSettings)

    def accept(self, frame: StampedFrame) -> None:
        """Take a frame from a camera in this process, in place of a subscription."""
        if self.state == "active" and self._enabled:
            self.health.count("received")
            self._offer(frame)

    @property
    def worker(self) -> FrameWorker[Any] | None:
        """The thread that owns the model; None before `configure`."""
        return self._worker

    @property
    def segmenter(self) -> PromptableSegmenter:
        """The promptable segmenter that embeds the frames.

        Raises:
            InputError: the node is not configured.
        """
        if self._session is None:
            raise InputError(f"{self.get_name()} is {self.state}; configure it first")
        return self._session.pipeline.segmenter

    def wait_idle(self, timeout: float) -> bool:
        """Whether all frames that were taken are answered within `timeout` seconds."""
        return self._worker is None or self._worker.wait_idle(timeout)

    def _offer(self, frame: RawFrame | StampedFrame) -> None:
        if self._worker is not None:
            self._worker.offer(frame)

    def _segment(self, item: RawFrame | StampedFrame) -> None:
        session = self._session
        if session is None:
            return
        start = time.perf_counter()
        frame = item.decode(self.parameters["depth_unit"]) if isinstance(item, RawFrame) else item
        converted = time.perf_counter()
        answered = session.segment(frame)
        segmented = time.perf_counter()
        self._publish(answered)
        published = time.perf_counter()
        self.health.count("answered")
        times = {"convert": 1e3 * (converted - start), "publish": 1e3 * (published - segmented)}
        self.health.time_stages(session.pipeline.stage_ms | times)

    def _publish(self, answered: SegmentedFrame) -> None:
        header, instances = answered.frame.header, answered.instances
        made: dict[str, Callable[[], Any]] = {
            "label_image": lambda: label_image_to_msg(instances.label_image, header),
            "overlay": lambda: image_to_msg(instances.overlay(answered.frame.frame.image), header),
            "detections": lambda: detections_to_msg(instances, header),
        }
        outputs = self._outputs
        outputs["instances"].publish(instances_to_msg(instances, header))
        for name, make in made.items():
            if name in outputs and outputs[name].get_subscription_count() > 0:
                outputs[name].publish(make())
        for listener in self.listeners:
            listener(answered)

    async def _on_segment(
        self, session: SegmentationSession, request: SegmentImage.Request, response: SegmentImage.Response
    ) -> SegmentImage.Response:
        raw = RawFrame(
            request.image,
            request.depth if request.depth.data else None,
            request.camera_info if request.camera_info.width else None,
        )
        unit = self.parameters["depth_unit"]
        try:
            instances = await self.on_worker(self._worker, lambda: session.segment_only(raw.decode(unit).frame))
        except UoisSamError as error:
            response.message = str(error)
            return response
        response.success = True
        response.message = f"{len(instances)} instances"
        response.instances = instances_to_msg(instances, request.image.header)
        return response

    async def _on_correct(
        self, session: SegmentationSession, request: CorrectInstance.Request, response: CorrectInstance.Response
    ) -> CorrectInstance.Response:
        def correct() -> Corrected:
            from uois_sam.adaptation.correction import as_clicks

            clicks = as_clicks(request.xs, request.ys, list(request.labels))
            return session.correct(stamp_ns(request.stamp), request.instance_id or None, clicks)

        try:
            corrected = await self.on_worker(self._worker, lambda: self._correct(correct))
        except UoisSamError as error:
            response.message = str(error)
            return response
        frame = corrected.frame
        response.success = True
        response.instance = instance_to_msg(frame.instances[corrected.label - 1])
        response.message = f"instance {response.instance.id} has {response.instance.area} px now"
        response.mask = mask_to_msg(frame.instances.mask(corrected.label), frame.frame.header)
        return response

    def _correct(self, correct: Callable[[], Corrected]) -> Corrected:
        """Correct, publish, and learn from it."""
        corrected = correct()
        self._publish(corrected.frame)
        if self._learning is not None:
            self._learning.offer(corrected.correction)
        return corrected

    def _on_point(self, message: PointStamped) -> None:
        """A person pointed at a cloud."""
        session, clicks = self._session, self._clicks
        if session is None or clicks is None:
            return

        def pixel() -> tuple[float, float]:
            held = session.newest.frame
            return clicks.pixel(message, held.frame.camera, held.header.frame_id)

        self._point_at(session, pixel)

    def _on_pixel(self, x: float, y: float) -> None:
        """A person pointed at the overlay."""
        if self._session is not None:
            self._point_at(self._session, lambda: (x, y))

    def _point_at(self, session: SegmentationSession, pixel: Callable[[], tuple[float, float]]) -> None:
        def act() -> None:
            try:
                corrected = self._correct(lambda: session.point_at(*pixel()))
            except UoisSamError as error:
                self.get_logger().warning(f"click refused: {error}")
                return
            instance = corrected.frame.instances[corrected.label - 1]
            self.get_logger().info(f"click: instance {instance.id} has {instance.area} px now")

        if self._worker is not None:
            self._worker.submit(act)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        if self.state == "active":
            (self.start if request.data else self.stop)()
        response.success = True
        response.message = "frames are segmented" if request.data else "frames are ignored until enabled again"
        return response


def main(arguments: list[str] | None = None) -> None:
    """The `segmentation` executable."""
    sys.exit(run(lambda _: [SegmentationNode()], arguments))
