"""Stand-ins for a model and a camera whose answers a test can foretell."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from uois_sam.adaptation.interactive import Click
from uois_sam.errors import InputError
from uois_sam.nodes.part_segmentation import load_parts
from uois_sam.nodes.segmentation import load_model
from uois_sam.parts.protocol import choose_names
from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.segmentation.tracking_settings import TrackingSettings
from uois_sam.sources.device import DeviceSource
from uois_sam.sources.source import FrameSource, open_source
from uois_sam.types import Camera, Frame, Instances, Part, Parts, relabel

BLOBS = "blobs"
"""The model name that gives a `BlobPipeline`."""

SLOW_BLOBS = "slow blobs"
"""The model name that gives a `SlowBlobPipeline`."""

FAR_BLOBS = "far_blobs"
"""One whose ids begin at 41 while tracking is on."""

HALVES, WHOLES = "halves", "wholes"
"""The model names of part segmenters that give `Halves` and `Wholes`."""

DEVICE = "UOIS_SAM_TEST_DEVICE"
"""Environment variable with a file's path: while the file is there, `device:test` delivers images."""


class NoEncoder:
    """Stands in for a promptable segmenter whose embeddings nobody reads."""

    def encode(self, image: np.ndarray, depth: np.ndarray | None, camera: Camera | None) -> np.ndarray:
        return image


class BlobPipeline:
    """Each bright square is an instance: as many come out as were drawn in."""

    segmenter = NoEncoder()

    def __init__(self, first_id: int = 1) -> None:
        self.settings = SegmentationSettings(score_threshold=0.61)
        self.tracker = SimpleNamespace(settings=TrackingSettings())
        self.stage_ms = {"encode": 1.5}
        self.first_id = first_id

    def encode(
        self, image: np.ndarray, depth: np.ndarray | None = None, camera: Camera | None = None
    ) -> np.ndarray:
        if min(image.shape[:2]) < 16:
            raise InputError(f"image is {image.shape[1]} x {image.shape[0]} pixels; at least 16 x 16 are needed")
        return image

    def segment(self, image: np.ndarray) -> Instances:
        bright = (image.mean(2) > 160).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
        large = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= 50]
        lookup = np.zeros(count, np.uint16)
        lookup[large] = np.arange(1, len(large) + 1)
        score = np.full(len(large), 0.9, np.float32)
        keep = score >= self.settings.score_threshold
        return Instances.from_label_image(lookup[labels] if keep.all() else np.zeros_like(lookup[labels]))

    def track(self, image: np.ndarray, stamp: int | None = None) -> Instances:
        instances = self.segment(image)
        if not self.tracker.settings.tracking:
            return instances
        return replace(instances, id=instances.id + self.first_id - 1)

    def correct(
        self,
        image: np.ndarray,
        instances: Instances,
        instance_id: int | None,
        clicks: Sequence[Click],
        *,
        anew: bool = False,
    ) -> tuple[Instances, None]:
        height, width = image.shape[:2]
        points = np.array([[click.x, click.y] for click in clicks])
        if (points < 0).any() or (points > (width - 1, height - 1)).any():
            raise InputError(f"a click lies outside the {width} x {height} image")
        if instance_id is not None and instance_id not in instances.id:
            raise InputError(f"there is no instance {instance_id}")
        known = instances.id.tolist()
        if instance_id is None:
            instance_id = max(known, default=0) + 1
            known.append(instance_id)
        label = known.index(instance_id) + 1
        out = instances.label_image.copy()
        if anew:
            out[out == label] = 0
        for click in clicks:
            x, y = int(click.x), int(click.y)
            if click.positive:
                cv2.rectangle(out, (x - 5, y - 5), (x + 5, y + 5), label, -1)
        left = [k for k in range(1, len(known) + 1) if (out == k).any()]
        ids = np.array([known[k - 1] for k in left], np.int64)
        return replace(Instances.from_label_image(relabel(out)), id=ids), None


