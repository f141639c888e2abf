"""WPS-SAM as a part segmenter: prompts for parts straight from the shared embedding, decoded at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.errors import InputError
from uois_sam.parts.protocol import check_same_image, choose_names, in_order, part_of_mask
from uois_sam.parts.wps_sam.model import PartPrompter, load_prompter
from uois_sam.sam.protocol import Embedding, PromptableSegmenter, Prompts
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instances, Parts

_DUPLICATE_IOU = 0.5
"""Parts of one name on one instance that overlap by more are one part; the paper's semantic masks merge them."""


@dataclass(frozen=True)
class WpsSamSettings:
    """Thresholds of inference.

    Attributes:
        score_threshold: least probability of a part's class; the paper has none.

    Raises:
        InputError: it is not from 0 to 1.
    """

    score_threshold: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.score_threshold <= 1:
            raise InputError(f"score threshold is {self.score_threshold}; wanted 0 to 1")


@dataclass(frozen=True)
class PartMasks:
    """Parts of a frame before they are given to instances.

    Attributes:
        kinds: (N,) int64, index into the model's names.
        scores: (N,) float32.
        logits: (N, h, w) float32 at low resolution, covering exactly the image.
    """

    kinds: Tensor
    scores: Tensor
    logits: Tensor


class WpsSam:
    """`PartSegmenter` of WPS-SAM (Wu et al., ECCV 2024), or of Det-SAM where the prompter answers boxes.

    Args:
        prompter: trained with this segmenter.
        segmenter: draws the masks.
        settings: may be replaced between frames.
    """

    def __init__(
        self, prompter: PartPrompter, segmenter: PromptableSegmenter, settings: WpsSamSettings | None = None
    ) -> None:
        self.prompter = prompter
        self.segmenter = segmenter
        self.settings = settings or WpsSamSettings()
        self._wanted = prompter.description.names

    @classmethod
    def from_folder(
        cls, folder: Path, segmenter: PromptableSegmenter, settings: WpsSamSettings | None = None
    ) -> WpsSam:
        """Load what `uois-sam train wps-sam` wrote.

        Raises:
            ModelError: a file is missing or broken, or the prompter belongs to another segmenter.
        """
        return cls(load_prompter(folder, segmenter), segmenter, settings)

    @property
    def names(self) -> tuple[str, ...]:
        """The parts that are looked for."""
        return self._wanted

    def set_parts(self, names: Sequence[str]) -> None:
        """See `PartSegmenter.set_parts`.

        Raises:
            InputError: the prompter does not know a name.
        """
        self._wanted = choose_names(names, self.prompter.description.names)

    @torch.no_grad()
    def masks(self, embedding: Embedding) -> PartMasks | None:
        """The wanted parts anywhere in a frame, drawn in one decode; None without any.

        Raises:
            InputError: the embedding is another segmenter's.
        """
        known = self.prompter.description.names
        found = self.prompter.propose(
            embedding, [known.index(name) for name in self._wanted], self.settings.score_threshold
        )
        if found.prompts is None:
            return None
        return PartMasks(found.kinds, found.scores, draw(self.segmenter, embedding, found.prompts))

    def segment(self, frame: EmbeddedFrame, instances: Instances) -> Parts:
        """See `PartSegmenter.segment`; a part belongs to the instance that its mask covers most of.

        Raises:
            InputError: the instances are of an image of another size.
        """
        check_same_image(frame, instances)
        height, width = frame.embedding.image_size
        found = self.masks(frame.embedding) if len(instances) else None
        if found is None:
            return Parts(height, width)
        owner = owners(found.logits > 0, instances.label_image)
        kept = _without_duplicates(found, owner)
        if not kept:
            return Parts(height, width)
        parts = []
        for row, mask in zip(kept, enlarged(found.logits[kept], (height, width)), strict=True):
            label = int(owner[row])
            name = self.prompter.description.names[int(found.kinds[row])]
            parts.append(
                part_of_mask(instances[label - 1].id, name, float(found.scores[row]), mask & instances.mask(label))
            )
        return Parts(height, width, in_order([part for part in parts if part is not None]))


def draw(segmenter: PromptableSegmenter, embedding: Embedding, prompts: Prompts) -> Tensor:
    """(N, h, w) float32 logits of N prompts: SAM's single mask, the first candidate, as in the authors' code."""
    return segmenter.decode(embedding, prompts).logits[:, 0]


def enlarged(logits: Tensor, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(N, H, W) bool masks of (N, h, w) logits."""
    full = F.interpolate(logits[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    masks: NDArray[np.bool_] = (full > 0).cpu().numpy()
    return masks


def owners(masks: Tensor, label_image: NDArray[np.uint16]) -> NDArray[np.int64]:
    """(N,) int64 label of the instance that each of (N, h, w) bool masks overlaps most; 0 where there is none."""
    h, w = masks.shape[-2:]
    small = cv2.resize(label_image, (w, h), interpolation=cv2.INTER_NEAREST).ravel()
    flat = masks.flatten(1).cpu().numpy()
    shared = np.stack([np.bincount(small[row], minlength=int(label_image.max()) + 1) for row in flat])
    shared[:, 0] = 0
    best: NDArray[np.int64] = shared.argmax(1).astype(np.int64)
    return best


def _without_duplicates(found: PartMasks, owner: NDArray[np.int64]) -> list[int]:
    """Rows with an owner, best score first, without those that a better one of the same name covers."""
    inside = (found.logits > 0).flatten(1).cpu().numpy()
    kinds = found.kinds.cpu().numpy()
    kept: list[int] = []
    for row in np.argsort(-found.scores.cpu().numpy(), kind="stable").tolist():
        rivals = [k for k in kept if kinds[k] == kinds[row] and owner[k] == owner[row]]
        overlaps = [(inside[k] & inside[row]).sum() / max((inside[k] | inside[row]).sum(), 1) for k in rivals]
        if owner[row] > 0 and max(overlaps, default=0) <= _DUPLICATE_IOU:
            kept.append(row)
    return kept
