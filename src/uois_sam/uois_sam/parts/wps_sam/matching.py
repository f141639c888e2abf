"""Matching of proposals with labelled parts, and the losses on it (WPS-SAM, eqs. 2 to 4; DETR's for boxes)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from uois_sam.parts.wps_sam.prompter import Proposals

_NO_PART_WEIGHT = 0.1
"""Of the class "no part" in DETR's cross-entropy (Carion et al., 2020, section 3.1)."""


@dataclass(frozen=True)
class TrueParts:
    """The labelled parts of one frame.

    Attributes:
        kinds: (P,) int64.
        prompts: (P, D) float32: the teacher's tokens in a row, or boxes cx, cy, w, h in 0 .. 1.
    """

    kinds: Tensor
    prompts: Tensor


@dataclass(frozen=True)
class LossWeights:
    """Weights of cost and loss; the defaults are the paper's (section 4.1).

    Attributes:
        class_cost, prompt_cost: alpha and beta of eq. 3.
        class_loss, prompt_loss: lambda cls and lambda reg of eq. 4.
    """

    class_cost: float = 10.0
    prompt_cost: float = 1.0
    class_loss: float = 5.0
    prompt_loss: float = 20.0


Costs = Callable[[Tensor, Tensor, TrueParts], Tensor]
"""From (S, K + 1) logits, (S, D) prompts and P parts to (S, P) costs."""


def token_costs(weights: LossWeights) -> Costs:
    """Eq. 3: - alpha p(c) + beta L2, the Euclidean distance over all numbers of a prompt."""

    def costs(logits: Tensor, prompts: Tensor, truth: TrueParts) -> Tensor:
        probability = logits.softmax(-1)[:, truth.kinds]
        return weights.prompt_cost * torch.cdist(prompts, truth.prompts) - weights.class_cost * probability

    return costs


def box_costs(logits: Tensor, boxes: Tensor, truth: TrueParts) -> Tensor:
    """DETR's cost: - p(c) + 5 L1 - 2 GIoU, for boxes cx, cy, w, h."""
    probability = logits.softmax(-1)[:, truth.kinds]
    overlap = generalised_iou(boxes[:, None], truth.prompts[None])
    return 5 * torch.cdist(boxes, truth.prompts, p=1) - probability - 2 * overlap


@torch.no_grad()
def match(logits: Tensor, prompts: Tensor, truth: TrueParts, costs: Costs) -> tuple[Tensor, Tensor]:
    """Eq. 2: the assignment of least total cost, by the Hungarian algorithm.

    Where a frame has more parts than there are queries, every query has a part and some parts have none.

    Returns:
        (N,) int64 queries and (N,) int64 parts that belong together, N = min(S, P).
    """
    cost = costs(logits.float(), prompts.float(), truth).cpu()
    queries, parts = linear_sum_assignment(cost.nan_to_num(1e6).numpy())
    device = logits.device
    return torch.from_numpy(queries).to(device), torch.from_numpy(parts).to(device)


def token_losses(proposals: Proposals, truth: Sequence[TrueParts], weights: LossWeights) -> dict[str, Tensor]:
    """Eq. 4: cross-entropy of all queries and smooth L1 of the matched prompts.

    As in the authors' public code, the smooth L1 is the mean over a frame's matched prompts and their numbers; to
    the letter, eq. 4 divides it by S.

    Returns:
        "loss", its terms "class" and "prompt", and "recall", the share of parts whose query says their class.
    """
    entropies, distances, found, count = [], [], 0.0, 0
    for logits, prompts, parts in zip(proposals.logits, proposals.prompts, truth, strict=True):
        queries, matched = match(logits, prompts, parts, token_costs(weights))
        target = _targets(logits, queries, parts.kinds[matched])
        entropies.append(F.cross_entropy(logits, target))
        if len(matched):
            distances.append(F.smooth_l1_loss(prompts[queries], parts.prompts[matched]))
            found += float((logits[queries].argmax(-1) == parts.kinds[matched]).sum())
            count += len(parts.kinds)
    entropy = torch.stack(entropies).mean()
    distance = torch.stack(distances).sum() / len(truth) if distances else proposals.prompts.sum() * 0
    loss = weights.class_loss * entropy + weights.prompt_loss * distance
    recall = loss.new_tensor(found / max(count, 1))
    return {"loss": loss, "class": entropy, "prompt": distance, "recall": recall}


def box_losses(proposals: Proposals, truth: Sequence[TrueParts]) -> dict[str, Tensor]:
    """DETR's losses of its last layer: cross-entropy, 5 L1 and 2 (1 - GIoU), the boxes' over their number.

    Returns:
        "loss", its terms "class", "l1" and "giou", and "recall" as `token_losses`.
    """
    logits = proposals.logits.flatten(0, 1)
    targets, chosen, wanted, found = [], [], [], 0.0
    for own, boxes, parts in zip(proposals.logits, proposals.prompts.sigmoid(), truth, strict=True):
        queries, matched = match(own, boxes, parts, box_costs)
        targets.append(_targets(own, queries, parts.kinds[matched]))
        chosen.append(boxes[queries])
        wanted.append(parts.prompts[matched])
        found += float((own[queries].argmax(-1) == parts.kinds[matched]).sum())
    weight = logits.new_ones(logits.shape[-1])
    weight[-1] = _NO_PART_WEIGHT
    entropy = F.cross_entropy(logits, torch.cat(targets), weight)
    boxes, true_boxes = torch.cat(chosen), torch.cat(wanted)
    count = max(len(boxes), 1)
    distance = (boxes - true_boxes).abs().sum() / count
    overlap = (1 - generalised_iou(boxes, true_boxes)).sum() / count
    recall = logits.new_tensor(found / max(sum(len(parts.kinds) for parts in truth), 1))
    loss = entropy + 5 * distance + 2 * overlap
    return {"loss": loss, "class": entropy, "l1": distance, "giou": overlap, "recall": recall}


def generalised_iou(one: Tensor, other: Tensor) -> Tensor:
    """(...,) GIoU of boxes (..., 4) cx, cy, w, h that broadcast (Rezatofighi et al., 2019)."""
    (a0, a1), (b0, b1) = corners(one), corners(other)
    shared = (torch.minimum(a1, b1) - torch.maximum(a0, b0)).clamp(min=0).prod(-1)
    union = (a1 - a0).prod(-1) + (b1 - b0).prod(-1) - shared
    hull = (torch.maximum(a1, b1) - torch.minimum(a0, b0)).prod(-1)
    return shared / union.clamp(min=1e-9) - (hull - union) / hull.clamp(min=1e-9)


def corners(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """(..., 2) lower and upper corners of boxes (..., 4) cx, cy, w, h."""
    half = boxes[..., 2:] / 2
    return boxes[..., :2] - half, boxes[..., :2] + half


def _targets(logits: Tensor, queries: Tensor, kinds: Tensor) -> Tensor:
    """(S,) classes that the queries should say: of their part, or "no part", the last one."""
    targets = torch.full((len(logits),), logits.shape[-1] - 1, dtype=torch.int64, device=logits.device)
    targets[queries] = kinds
    return targets
