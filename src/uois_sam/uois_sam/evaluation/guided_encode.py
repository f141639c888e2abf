"""The two ways to encode a region, compared for IoU and speed (Guided SAM, section 3.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from uois_sam.datasets.part_image import PartImages
from uois_sam.evaluation.guided_sam import Drawing, Overlaps
from uois_sam.parts.guided_sam.settings import ENCODE
from uois_sam.segmentation.pipeline import EmbeddedFrame


@dataclass(frozen=True)
class EncodeFigures:
    """One way to encode.

    Attributes:
        encode: "crop" or "frame".
        iou: mean over the parts, of each variant by name.
        seconds: an image takes: for "frame" its encoding and all prompts, for "crop" those of all regions.
    """

    encode: str
    iou: dict[str, float]
    seconds: float


def compare_encodings(
    images: PartImages,
    names: Sequence[str],
    probabilities: Callable[[int], NDArray[np.float32]],
    drawing: Drawing,
    progress: Callable[[int, int], None] | None = None,
) -> list[EncodeFigures]:
    """Draw every part of every image both ways, the first image once more before the clock starts.

    Args: as `measure_overlaps`.
    """
    shape = (len(images), len(names), len(drawing.variants))
    ways = {way: replace(drawing, drawer=replace(drawing.drawer, encode=way)) for way in ENCODE}
    counts = {way: (np.zeros(shape, np.int64), np.zeros(shape, np.int64)) for way in ways}
    seconds = dict.fromkeys(ways, 0.0)
    for i in (0, *range(len(images))):
        image, probability = images[i], probabilities(i)
        for way, own in ways.items():
            started = perf_counter()
            frame = EmbeddedFrame(image.image, own.drawer.segmenter.encode(image.image))
            if way == "crop":
                started = perf_counter()
            drawn = [own.masks(frame, name, probability[:, p]) for p, name in enumerate(names)]
            taken = perf_counter() - started
            seconds[way] = taken if i == 0 else seconds[way] + taken
            for p, name in enumerate(names):
                truth = image.mask(name)
                for v, mask in enumerate(drawn[p].values()):
                    counts[way][0][i, p, v], counts[way][1][i, p, v] = (mask & truth).sum(), (mask | truth).sum()
        if progress is not None:
            progress(i + 1, len(images))
    columns = [variant.value for variant in drawing.variants]
    found = []
    for way, (intersection, union) in counts.items():
        iou = Overlaps(intersection, union).iou().mean(0).tolist()
        found.append(EncodeFigures(way, dict(zip(columns, iou, strict=True)), seconds[way] / len(images)))
    return found
