"""Masks made sharp by prompting."""

from __future__ import annotations

import numpy as np
import torch
from part_doubles import Echo, H, W, embedded

from uois_sam.parts.part_clipseg.refine import innermost_point, refine_masks
from uois_sam.segmentation.load import load_segmenter


def box(x: int, y: int, w: int, h: int) -> np.ndarray:
    mask = np.zeros((H, W), bool)
    mask[y : y + h, x : x + w] = True
    return mask


def test_the_candidate_most_like_the_mask_is_taken() -> None:
    mask = box(10, 10, 20, 12)
    echo = Echo()
    (found,) = refine_masks(echo, embedded().embedding, [mask], 0.5)
    assert np.count_nonzero(found != mask) < 0.1 * np.count_nonzero(mask)
    assert found is not mask
    prompt = echo.prompts[-1]
    assert prompt.points is not None
    assert prompt.masks is not None
    assert prompt.masks.shape == (1, 20, 30), "the segmenter's own size"
    x, y = prompt.points[0, 0].tolist()
    assert mask[int(y), int(x)]


def test_the_mask_stays_where_no_candidate_agrees() -> None:
    mask = box(10, 10, 8, 12)
    (found,) = refine_masks(Echo((9, 9, 9, 9)), embedded().embedding, [mask], 0.5)
    np.testing.assert_array_equal(found, mask)


def test_many_masks_are_decoded_in_pieces() -> None:
    masks = [box(2 + k, 10, 20, 12) for k in range(20)]
    echo = Echo()
    assert len(refine_masks(echo, embedded().embedding, masks, 0.5)) == 20
    assert [len(prompts) for prompts in echo.prompts] == [1, 15, 5]
    assert refine_masks(echo, embedded().embedding, [], 0.5) == []


def test_the_innermost_point() -> None:
    assert innermost_point(box(10, 10, 5, 5)) == (12, 12)
    ring = box(0, 0, 30, 30) & ~box(5, 5, 20, 20)
    x, y = innermost_point(ring)
    assert ring[int(y), int(x)]
    assert innermost_point(box(7, 3, 1, 1)) == (7, 3)


def test_the_bundled_segmenter_takes_such_prompts() -> None:
    segmenter = load_segmenter("uois-sam-tiny", torch.device("cpu")).segmenter
    image = np.full((96, 128, 3), 60, np.uint8)
    image[20:70, 30:90] = (200, 120, 40)
    mask = np.zeros((96, 128), bool)
    mask[20:70, 30:90] = True
    (found,) = refine_masks(segmenter, segmenter.encode(image), [mask], 0.5)
    assert np.count_nonzero(found & mask) > 0.5 * np.count_nonzero(found | mask)
