"""PartCLIPSeg's mask supervision (Choi et al., 2024, eq. 5): objects, generalized parts, object-specific parts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from uois_sam.parts.part_clipseg.network import PartMaps


@dataclass(frozen=True)
class MaskTargets:
    """What the masks of B images should be, at their size.

    Attributes:
        objects: (B, O + 1, h, w) float32 of 0 and 1, the background last.
        parts: (B, P, h, w).
        classes: (B, C + 1, h, w), the background last.
        labelled: (B, h, w) bool, pixels of a known part.
        empty: (B, h, w) bool, pixels of the background. What is neither belongs to an object but to no known part.
    """

    objects: Tensor
    parts: Tensor
    classes: Tensor
    labelled: Tensor
    empty: Tensor


def mask_targets(objects: Tensor, labels: Tensor, classes: Tensor, counts: tuple[int, int]) -> MaskTargets:
    """Targets of label maps.

    Args:
        objects: (B, h, w) int64, index of the object, -1 on the background.
        labels: (B, h, w) int64, index of the object-specific part, -1 where there is none.
        classes: (C, 2) int64, object and part of each object-specific part.
        counts: numbers of objects and of parts, O and P.
    """
    specific = _one_hot(labels, len(classes))
    shared = specific.new_zeros(len(labels), counts[1], *labels.shape[1:])
    shared.index_add_(1, classes[:, 1], specific)
    labelled = labels >= 0
    empty = (objects < 0) & ~labelled
    background = empty[:, None].float()
    return MaskTargets(
        torch.cat([_one_hot(objects, counts[0]), background], 1),
        shared,
        torch.cat([specific, background], 1),
        labelled,
        empty,
    )


def with_hypernym(targets: MaskTargets) -> MaskTargets:
    """The targets with one object more, which any object is, and its parts, which any object's parts are."""
    objects, background = targets.objects[:, :-1], targets.objects[:, -1:]
    return replace(
        targets,
        objects=torch.cat([objects, objects.amax(1, keepdim=True), background], 1),
        classes=torch.cat([targets.classes[:, :-1], targets.parts, targets.classes[:, -1:]], 1),
    )


def mask_losses(maps: PartMaps, targets: MaskTargets, background_weight: float = 0.05) -> dict[str, Tensor]:
    """The three sums of eq. 5 as means, named "class", "object" and "part".

    As in the published code, pixels that belong to an object but to no known part count for objects alone; the
    object-specific parts are judged on labelled pixels and on the background, each by its own mean; the
    generalized parts on labelled pixels; and the background's own channel weighs `background_weight`.
    """
    classes = _judge(maps.classes, targets.classes, targets.labelled, background_weight)
    classes = classes + _judge(maps.classes, targets.classes, targets.empty, background_weight)
    everywhere = torch.ones_like(targets.labelled)
    return {
        "class": classes,
        "object": _judge(maps.objects, targets.objects, everywhere, background_weight),
        "part": _judge(maps.parts, targets.parts, targets.labelled, 1.0),
    }


def _judge(logits: Tensor, target: Tensor, where: Tensor, last_weight: float) -> Tensor:
    """Mean binary cross-entropy over some pixels, the last channel with a weight of its own; 0 for no pixels."""
    weight = logits.new_ones(logits.shape[1])
    weight[-1] = last_weight
    entropy = F.binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
    entropy = (entropy * weight[:, None, None]).mean(1)
    return entropy[where].sum() / where.sum().clamp(min=1)


def _one_hot(labels: Tensor, count: int) -> Tensor:
    """(B, count, h, w) float32 of (B, h, w) labels; nothing is set for -1."""
    return F.one_hot(labels + 1, count + 1)[..., 1:].permute(0, 3, 1, 2).float()
