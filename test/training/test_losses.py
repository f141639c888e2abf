from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from uois_sam.training.batches import Batch
from uois_sam.training.losses import foreground_loss, heatmap_loss, iou_targets, mask_losses, true_masks


def batch() -> Batch:
    """Two frames, two prompts each: things 1 and 2 of the first, thing 1 and the background of the second."""
    label = torch.zeros(2, 8, 8, dtype=torch.int16)
    label[0, :4, :4], label[0, 4:, 4:], label[1, 2:6, 2:6] = 1, 2, 1
    nothing = torch.zeros(0)
    parts = torch.zeros(2, 8, 8, dtype=torch.int32)
    parts[0, 6:, 4:] = 513
    return Batch(
        nothing,
        nothing,
        label,
        parts,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        torch.tensor([1, 2, 1, 0]),
    )


def perfect(b: Batch) -> torch.Tensor:
    logits = torch.full((4, 4, 8, 8), -9.0)
    logits[:3, 1] = true_masks(b) * 18 - 9
    return logits


def test_true_masks_follow_the_prompts() -> None:
    masks = true_masks(batch())
    assert masks.sum((1, 2)).tolist() == [16, 16, 16]
    assert masks[1, 5, 5] == 1
    assert masks[2, 3, 3] == 1


def test_a_part_has_a_mask_of_its_own() -> None:
    b = replace(batch(), target=torch.tensor([1, 513, 1, 0]))
    assert true_masks(b).sum((1, 2)).tolist() == [16, 8, 16]


def test_targets_are_equation_6() -> None:
    b = batch()
    targets, iou = iou_targets(perfect(b), b, true_masks(b))
    assert targets[:, 1].tolist() == [1, 1, 1, 0]
    assert targets[:, 0].tolist() == [0, 0, 0, 0]
    assert iou.shape == (3, 4)


def test_the_best_candidate_carries_the_loss() -> None:
    b = batch()
    scores = torch.zeros(4, 4)
    scores[:3, 1] = 1
    good = mask_losses(perfect(b), scores, b)
    assert good.score == 0
    bad = mask_losses(torch.flip(perfect(b), (3,)), scores, b)
    assert good.mask < 0.3 * bad.mask
    assert bad.score > 0.1


def test_background_alone_has_no_mask_loss() -> None:
    b = batch()
    only = replace(b, target=torch.zeros(4, dtype=torch.long))
    losses = mask_losses(perfect(b).requires_grad_(), torch.zeros(4, 4), only)
    assert losses.mask == 0
    losses.mask.backward()
    assert len(losses.iou) == 0


def test_foreground_and_heatmap_reward_the_truth() -> None:
    foreground = torch.zeros(1, 6, 6)
    foreground[0, 2:4, 2:4] = 1
    right = torch.stack([-foreground * 20 + 10, foreground * 20 - 10], 1)
    assert foreground_loss(right, foreground) < 0.1 < foreground_loss(-right, foreground)
    heatmap = torch.zeros(1, 6, 6)
    heatmap[0, 3, 3] = 1
    assert heatmap_loss(heatmap * 20 - 10, heatmap) < 0.01 < heatmap_loss(torch.zeros(1, 6, 6), heatmap)
    assert np.isfinite(float(heatmap_loss(torch.zeros(1, 6, 6), torch.zeros(1, 6, 6))))


def test_losses_are_means_over_prompts() -> None:
    b = batch()
    doubled = replace(b, label=b.label.repeat(2, 1, 1), parts=b.parts.repeat(2, 1, 1), target=b.target.repeat(2))
    one = mask_losses(perfect(b) * 0.1, torch.full((4, 4), 0.3), b)
    two = mask_losses((perfect(b) * 0.1).repeat(2, 1, 1, 1), torch.full((8, 4), 0.3), doubled)
    assert float(one.mask) == pytest.approx(float(two.mask), rel=1e-5)
    assert float(one.score) == pytest.approx(float(two.score), rel=1e-5)
