"""The promptable segmenter protocol: encode a frame once, decode any number of prompts from the embedding.

All coordinates are pixels (x, y) of the image that was encoded; pixel centres lie at integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.errors import InputError
from uois_sam.types import Camera


@dataclass(frozen=True)
class Embedding:
    """What the image encoder made of one frame.

    Attributes:
        features: feature maps, each (1, C, h, w), coarse to fine; the first is SAM's image embedding.
        image_size: (H, W) of the image in pixels.
        extent: (vertical, horizontal) fraction of the maps that the image covers; the rest is padding.
        geometry: (1, 7, h, w) means of `geometry_channels` over cells that cover exactly the image, or None
            without depth.
    """

    features: tuple[Tensor, ...]
    image_size: tuple[int, int]
    extent: tuple[float, float] = (1.0, 1.0)
    geometry: Tensor | None = None

    def map(self, level: int) -> Tensor:
        """(1, C, h, w), one feature map cut to the part that the image covers."""
        features = self.features[level]
        h, w = features.shape[-2:]
        return features[..., : max(1, round(h * self.extent[0])), : max(1, round(w * self.extent[1]))]


@dataclass(frozen=True)
class Prompts:
    """M prompts, each of any mixture of the kinds below; every tensor given has M rows.

    Attributes:
        points: (M, P, 2) float32, x, y in pixels.
        labels: (M, P) int64: 1 on the thing, 0 off it, -1 padding.
        boxes: (M, 4) float32, x0, y0, x1, y1 in pixels.
        masks: (M, h, w) float32, one logit map of an earlier `MaskCandidates` per prompt.
        tokens: (M, T, C) float32, ready prompt tokens, in place of points and boxes.

    Raises:
        InputError: nothing was given, a shape is another, or tokens come with points or boxes.
    """

    points: Tensor | None = None
    labels: Tensor | None = None
    boxes: Tensor | None = None
    masks: Tensor | None = None
    tokens: Tensor | None = None

    def __post_init__(self) -> None:
        given = [t for t in (self.points, self.labels, self.boxes, self.masks, self.tokens) if t is not None]
        if not given or (self.points is None and self.boxes is None and self.tokens is None):
            raise InputError("a prompt needs points with labels, boxes or tokens; masks only refine them")
        if len({len(t) for t in given}) != 1:
            raise InputError(f"prompt fields have {[len(t) for t in given]} rows; each wants one row per prompt")
        if (self.points is None) != (self.labels is None):
            raise InputError("points need labels (1 on the thing, 0 off it, -1 padding), one per point")
        if self.points is not None and self.labels is not None and self.points.shape[:2] != self.labels.shape:
            raise InputError(
                f"{tuple(self.points.shape)} points do not fit {tuple(self.labels.shape)} labels; "
                "give points (M, P, 2) and labels (M, P)"
            )
        if self.points is not None and self.points.shape[-1:] != (2,):
            raise InputError(f"points are {tuple(self.points.shape)}; give x, y in pixels as (M, P, 2)")
        if self.boxes is not None and self.boxes.shape[1:] != (4,):
            raise InputError(f"boxes are {tuple(self.boxes.shape)}; give x0, y0, x1, y1 in pixels as (M, 4)")
        if self.tokens is not None and (self.points is not None or self.boxes is not None):
            raise InputError("tokens stand in place of points and boxes; give one or the other")

    def __len__(self) -> int:
        return len(next(t for t in (self.points, self.boxes, self.tokens) if t is not None))

    @classmethod
    def from_points(cls, points: Tensor) -> Prompts:
        """One prompt per foreground point; `points` is (M, 2) float32 in pixels."""
        return cls(points=points[:, None], labels=torch.ones(len(points), 1, dtype=torch.long))

    def __getitem__(self, rows: slice) -> Prompts:
        """The prompts of some rows, for decoding in chunks."""

        def cut(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor[rows]

        return Prompts(cut(self.points), cut(self.labels), cut(self.boxes), cut(self.masks), cut(self.tokens))


@dataclass(frozen=True)
class MaskCandidates:
    """What the mask decoder answers to M prompts: four hierarchical masks each (single, whole, part, subpart).

    Attributes:
        logits: (M, 4, h, w) float32 at low resolution, covering exactly the image; > 0 is the mask.
        scores: (M, 4) float32, the segmenter's own IoU estimates.
        iou_token: (M, 1, C) float32, the decoder's IoU token T_iou (UOIS-SAM eq. 5).
        mask_tokens: (M, 4, C) float32, the decoder's mask tokens T_mask (UOIS-SAM eq. 5).
    """

    logits: Tensor
    scores: Tensor
    iou_token: Tensor
    mask_tokens: Tensor

    def __len__(self) -> int:
        return len(self.logits)

    @classmethod
    def concatenate(cls, parts: list[MaskCandidates]) -> MaskCandidates:
        """The candidates of several chunks of prompts as one."""
        return cls(
            torch.cat([p.logits for p in parts]),
            torch.cat([p.scores for p in parts]),
            torch.cat([p.iou_token for p in parts]),
            torch.cat([p.mask_tokens for p in parts]),
        )


class PromptableSegmenter(Protocol):
    """SAM's way of segmenting, whatever the weights behind it."""

    decoder: nn.Module
    """Prompt encoder and mask decoder; may be copied, adapted and swapped without touching the encoder."""

    uses_depth: bool
    """Whether the networks look at depth; others only hand its geometry on."""

    token_dim: int
    """C of the prompt, IoU and mask tokens."""

    @property
    def device(self) -> torch.device:
        """Where the weights are and the tensors come out."""

    def encode(
        self,
        image: NDArray[np.uint8],
        depth: NDArray[np.float32] | None = None,
        camera: Camera | None = None,
    ) -> Embedding:
        """Run the image encoder once.

        Args:
            image: (H, W, 3) uint8 RGB.
            depth: (H, W) float32, metres, 0 where unknown, registered to the image.
            camera: intrinsics of image and depth; depth without it is not used.
        """

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        """Four candidate masks with IoU scores and tokens for each prompt."""

    def prompt_tokens(self, embedding: Embedding, prompts: Prompts) -> Tensor:
        """(M, T, C) float32, the prompt encoder's tokens of points and boxes (the teacher of WPS-SAM, eq. 2)."""


def check_image(image: NDArray[np.uint8]) -> None:
    """Refuse what is not an (H, W, 3) uint8 RGB image of at least 16 x 16 pixels.

    Raises:
        InputError: with the shape and type given.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"image is {image.shape} {image.dtype}; wanted (H, W, 3) uint8 RGB")
    if min(image.shape[:2]) < 16:
        raise InputError(f"image is {image.shape[1]} x {image.shape[0]} pixels; at least 16 x 16 are needed")


def check_depth(depth: NDArray[np.float32], image: NDArray[np.uint8]) -> None:
    """Refuse depth that is not (H, W) float32 of the image's size.

    Raises:
        InputError: with the shapes given.
    """
    if depth.shape != image.shape[:2] or depth.dtype != np.float32:
        raise InputError(
            f"depth is {depth.shape} {depth.dtype} for an image of {image.shape[:2]}; "
            "wanted float32 metres registered to the image"
        )
