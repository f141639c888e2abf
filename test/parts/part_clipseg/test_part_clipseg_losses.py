"""Eq. 5 against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from uois_sam.parts.part_clipseg.losses import mask_losses, mask_targets, with_hypernym
from uois_sam.parts.part_clipseg.network import PartMaps

CLASSES = torch.tensor([[0, 0], [0, 1], [1, 0]])
OBJECTS = torch.tensor([[[0, 0, 1, -1]]])
LABELS = torch.tensor([[[1, -1, 2, -1]]])


def test_targets() -> None:
    targets = mask_targets(OBJECTS, LABELS, CLASSES, (2, 2))
    assert targets.objects[0, :, 0].tolist() == [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert targets.parts[0, :, 0].tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert targets.classes[0, :, 0].tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert targets.labelled[0, 0].tolist() == [True, False, True, False]
    assert targets.empty[0, 0].tolist() == [False, False, False, True]


def test_a_hypernym_is_every_object_and_has_every_part() -> None:
    targets = with_hypernym(mask_targets(OBJECTS, LABELS, CLASSES, (2, 2)))
    assert targets.objects[0, 2, 0].tolist() == [1, 1, 1, 0]
    assert targets.objects[0, 3, 0].tolist() == [0, 0, 0, 1]
    assert targets.classes[0, 3:5, 0].tolist() == targets.parts[0, :, 0].tolist()
    assert targets.classes[0, 5, 0].tolist() == [0, 0, 0, 1]


def test_losses() -> None:
    targets = mask_targets(OBJECTS, LABELS, CLASSES, (2, 2))
    maps = PartMaps(torch.zeros(1, 3, 1, 4), torch.zeros(1, 2, 1, 4), torch.zeros(1, 4, 1, 4))
    losses = mask_losses(maps, targets, background_weight=0.05)
    half = math.log(2)
    assert float(losses["object"]) == pytest.approx(half * 2.05 / 3)
    assert float(losses["part"]) == pytest.approx(half)
    assert float(losses["class"]) == pytest.approx(2 * half * 3.05 / 4)


def test_an_unlabelled_pixel_of_an_object_counts_for_objects_alone() -> None:
    targets = mask_targets(OBJECTS, LABELS, CLASSES, (2, 2))
    zero = PartMaps(torch.zeros(1, 3, 1, 4), torch.zeros(1, 2, 1, 4), torch.zeros(1, 4, 1, 4))
    wrong = PartMaps(zero.objects.clone(), zero.parts.clone(), zero.classes.clone())
    for logits in (wrong.objects, wrong.parts, wrong.classes):
        logits[..., 1] = 9.0
    before, after = mask_losses(zero, targets), mask_losses(wrong, targets)
    assert float(after["part"]) == pytest.approx(float(before["part"]))
    assert float(after["class"]) == pytest.approx(float(before["class"]))
    assert float(after["object"]) > float(before["object"])


def test_an_image_of_background_alone_has_losses() -> None:
    nothing = torch.full((1, 1, 4), -1)
    targets = mask_targets(nothing, nothing, CLASSES, (2, 2))
    maps = PartMaps(torch.zeros(1, 3, 1, 4), torch.zeros(1, 2, 1, 4), torch.zeros(1, 4, 1, 4))
    losses = mask_losses(maps, targets)
    assert float(losses["part"]) == 0
    assert float(losses["class"]) == pytest.approx(math.log(2) * 3.05 / 4)
