"""Matching and losses (WPS-SAM, eqs. 2 to 4), and DETR's for Det-SAM."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.parts.wps_sam.matching import (
    LossWeights,
    TrueParts,
    box_costs,
    box_losses,
    generalised_iou,
    match,
    token_costs,
    token_losses,
)
from uois_sam.parts.wps_sam.prompter import Proposals

NO_PARTS = TrueParts(torch.zeros(0, dtype=torch.int64), torch.zeros(0, 4))


def certain(kinds: list[int], classes: int = 3) -> torch.Tensor:
    """Logits (1, S, classes) that leave no doubt."""
    return 50 * torch.nn.functional.one_hot(torch.tensor(kinds), classes).float()[None]


def test_costs_are_those_of_equation_three() -> None:
    logits = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    prompts = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    truth = TrueParts(torch.tensor([1]), torch.tensor([[0.0, 0.0]]))
    cost = token_costs(LossWeights())(logits, prompts, truth)
    probability = logits.softmax(-1)[:, 1]
    assert cost[:, 0].tolist() == pytest.approx([-10 * float(probability[0]), 5 - 10 * float(probability[1])])


@given(st.integers(1, 5), st.integers(0, 4), st.integers(0, 10**6))
def test_the_matching_is_the_cheapest(queries: int, parts: int, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    logits, prompts = torch.randn(queries, 3, generator=rng), torch.randn(queries, 4, generator=rng)
    truth = TrueParts(torch.randint(0, 2, (parts,), generator=rng), torch.randn(parts, 4, generator=rng))
    costs = token_costs(LossWeights())
    rows, columns = match(logits, prompts, truth, costs)
    assert len(rows) == len(columns) == min(queries, parts)
    cost = costs(logits, prompts, truth).numpy()
    few, many = sorted((queries, parts))
    tall = cost if queries >= parts else cost.T
    best = min(
        (sum(tall[r, c] for c, r in enumerate(order)) for order in itertools.permutations(range(many), few)),
        default=0.0,
    )
    assert float(cost[rows.numpy(), columns.numpy()].sum()) == pytest.approx(float(best), abs=1e-4)


def test_losses_are_those_of_equation_four() -> None:
    proposals = Proposals(torch.randn(1, 4, 3), torch.zeros(1, 4, 2))
    prompts = proposals.prompts.clone()
    prompts[0, 2] = torch.tensor([3.0, 0.5])
    truth = TrueParts(torch.tensor([1]), torch.tensor([[3.0, 0.9]]))
    sure = proposals.logits.clone()
    sure[0, 2, 1] = 8
    numbers = token_losses(Proposals(sure, prompts), [truth], LossWeights())
    targets = torch.tensor([2, 2, 1, 2])
    entropy = -sure[0].log_softmax(-1)[torch.arange(4), targets].mean()
    distance = (0 + 0.4**2 / 2) / 2
    assert float(numbers["class"]) == pytest.approx(float(entropy), rel=1e-5)
    assert float(numbers["prompt"]) == pytest.approx(distance, rel=1e-5)
    assert float(numbers["loss"]) == pytest.approx(5 * float(entropy) + 20 * distance, rel=1e-5)
    assert float(numbers["recall"]) == 1


def test_frames_without_parts_teach_that_there_is_none() -> None:
    logits = torch.randn(2, 4, 3, requires_grad=True)
    prompts = torch.randn(2, 4, 4, requires_grad=True)
    numbers = token_losses(Proposals(logits, prompts), [NO_PARTS, NO_PARTS], LossWeights())
    assert float(numbers["prompt"].detach()) == 0
    assert float(numbers["class"].detach()) == pytest.approx(
        float(-logits.detach().log_softmax(-1)[..., 2].mean()), rel=1e-5
    )
    numbers["loss"].backward()
    assert prompts.grad is not None
    boxes = box_losses(Proposals(logits.detach(), prompts.detach()), [NO_PARTS, NO_PARTS])
    assert float(boxes["l1"]) == float(boxes["giou"]) == 0


def test_perfect_boxes_cost_nothing() -> None:
    true = torch.tensor([[0.3, 0.4, 0.2, 0.1], [0.7, 0.6, 0.3, 0.3]])
    prompts = torch.full((1, 3, 4), 0.5)
    prompts[0, :2] = true.flip(0)
    parts = TrueParts(torch.tensor([0, 1]), true)
    numbers = box_losses(Proposals(certain([1, 0, 2]), prompts.logit()), [parts])
    assert float(numbers["loss"]) == pytest.approx(0, abs=1e-4)
    assert float(numbers["recall"]) == 1
    assert int(box_costs(certain([1, 0, 2])[0], prompts[0], parts)[:, 0].argmin()) == 1


def test_generalised_iou_of_known_boxes() -> None:
    one = torch.tensor([0.25, 0.5, 0.5, 1.0])
    same, beside, apart = one, torch.tensor([0.75, 0.5, 0.5, 1.0]), torch.tensor([2.25, 0.5, 0.5, 1.0])
    values = [float(generalised_iou(one, other)) for other in (same, beside, apart)]
    np.testing.assert_allclose(values, [1.0, 0.0, -0.6], atol=1e-6)


def test_numbers_that_are_none_do_not_stop_the_matching() -> None:
    truth = TrueParts(torch.tensor([0]), torch.full((1, 4), torch.nan))
    rows, _ = match(torch.zeros(2, 3), torch.zeros(2, 4), truth, token_costs(LossWeights()))
    assert len(rows) == 1
