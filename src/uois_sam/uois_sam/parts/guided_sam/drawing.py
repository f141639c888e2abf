"""From a region of interest to a mask: the promptable segmenter on the region, in all variants (section 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.grounding import TextDetector
from uois_sam.parts.guided_sam.guidance import Region
from uois_sam.parts.guided_sam.likelihood import join_candidates, mask_prompt, spread
from uois_sam.parts.guided_sam.settings import Variant
from uois_sam.sam.logits import logit_size
from uois_sam.sam.protocol import Embedding, MaskCandidates, PromptableSegmenter, Prompts
from uois_sam.segmentation.pipeline import EmbeddedFrame

_LEAST_SIDE = 16
"""Pixels of the smallest crop that a segmenter encodes."""
_BY_LIKELIHOOD = {Variant.ROI_MGSAM, Variant.ROI_PGSAM}
_IN_REGION = {Variant.ROI_CGSAM, Variant.ROI_LGSAM, Variant.ROI_GGSAM} | _BY_LIKELIHOOD


@dataclass(frozen=True)
class RegionMask:
    """A mask within a region.

    Attributes:
        box: x0, y0, x1, y1, whole pixels of the image.
        mask: (y1 - y0, x1 - x0) bool.
    """

    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]

    def paste(self, image: NDArray[np.bool_]) -> None:
        """Add the mask to one over the whole image, (H, W) bool."""
        x0, y0, x1, y1 = self.box
        image[y0:y1, x0:x1] |= self.mask


@dataclass(frozen=True)
class View:
    """A region as the segmenter sees it.

    Attributes:
        embedding: of an image that holds the region.
        origin: x, y of that image in the frame, in pixels.
        box: x0, y0, x1, y1 of the region, whole pixels of the frame.
        whole: whether the image is the frame, so that the region's box has to be part of the prompt.
    """

    embedding: Embedding
    origin: tuple[int, int]
    box: tuple[int, int, int, int]
    whole: bool


@dataclass(frozen=True)
class RegionDrawer:
    """Draws the masks of regions.

    Attributes:
        segmenter: that is prompted.
        encode: "crop" or "frame", see `GuidedSamSettings`.
        detector: what GGSAM finds boxes with; without one, there is no GGSAM.
    """

    segmenter: PromptableSegmenter
    encode: str = "crop"
    detector: TextDetector | None = None

    @torch.no_grad()
    def draw(
        self,
        frame: EmbeddedFrame,
        part: str,
        region: Region,
        patches: Sequence[Region],
        variants: Sequence[Variant],
    ) -> dict[Variant, list[RegionMask]]:
        """The masks of one region by each of some variants.

        Args:
            frame: that the region lies in.
            part: name of the part, the text that GGSAM looks for.
            region: of interest.
            patches: those of the region, each as a region of its own.
            variants: wanted.

        Raises:
            InputError: a variant needs a text-prompted detector and there is none.
        """
        wanted = set(variants)
        drawn: dict[Variant, list[RegionMask]] = {}
        if Variant.NAIVE in wanted:
            drawn[Variant.NAIVE] = [_filled(patch, frame) for patch in patches]
        in_region = wanted & _IN_REGION
        if in_region:
            drawn |= self._in_region(frame, part, region, in_region)
        if wanted & {Variant.PATCH_CGSAM, Variant.PATCH_GGSAM}:
            patch_of = {Variant.PATCH_CGSAM: Variant.ROI_CGSAM, Variant.PATCH_GGSAM: Variant.ROI_GGSAM}
            asked = {roi for patch, roi in patch_of.items() if patch in wanted}
            each = [self._in_region(frame, part, patch, asked) for patch in patches]
            for patch, roi in patch_of.items():
                if patch in wanted:
                    drawn[patch] = [mask for found in each for mask in found[roi]]
        return drawn

    def draw_prompted(self, frame: EmbeddedFrame, box: Sequence[float], point: tuple[float, float]) -> RegionMask:
        """The mask of a point in a box of edges x0, y0, x1, y1: what perfect guidance would get."""
        return self._points(self._view(frame, box), [point])[0]

    def _in_region(
        self, frame: EmbeddedFrame, part: str, region: Region, wanted: set[Variant]
    ) -> dict[Variant, list[RegionMask]]:
        view = self._view(frame, region.box)
        points = {Variant.ROI_CGSAM: region.centre, Variant.ROI_LGSAM: region.peak}
        asked = {variant: point for variant, point in points.items() if variant in wanted}
        drawn = {}
        if asked:
            masks = self._points(view, list(asked.values()))
            drawn = {variant: [mask] for variant, mask in zip(asked, masks, strict=True)}
        if Variant.ROI_GGSAM in wanted:
            drawn[Variant.ROI_GGSAM] = self._grounded(view, frame, part)
        if wanted & _BY_LIKELIHOOD:
            drawn |= self._by_likelihood(view, region, wanted & _BY_LIKELIHOOD)
        return drawn

    def _by_likelihood(self, view: View, region: Region, wanted: set[Variant]) -> dict[Variant, list[RegionMask]]:
        """The box and the likelihood of its cells as one prompt, answered by one mask or by all candidates."""
        x0, y0, x1, y1 = view.box
        likelihood = spread(region.likelihood, (y1 - y0, x1 - x0))
        x, y = view.origin
        whole = np.zeros(view.embedding.image_size, np.float32)
        whole[y0 - y : y1 - y, x0 - x : x1 - x] = likelihood
        prompts = Prompts(boxes=_boxes(view, [view.box]), masks=mask_prompt(whole, logit_size(view.embedding)))
        candidates = self.segmenter.decode(view.embedding, prompts)
        drawn = {}
        if Variant.ROI_MGSAM in wanted:
            drawn[Variant.ROI_MGSAM] = self._best(view, candidates)
        if Variant.ROI_PGSAM in wanted:
            logits = _within(view, candidates.logits[0]).cpu().numpy()
            drawn[Variant.ROI_PGSAM] = [RegionMask(view.box, join_candidates(likelihood, logits))]
        return drawn

    def _view(self, frame: EmbeddedFrame, box: Sequence[float]) -> View:
        own = whole_pixels(box, frame.embedding.image_size)
        if self.encode == "frame":
            return View(frame.embedding, (0, 0), own, True)
        x0, y0, x1, y1 = at_least(own, _LEAST_SIDE, frame.embedding.image_size)
        crop = np.ascontiguousarray(frame.image[y0:y1, x0:x1])
        return View(self.segmenter.encode(crop), (x0, y0), own, False)

    def _points(self, view: View, points: Sequence[tuple[float, float]]) -> list[RegionMask]:
        local = torch.tensor(points, dtype=torch.float32) - torch.tensor(view.origin)
        prompts = Prompts.from_points(local)
        if view.whole:
            prompts = replace(prompts, boxes=_boxes(view, [view.box] * len(points)))
        return self._masks(view, prompts)

    def _grounded(self, view: View, frame: EmbeddedFrame, part: str) -> list[RegionMask]:
        """Grounded SAM on the region: the masks of the boxes that the text finds there."""
        if self.detector is None:
            raise InputError("GGSAM needs a text-prompted detector; give a Grounding DINO model")
        x0, y0, x1, y1 = view.box
        found = self.detector(np.ascontiguousarray(frame.image[y0:y1, x0:x1]), part) + np.array([x0, y0, x0, y0])
        return self._masks(view, Prompts(boxes=_boxes(view, found))) if len(found) else []

    def _masks(self, view: View, prompts: Prompts) -> list[RegionMask]:
        return self._best(view, self.segmenter.decode(view.embedding, prompts))

    def _best(self, view: View, candidates: MaskCandidates) -> list[RegionMask]:
        """The candidate of each prompt that the segmenter itself scores best, cut to the region."""
        best = candidates.scores.argmax(1)
        logits = candidates.logits[torch.arange(len(best), device=best.device), best]
        masks = (_within(view, logits) > 0).cpu().numpy()
        return [RegionMask(view.box, mask) for mask in masks]


def _within(view: View, logits: torch.Tensor) -> torch.Tensor:
    """(N, h, w) of the region's pixels, from (N, ., .) logits that cover the embedded image."""
    full = F.interpolate(logits[None], size=view.embedding.image_size, mode="bilinear", align_corners=False)[0]
    x0, y0, x1, y1 = view.box
    x, y = view.origin
    return full[:, y0 - y : y1 - y, x0 - x : x1 - x]