class SlowBlobPipeline(BlobPipeline):
    """Takes as long for a frame as a network does, so that a camera is faster than it."""

    def segment(self, image: np.ndarray) -> Instances:
        time.sleep(0.1)
        return super().segment(image)


def load_blobs(model: str, device: str) -> Any:
    """The doubles for their names, the real thing for others."""
    doubles = {BLOBS: BlobPipeline, SLOW_BLOBS: SlowBlobPipeline, FAR_BLOBS: lambda: BlobPipeline(41)}
    return doubles[model]() if model in doubles else load_model(model, device)


class Halves:
    """A part segmenter: the upper half of each instance is its top, the lower its bottom."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ("top", "bottom")

    def set_parts(self, names: Sequence[str]) -> None:
        self.names = choose_names(names, ("top", "bottom"))

    def segment(self, frame: Any, instances: Instances) -> Parts:
        height, width = instances.label_image.shape
        found = []
        for instance in instances:
            x, y, w, h = instance.bbox
            for name in self.names:
                box = (x, y, w, h // 2) if name == "top" else (x, y + h // 2, w, h - h // 2)
                found.append(Part(instance.id, name, 0.8, box, np.ones((box[3], w), bool)))
        return Parts(height, width, found)


class Wholes(Halves):
    """A part segmenter that gives the whole of each instance twice, once surely and once not."""

    def __init__(self) -> None:
        self.names = ("whole",)

    def segment(self, frame: Any, instances: Instances) -> Parts:
        parts = [
            Part(one.id, "whole", score, one.bbox, np.ones(one.bbox[3:1:-1], bool))
            for one in instances
            for score in (0.9, 0.1)
        ]
        return Parts(*instances.label_image.shape, parts)


def load_part_doubles(method: str, model: str, segmenter: Any) -> Any:
    """The doubles for their names, the real thing for others."""
    doubles = {HALVES: Halves, WHOLES: Wholes}
    return doubles[model]() if model in doubles else load_parts(method, model, segmenter)


def table(count: int, width: int = 160, height: int = 120) -> np.ndarray:
    """(H, W, 3) uint8 RGB: `count` bright squares (at most 12) on a dark table."""
    image = np.full((height, width, 3), 40, np.uint8)
    for k in range(count):
        x, y = (k % 4) * 38 + 8, (k // 4) * 38 + 8
        image[y : y + 26, x : x + 26] = 230
    return image


def plane(width: int = 160, height: int = 120, metres: float = 0.6) -> np.ndarray:
    """(H, W) float32 depth of a wall."""
    return np.full((height, width), metres, np.float32)


class CountingSource:
    """Five frames; frame k shows k squares."""

    rate = 20.0

    def __init__(self, loop: bool) -> None:
        self._loop = loop
        self._count = 0

    def describe(self) -> str:
        return "a counting table"

    def close(self) -> None:
        pass

    def __iter__(self) -> CountingSource:
        return self

    def __next__(self) -> Frame:
        if self._count == 5:
            if not self._loop:
                raise StopIteration
            self._count = 0
        self._count += 1
        camera = Camera(150.0, 150.0, 79.5, 59.5, 160, 120)
        stamp = 1_000_000_000 + self._count * 50_000_000
        return Frame(table(self._count), plane(), camera, stamp, f"{self._count}")


class _Capture:
    """A V4L2 camera that lives as long as a file does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def read(self) -> tuple[bool, Any]:
        return (True, table(2)) if self._path.exists() else (False, None)

    def get(self, prop: int, /) -> float:
        return 20.0

    def release(self) -> None:
        pass


def open_double(spec: str, *, loop: bool = False) -> FrameSource:
    """`counting` and `device:test`; others are the real thing."""
    if spec == "counting":
        return CountingSource(loop)  # type: ignore[return-value]
    if spec == "device:test":
        path = Path(os.environ[DEVICE])
        return DeviceSource("test", open_capture=lambda _: _Capture(path) if path.exists() else None)
    return open_source(spec, loop=loop)
