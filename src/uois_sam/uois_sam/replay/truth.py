"""The true labels of a recording's frames: from a topic of the bag, or from a folder of label images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.image_files import natural_key
from uois_sam.datasets.label_png import read_labels
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.rule_choice import detect_rule
from uois_sam.errors import InputError
from uois_sam.replay.options import ReplayOptions
from uois_sam.sources.bag import BagSource
from uois_sam.sources.bag_topics import choose_labels

_NEAR = 1_000_000
"""Nanoseconds by which the stamp of a label image may differ from its colour image's."""
_LOOKED_AT = 12


class Labels(Protocol):
    """Label images by the stamps of the colour images.

    Attributes:
        topic: of the bag that they are; None where they are files.
    """

    topic: str | None

    def describe(self) -> str:
        """Where they come from and how many there are."""
        ...

    def find(self, stamp: int, size: tuple[int, int]) -> NDArray[np.uint16] | None:
        """(H, W) uint16 of the colour image of this stamp in ns and this size; None where it has none.

        Raises:
            InputError: it is damaged or of another size.
        """
        ...


def label_topics(labels: Labels | None) -> list[str]:
    """The topic of labels that are messages; empty where there is none."""
    return [] if labels is None or labels.topic is None else [labels.topic]


class TopicLabels:
    """The messages of a label topic, kept as PNG.

    Raises:
        SourceError: the bag is damaged.
    """

    def __init__(self, source: BagSource, topic: str) -> None:
        self.topic: str | None = topic
        self._stored: dict[int, NDArray[np.uint8]] = {}
        for stamp, message in source.messages_of(topic):
            labels = _labels(message)
            self._stored[stamp] = np.asarray(cv2.imencode(".png", labels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])
        self._stamps = np.array(sorted(self._stored), np.int64)

    def describe(self) -> str:
        """The topic and how many there are."""
        return f"topic {self.topic}, {len(self._stored)} label images"

    def find(self, stamp: int, size: tuple[int, int]) -> NDArray[np.uint16] | None:
        """See `Labels.find`."""
        at = int(np.searchsorted(self._stamps, stamp))
        near = min(self._stamps[max(0, at - 1) : at + 1].tolist(), key=lambda s: abs(s - stamp), default=None)
        if near is None or abs(near - stamp) > _NEAR:
            return None
        labels = np.asarray(cv2.imdecode(self._stored[near], cv2.IMREAD_UNCHANGED), np.uint16)
        if labels.shape != size:
            raise InputError(f"a label image of {self.topic} is {labels.shape}, its colour image {size}")
        return labels


class FolderLabels:
    """PNG files named by the stamp of their colour image, or as many as there are colour images, in their order.

    A name is a stamp in nanoseconds (1700000000123456789.png) or in seconds (1700000000.123.png).

    Raises:
        InputError: there is no PNG, or the files are neither named by stamps nor as many as the images.
    """

    def __init__(self, folder: Path, stamps: list[int]) -> None:
        self.topic: str | None = None
        files = sorted(folder.glob("*.png"), key=lambda path: natural_key(path.stem))
        if not files:
            raise InputError(f"labels {folder} holds no PNG file; wanted a label image for each frame")
        by_name: dict[str, int] = {}
        for stamp in stamps:
            by_name[str(stamp)] = by_name[f"{stamp / 1e9:.3f}"] = stamp
        named = {by_name[file.stem]: file for file in files if file.stem in by_name}
        if not named and len(files) != len(stamps):
            raise InputError(
                f"labels {folder} holds {len(files)} files for {len(stamps)} images; name them by the images' "
                "stamps in nanoseconds, or give one for each image"
            )
        self._folder = folder
        self._by_stamp = bool(named)
        self._files: Mapping[int, Path] = named or dict(zip(sorted(stamps), files, strict=True))

    def describe(self) -> str:
        """The folder, how many there are, and how they were matched."""
        return f"{self._folder}, {len(self._files)} label images by {'stamp' if self._by_stamp else 'order'}"

    def find(self, stamp: int, size: tuple[int, int]) -> NDArray[np.uint16] | None:
        """See `Labels.find`."""
        file = self._files.get(stamp)
        return None if file is None else read_labels(file, size)


def open_labels(source: BagSource, labels: str | None) -> Labels | None:
    """The labels that a user names, or those of a topic that is called truth; None where there are none.

    Raises:
        SourceError: the bag is damaged, or the topic is of no use.
        InputError: there is no such topic or folder, or the folder is of no use.
    """
    if labels is not None and labels not in {t.topic for t in source.images}:
        folder = Path(labels).expanduser()
        if not folder.is_dir():
            given = ", ".join(f"{t.topic} ({t.encoding})" for t in source.images)
            raise InputError(
                f"labels {labels!r} are neither a folder nor an image topic of the bag; it has {given}"
            )
        stamps = [stamp for stamp, _ in source.messages_of(source.choice.colour.topic)]
        return FolderLabels(folder, stamps)
    topic = choose_labels(source.images, source.choice.colour, labels)
    return None if topic is None else TopicLabels(source, topic)


def label_rule(source: BagSource, labels: Labels, options: ReplayOptions) -> tuple[LabelRule, str]:
    """Which labels are objects, and who says so: the options, or what the first frames of the bag look like.

    Raises:
        InputError: a label image is damaged, or the options are out of range.
        SourceError: the bag is damaged.
    """
    if options.first_object is not None or options.ignore is not None:
        return LabelRule(options.first_object or LabelRule.first_object, options.ignore), "option"
    frames = []
    for frame in source.peek(_LOOKED_AT):
        label = labels.find(frame.stamp or 0, (frame.image.shape[0], frame.image.shape[1]))
        if label is not None:
            frames.append(replace(frame, label=label))
    return detect_rule(frames)


def _labels(message: Any) -> NDArray[np.uint16]:
    """(H, W) uint16 of an Image message of one of `LABEL_ENCODINGS`."""
    wide = message.encoding in ("16UC1", "mono16")
    kind = np.dtype("u2" if wide else "u1").newbyteorder(">" if message.is_bigendian else "<")
    row = message.width * kind.itemsize
    data = np.ascontiguousarray(message.data)
    if message.step < row or data.size != message.step * message.height:
        raise InputError(
            f"a label image has {data.size} bytes, step {message.step}; "
            f"{message.width} x {message.height} px of {message.encoding} want more"
        )
    rows = np.ascontiguousarray(data.reshape(message.height, message.step)[:, :row])
    return rows.view(kind).astype(np.uint16)
