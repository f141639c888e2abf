from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from uois_sam.sam.protocol import MaskCandidates
from uois_sam.segmentation.postprocess import choose_instances, paint, suppress
from uois_sam.segmentation.settings import SegmentationSettings

SIZE = (48, 64)
OPEN = SegmentationSettings(max_area=10**6)


def square(y: int, x: int, side: int) -> Tensor:
    mask = torch.zeros(24, 32, dtype=torch.bool)
    mask[y : y + side, x : x + side] = True
    return mask


def candidates(masks: list[Tensor]) -> MaskCandidates:
    """Each mask as the third of four candidates; the others fill the image."""
    logits = torch.ones(len(masks), 4, 24, 32)
    for k, mask in enumerate(masks):
        logits[k, 2] = torch.where(mask, 5.0, -5.0)
    return MaskCandidates(logits, torch.zeros(len(masks), 4), torch.zeros(0), torch.zeros(0))


def scores(values: list[float]) -> Tensor:
    out = torch.zeros(len(values), 4)
    out[:, 2] = torch.tensor(values)
    return out


def choose(masks: list[Tensor], values: list[float], settings: SegmentationSettings = OPEN):
    points = torch.arange(2.0 * len(masks)).view(-1, 2)
    return choose_instances(candidates(masks), scores(values), points, None, SIZE, settings)


def test_takes_the_best_of_four_and_upsamples() -> None:
    instances = choose([square(4, 4, 6), square(14, 20, 8)], [0.6, 0.9])
    assert instances.score.tolist() == pytest.approx([0.9, 0.6])
    assert instances.prompt.tolist() == [[2, 3], [0, 1]]
    assert instances.bbox.tolist() == [[40, 28, 16, 16], [8, 8, 12, 12]]


def test_score_threshold_is_strict() -> None:
    assert len(choose([square(4, 4, 6)], [0.48])) == 0
    assert len(choose([square(4, 4, 6)], [0.49])) == 1


def test_large_masks_are_removed_in_proportion() -> None:
    settings = SegmentationSettings()  # 200 x 200 of 480 x 640 is 10 x 10 of 24 x 32
    assert len(choose([square(2, 2, 10)], [0.9], settings)) == 1
    assert len(choose([square(2, 2, 11)], [0.9], settings)) == 0


def test_nms_keeps_the_better_of_two_doubles() -> None:
    instances = choose([square(4, 4, 8), square(4, 6, 8)], [0.7, 0.8])  # IoU 0.6
    assert instances.score.tolist() == pytest.approx([0.8])


def test_nms_lets_neighbours_live_and_the_better_lies_on_top() -> None:
    instances = choose([square(4, 4, 8), square(4, 10, 8)], [0.7, 0.8])  # IoU 1/7
    assert len(instances) == 2
    assert instances.label_image[16, 20] == 1
    assert instances.area.tolist() == [256, 192]


def test_containment_drops_a_part_of_a_thing() -> None:
    masks, values = [square(4, 4, 12), square(6, 14, 4)], [0.9, 0.8]  # half of it inside
    assert len(choose(masks, values)) == 2
    assert len(choose(masks, values, SegmentationSettings(max_area=10**6, max_containment=0.4))) == 1


def test_foreground_share() -> None:
    foreground = torch.zeros(12, 16)
    foreground[:6] = 1
    masks = candidates([square(2, 2, 6), square(16, 2, 6)])
    settings = SegmentationSettings(max_area=10**6, min_foreground=0.5)
    out = choose_instances(masks, scores([0.9, 0.9]), torch.zeros(2, 2), foreground, SIZE, settings)
    assert out.bbox.tolist() == [[4, 4, 12, 12]]


def test_no_prompt_survives() -> None:
    empty = choose([square(0, 0, 0)], [0.9])
    assert len(empty) == 0
    assert empty.label_image.shape == SIZE


def test_suppress_is_greedy_by_order() -> None:
    masks = torch.stack([square(0, 0, 8), square(0, 3, 8), square(0, 6, 8)])
    kept = suppress(masks, torch.tensor([0.9, 0.8, 0.7]), SegmentationSettings(nms_iou=0.4))
    assert kept.tolist() == [0, 2]


def test_paint_drops_what_is_covered_and_small_pieces() -> None:
    masks = np.zeros((3, 20, 20), bool)
    masks[0, :10] = True
    masks[1, 2:5, 2:5] = True  # wholly under the first
    masks[2, 12:18, 0:6] = True
    masks[2, 12:14, 15:17] = True  # a crumb
    points = np.arange(6, dtype=np.float32).reshape(3, 2)
    out = paint(masks, np.array([0.9, 0.8, 0.7], np.float32), points, 0.2)
    assert out.score.tolist() == pytest.approx([0.9, 0.7])
    assert out.area.tolist() == [200, 36]
    assert out.prompt.tolist() == [[0, 1], [4, 5]]
