from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from same_colour import SameColour, frame, mug

from uois_sam.errors import InputError
from uois_sam.parts.guided_sam.drawing import RegionDrawer, at_least, whole_pixels
from uois_sam.parts.guided_sam.guidance import Region, find_regions, single_patches
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.settings import Variant

GRID = PatchGrid(8, 2)
AREA = (0, 0, 96, 96)
HANDLE = mug()[..., 0] == 200


def on_the_handle() -> tuple[Region, list[Region]]:
    """A region whose surest patch lies on the handle and whose centre lies on the body."""
    probability = np.zeros(49, np.float32)
    for row, column, value in ((3, 5, 0.9), (3, 4, 0.8), (3, 3, 0.7), (3, 2, 0.6)):
        probability[7 * row + column] = value
    (region,) = find_regions(probability, GRID, AREA, 0.5)
    return region, single_patches(region, probability, GRID, AREA)


def drawn(drawer: RegionDrawer, segmenter: SameColour, variant: Variant) -> np.ndarray:
    region, patches = on_the_handle()
    image = np.zeros((96, 96), bool)
    found = drawer.draw(frame(segmenter), "handle", region, patches, [variant])
    assert list(found) == [variant]
    for mask in found[variant]:
        mask.paste(image)
    return image


@pytest.mark.parametrize("encode", ["crop", "frame"])
def test_the_prompt_decides_what_is_drawn(encode: str) -> None:
    segmenter = SameColour()
    drawer = RegionDrawer(segmenter, encode)
    region, _ = on_the_handle()
    assert region.box == (24, 36, 84, 60)
    within = np.zeros((96, 96), bool)
    within[36:60, 24:84] = True
    likely = drawn(drawer, segmenter, Variant.ROI_LGSAM)
    assert np.array_equal(likely, HANDLE)
    central = drawn(drawer, segmenter, Variant.ROI_CGSAM)
    assert np.array_equal(central, (mug()[..., 0] == 100) & within)


def test_a_crop_is_encoded_once_for_both_prompts() -> None:
    segmenter = SameColour()
    region, patches = on_the_handle()
    seen = frame(segmenter)
    both = [Variant.ROI_LGSAM, Variant.ROI_CGSAM]
    RegionDrawer(segmenter).draw(seen, "handle", region, patches, both)
    assert segmenter.encoded == [(96, 96), (24, 60)]
    assert segmenter.prompts[0].boxes is None


def test_a_reused_embedding_is_prompted_with_the_region_too() -> None:
    segmenter = SameColour()
    region, patches = on_the_handle()
    RegionDrawer(segmenter, "frame").draw(frame(segmenter), "handle", region, patches, [Variant.ROI_LGSAM])
    assert segmenter.encoded == [(96, 96)]
    boxes = segmenter.prompts[0].boxes
    assert boxes is not None
    assert boxes.tolist() == [[24, 36, 84, 60]]


def test_patches_alone() -> None:
    segmenter = SameColour()
    naive = drawn(RegionDrawer(segmenter), segmenter, Variant.NAIVE)
    expected = np.zeros((96, 96), bool)
    expected[36:60, 24:84] = True
    assert np.array_equal(naive, expected)
    each = drawn(RegionDrawer(segmenter), segmenter, Variant.PATCH_CGSAM)
    assert each[HANDLE].all()
    assert each[40, 40]
    assert not each[~expected].any()


@pytest.mark.parametrize("encode", ["crop", "frame"])
def test_all_that_the_patches_know_is_a_prompt(encode: str) -> None:
    segmenter = SameColour()
    drawer = RegionDrawer(segmenter, encode)
    by_box = drawn(drawer, segmenter, Variant.ROI_MGSAM)
    assert np.array_equal(by_box, HANDLE)
    (prompt,) = segmenter.prompts
    assert prompt.boxes is not None
    assert prompt.masks is not None
    size = (96, 96) if encode == "frame" else (24, 60)
    assert prompt.boxes.tolist() == [[24, 36, 84, 60] if encode == "frame" else [0, 0, 60, 24]]
    assert prompt.masks.shape == (1, 4 * size[0], 4 * size[1])
    if encode == "frame":
        assert prompt.masks[0, 0, 0] == pytest.approx(-7.2)


def test_candidates_and_patches_together() -> None:
    segmenter = SameColour()
    probability = np.zeros((7, 7), np.float32)
    probability[2:5, 4:6] = 0.9
    (region,) = find_regions(probability.reshape(-1), GRID, AREA, 0.5)
    drawer = RegionDrawer(segmenter, "frame")
    (mask,) = drawer.draw(frame(segmenter), "handle", region, [], [Variant.ROI_PGSAM])[Variant.ROI_PGSAM]
    assert mask.box == (48, 24, 84, 72)
    sure_and_bright, vague_and_dark, likely_but_dark = mask.mask[24, 24], mask.mask[42, 6], mask.mask[24, 10]
    assert sure_and_bright
    assert not vague_and_dark
    assert not likely_but_dark


def test_grounded_variants_draw_the_boxes_of_a_text() -> None:
    segmenter = SameColour()
    asked = []

    def detector(image: np.ndarray, text: str) -> np.ndarray:
        asked.append((image.shape[:2], text))
        return np.array([[30, 2, 60, 24]], np.float32) if image.shape[1] == 60 else np.zeros((0, 4), np.float32)

    drawer = RegionDrawer(segmenter, "crop", detector)
    grounded = drawn(drawer, segmenter, Variant.ROI_GGSAM)
    assert asked == [((24, 60), "handle")]
    expected = HANDLE.copy()
    expected[:38] = False
    assert np.array_equal(grounded, expected)
    assert not drawn(drawer, segmenter, Variant.PATCH_GGSAM).any()
    with pytest.raises(InputError, match="GGSAM needs a text-prompted detector"):
        drawn(RegionDrawer(segmenter), segmenter, Variant.ROI_GGSAM)


def test_small_regions_are_encoded_with_what_is_around_them() -> None:
    segmenter = SameColour()
    mask = RegionDrawer(segmenter).draw_prompted(frame(segmenter), (80, 56, 84, 60), (81.0, 57.0))
    assert segmenter.encoded[-1] == (16, 16)
    assert mask.box == (80, 56, 84, 60)
    assert mask.mask.all()


@given(
    st.tuples(*[st.floats(-20, 120)] * 4), st.integers(1, 40), st.tuples(st.integers(1, 100), st.integers(1, 100))
)
def test_boxes_stay_within_the_image(
    box: tuple[float, float, float, float], side: int, size: tuple[int, int]
) -> None:
    x0, y0, x1, y1 = own = whole_pixels(box, size)
    assert 0 <= x0 < x1 <= size[1]
    assert 0 <= y0 < y1 <= size[0]
    grown = at_least(own, side, size)
    assert grown[0] <= x0 < x1 <= grown[2]
    assert grown[1] <= y0 < y1 <= grown[3]
    assert 0 <= grown[0] <= grown[2] <= size[1]
    assert 0 <= grown[1] <= grown[3] <= size[0]
    assert grown[2] - grown[0] >= min(side, size[1])
    assert grown[3] - grown[1] >= min(side, size[0])
