"""What a demo has seen: figures of every answered frame, and a few frames whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from uois_sam.datasets.label_rule import LabelRule
    from uois_sam.evaluation.results import Evaluation
    from uois_sam.types import Frame, Instances, Parts

T = TypeVar("T")


@dataclass(frozen=True)
class InstanceFigures:
    """One instance and its cloud; metres, optical frame. Without a cloud, `refusal` says why.

    Attributes:
        points: of the clean cloud; measured: pixels of the mask with depth.
        distance: z of the centroid; size: edges of the axis-aligned bounding box.
    """

    id: int
    label: int
    score: float
    area: int
    points: int = 0
    measured: int = 0
    distance: float | None = None
    size: tuple[float, float, float] | None = None
    refusal: str = ""


@dataclass(frozen=True)
class PartFigures:
    """A part of an instance; `preference` says how gladly a gripper may hold it, 0 not at all."""

    instance_id: int
    name: str
    score: float
    preference: float


@dataclass(frozen=True)
class FrameFigures:
    """One answered frame; milliseconds from the image's stamp to the arrival of masks and of clouds.

    `parts` is None where none were looked for.
    """

    name: str
    stamp: int
    masks_ms: float
    clouds_ms: float | None
    instances: tuple[InstanceFigures, ...]
    parts: tuple[PartFigures, ...] | None = None


@dataclass(frozen=True)
class Cloud:
    """(N, 3) float32 points, metres, optical frame; (N, 3) uint8 RGB; (N,) uint32 instance ids, 0 background."""

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    ids: NDArray[np.uint32]


@dataclass(frozen=True)
class SampledFrame:
    """A frame with all its data.

    Attributes:
        figures: of the frame.
        frame: image, and depth where there is some.
        instances: as answered.
        scene: everything measured; None without depth.
        clouds: of the instances that have one, in the order of labels.
        parts: of the instances; None where none were looked for.
    """

    figures: FrameFigures
    frame: Frame
    instances: Instances
    scene: Cloud | None
    clouds: tuple[Cloud, ...]
    parts: Parts | None = None


class EvenSample(Generic[T]):
    """Keeps up to `capacity` things, evenly spaced over however many come."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._stride = 1
        self._count = 0
        self._kept: list[T] = []

    def offer(self, thing: T) -> None:
        """Keep every k-th; when there is no room, every second of those kept goes."""
        if self._count % self._stride == 0:
            if len(self._kept) == self._capacity:
                self._kept = self._kept[::2]
                self._stride *= 2
            if self._count % self._stride == 0:
                self._kept.append(thing)
        self._count += 1

    def kept(self) -> list[T]:
        """What is kept now, in order."""
        return list(self._kept)


@dataclass
class DemoRecord:
    """A demo run.

    Attributes:
        source, described: as given, and what it holds in one line.
        model, device: of the segmentation.
        with_depth: whether the source has depth and intrinsics.
        parts: METHOD:MODEL of parts that are looked for; None for none.
        paced: whether images were sent as fast as the stack answered, not at a camera's own rate.
        frames: figures of all answered frames.
        samples: some frames whole.
        sent: camera images; unanswered: those passed over for newer ones; unmatched: answers without image.
        seconds: from the first image to the last answer.
        stages: milliseconds by node and stage, one value per diagnostics message.
        refused: frames that could not be used, by node, with the last reason.
        evaluation: scores where the truth is known, under `rule`.
    """

    source: str
    described: str
    model: str
    device: str
    with_depth: bool
    parts: str | None
    paced: bool
    frames: list[FrameFigures] = field(default_factory=list)
    samples: list[SampledFrame] = field(default_factory=list)
    sent: int = 0
    unanswered: int = 0
    unmatched: int = 0
    seconds: float = 0.0
    stages: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    rule: LabelRule | None = None

    @property
    def frames_per_second(self) -> float:
        """Answered frames over the time between the first image and the last answer."""
        return len(self.frames) / self.seconds if self.seconds > 0 else 0.0

    def latencies(self) -> dict[str, list[float]]:
        """Milliseconds from camera message to "masks" and, with depth, to "clouds"."""
        found = {"masks": [frame.masks_ms for frame in self.frames]}
        clouds = [frame.clouds_ms for frame in self.frames if frame.clouds_ms is not None]
        return {**found, "clouds": clouds} if clouds else found

    def stage_medians(self) -> dict[str, dict[str, float]]:
        """Median milliseconds by node and stage."""
        return {
            node: {stage: float(np.median(values)) for stage, values in stages.items()}
            for node, stages in self.stages.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """What report.json holds."""
        scores = None
        if self.evaluation is not None and self.rule is not None:
            scores = {**asdict(self.rule), **self.evaluation.as_dict()}
        return {
            "source": self.source,
            "described": self.described,
            "model": self.model,
            "device": self.device,
            "depth": self.with_depth,
            "parts": self.parts,
            "paced": self.paced,
            "images": self.sent,
            "answered": len(self.frames),
            "unanswered": self.unanswered,
            "unmatched": self.unmatched,
            "seconds": self.seconds,
            "frames_per_second": self.frames_per_second,
            "latency_ms": {
                name: {"median": float(np.median(values)), "p90": float(np.percentile(values, 90))}
                for name, values in self.latencies().items()
                if values
            },
            "stage_ms": self.stage_medians(),
            "refused": {node: {"frames": n, "last": reason} for node, (n, reason) in self.refused.items()},
            "scores": scores,
            "frames": [asdict(frame) for frame in self.frames],
        }
