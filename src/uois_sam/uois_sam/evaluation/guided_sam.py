"""Guided SAM's figures: patch AUC (table 1) and the IoU per part of every variant (tables 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from uois_sam.datasets.part_image import PartImages
from uois_sam.parts.guided_sam.drawing import RegionDrawer
from uois_sam.parts.guided_sam.guidance import find_regions, single_patches
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.settings import Variant
from uois_sam.segmentation.pipeline import EmbeddedFrame

Images: TypeAlias = "Sequence[int] | NDArray[np.int64] | slice"
"""Numbers of some images of a set."""


@dataclass(frozen=True)
class Overlaps:
    """Pixels that I images' masks of P parts share with the truth, for each of V ways to draw them.

    Attributes:
        intersection, union: (I, P, V) int64.
    """

    intersection: NDArray[np.int64]
    union: NDArray[np.int64]

    def iou(self, images: Images = slice(None)) -> NDArray[np.float64]:
        """(P, V) IoU of the pixels of some images together; 0 where there are none."""
        intersection, union = self.intersection[images].sum(0), self.union[images].sum(0)
        return intersection / np.maximum(union, 1)

    def of(self, columns: Sequence[int]) -> Overlaps:
        """Those of some ways to draw."""
        return Overlaps(self.intersection[..., columns], self.union[..., columns])


def patch_auc(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of (M,) scores for (M,) labels; NaN where one class is missing."""
    positive = int(labels.sum())
    negative = len(labels) - positive
    if positive == 0 or negative == 0:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


@dataclass(frozen=True)
class Drawing:
    """How parts are drawn for the tables.

    Attributes:
        drawer: with its segmenter.
        grid: of the patches.
        threshold: c_t.
        variants: in the order of the columns.
    """

    drawer: RegionDrawer
    grid: PatchGrid
    threshold: float
    variants: tuple[Variant, ...]

    def masks(
        self, frame: EmbeddedFrame, part: str, probability: NDArray[np.float32]
    ) -> dict[Variant, NDArray[np.bool_]]:
        """(H, W) bool by each variant, from the (P,) probabilities of the image's patches for one part."""
        height, width = frame.image.shape[:2]
        area = (0, 0, width, height)
        masks = {variant: np.zeros((height, width), bool) for variant in self.variants}
        for region in find_regions(probability, self.grid, area, self.threshold):
            patches = single_patches(region, probability, self.grid, area)
            drawn = self.drawer.draw(frame, part, region, patches, self.variants)
            for variant, found in drawn.items():
                for mask in found:
                    mask.paste(masks[variant])
        return masks

    def perfect(self, frame: EmbeddedFrame, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(H, W) bool of perfect guidance: the bounding box and the innermost point of each piece of the truth."""
        mask = np.zeros(truth.shape, bool)
        count, pieces, stats, _ = cv2.connectedComponentsWithStats(truth.astype(np.uint8))
        for piece in range(1, count):
            x, y, w, h = (int(v) for v in stats[piece, :4])
            own = np.pad((pieces[y : y + h, x : x + w] == piece).astype(np.uint8), 1)
            row, column = np.unravel_index(int(cv2.distanceTransform(own, cv2.DIST_L2, 5).argmax()), own.shape)
            point = (float(x + column - 1), float(y + row - 1))
            self.drawer.draw_prompted(frame, (x, y, x + w, y + h), point).paste(mask)
        return mask


def measure_overlaps(
    images: PartImages,
    names: Sequence[str],
    probabilities: Callable[[int], NDArray[np.float32]],
    drawing: Drawing,
    perfect: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Overlaps:
    """Draw every part of every image.

    Args:
        images: with masks.
        names: of the parts.
        probabilities: (P, parts) of the patches of the image of a number.
        drawing: the variants, which are the columns of the result.
        perfect: add a column, the last, for perfect guidance.
        progress: told after each image how many are done, and of how many.
    """
    shape = (len(images), len(names), len(drawing.variants) + perfect)
    intersection, union = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for i in range(len(images)):
        image = images[i]
        frame = EmbeddedFrame(image.image, drawing.drawer.segmenter.encode(image.image))
        probability = probabilities(i)
        for p, name in enumerate(names):
            truth = image.mask(name)
            drawn = list(drawing.masks(frame, name, probability[:, p]).values())
            if perfect:
                drawn.append(drawing.perfect(frame, truth))
            for v, mask in enumerate(drawn):
                intersection[i, p, v], union[i, p, v] = (mask & truth).sum(), (mask | truth).sum()
        if progress is not None:
            progress(i + 1, len(images))
    return Overlaps(intersection, union)
