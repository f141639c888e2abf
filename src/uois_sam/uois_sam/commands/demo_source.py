"""What a demo has to know of its source before the camera node opens it: names, truth, and whether it ends."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.folder import FolderDataset
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError, SourceError
from uois_sam.evaluation.metrics import score_labels
from uois_sam.evaluation.results import Evaluation, ImageScores
from uois_sam.paths import bundled_sequence
from uois_sam.sources.source import open_source
from uois_sam.types import Frame


@dataclass(frozen=True)
class SourceFacts:
    """A source as the demo sees it.

    Attributes:
        spec: for the camera node.
        described: what it holds, in one line.
        with_depth: whether frames have depth and intrinsics, so that there will be clouds.
        endless: whether it never ends by itself.
        has_clock: whether it comes at its own pace; the others wait for the stack.
        count: frames of a pass, where known.
        folder: of the frames, where it is one.
    """

    spec: str
    described: str
    with_depth: bool
    endless: bool = False
    has_clock: bool = False
    count: int | None = None
    folder: Path | None = None


def look_at(spec: str) -> SourceFacts:
    """Open a source for a moment.

    Raises:
        SourceError: there is no such source, or it has no frame that can be used.
    """
    if spec == "synthetic":
        return SourceFacts(spec, "synthetic tables, rendered live", with_depth=True, endless=True)
    if spec.startswith("device:"):
        return SourceFacts(spec, f"camera {spec}, colour only", with_depth=False, endless=True, has_clock=True)
    with open_source(spec) as source:
        described = source.describe()
        frame = None
        while frame is None:
            try:
                frame = next(source)
            except InputError:
                continue
            except StopIteration:
                raise SourceError(f"{spec} has no frame that can be used") from None
        count = len(source) if isinstance(source, Sized) else None
    return SourceFacts(
        spec,
        f"bundled sequence: {count} frames" if spec == "bundled" else described,
        with_depth=frame.depth is not None and frame.camera is not None,
        has_clock=count is None,
        count=count,
        folder=_folder(spec) if count is not None else None,
    )


def _folder(spec: str) -> Path | None:
    """The folder of a source of frames on disk; None for a single image."""
    if spec == "bundled":
        return bundled_sequence()
    path = Path(spec.removeprefix("folder:")).expanduser()
    return path if path.is_dir() else None


class Reference:
    """The recorded frames again, to find out which of them the camera has sent."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        self._next = 0

    def find(self, image: NDArray[np.uint8]) -> Frame | None:
        """The frame of this image, looked for from the last one found on; None if it is none of them."""
        for step in range(len(self._frames)):
            index = (self._next + step) % len(self._frames)
            try:
                frame = self._frames[index]
            except InputError:  # the camera leaves it out too
                continue
            if np.array_equal(frame.image, image):
                self._next = index + 1
                return frame
        return None


class Scoring:
    """Keeps label images small until there is time to score them."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, NDArray[np.uint8], NDArray[np.uint8]]] = []

    def add(self, name: str, predicted: NDArray[np.uint16], truth: NDArray[np.uint16]) -> None:
        """Keep (H, W) predicted labels and true labels of one frame."""
        self._kept.append((name, _packed(predicted), _packed(truth)))

    def evaluate(self, rule: LabelRule) -> Evaluation | None:
        """Score what was kept; None where nothing was."""
        rows = []
        for name, predicted, truth in self._kept:
            label = _unpacked(truth)
            scores = score_labels(_unpacked(predicted), rule.objects(label), rule.ignored(label))
            rows.append(ImageScores(name, scores))
        return Evaluation(tuple(rows)) if rows else None


def open_reference(facts: SourceFacts) -> tuple[FolderDataset, Reference] | None:
    """The frames of a folder a second time; None for other sources."""
    if facts.folder is None:
        return None
    dataset = FolderDataset(facts.folder)
    return dataset, Reference(dataset)


def _packed(labels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return np.asarray(cv2.imencode(".png", labels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1], np.uint8)


def _unpacked(png: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return np.asarray(cv2.imdecode(png, cv2.IMREAD_UNCHANGED), np.uint16)