def whole_pixels(box: Sequence[float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The whole pixels that a box of edges x0, y0, x1, y1 touches in an image of `size` (H, W); one at least."""
    x0, y0 = min(max(int(np.floor(box[0])), 0), size[1] - 1), min(max(int(np.floor(box[1])), 0), size[0] - 1)
    x1, y1 = min(int(np.ceil(box[2])), size[1]), min(int(np.ceil(box[3])), size[0])
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def at_least(box: tuple[int, int, int, int], side: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box grown about its middle to `side` pixels each way, within an image of `size` (H, W)."""

    def grown(low: int, high: int, limit: int) -> tuple[int, int]:
        length = max(high - low, min(side, limit))
        start = min(max(low - (length - (high - low)) // 2, 0), limit - length)
        return start, start + length

    x0, x1 = grown(box[0], box[2], size[1])
    y0, y1 = grown(box[1], box[3], size[0])
    return x0, y0, x1, y1


def _boxes(view: View, boxes: Sequence[Sequence[float]] | NDArray[np.floating]) -> torch.Tensor:
    """(M, 4) float32 boxes for a prompt, from edges in the frame to the pixels of the embedded image."""
    x, y = view.origin
    return torch.tensor(np.asarray(boxes, np.float32) - np.array([x, y, x, y], np.float32))


def _filled(patch: Region, frame: EmbeddedFrame) -> RegionMask:
    x0, y0, x1, y1 = whole_pixels(patch.box, frame.embedding.image_size)
    return RegionMask((x0, y0, x1, y1), np.ones((y1 - y0, x1 - x0), bool))
