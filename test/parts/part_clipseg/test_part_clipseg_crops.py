"""Square windows around things."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.parts.part_clipseg.crops import Crop, crop_around


def test_the_window_is_square_and_centred() -> None:
    assert crop_around((10, 20, 40, 20), 0.0) == Crop(10, 10, 40)
    assert crop_around((10, 20, 40, 20), 0.25) == Crop(0, 0, 60)


@given(x=st.integers(-30, 30), y=st.integers(-30, 30), side=st.integers(1, 40))
def test_what_was_cut_is_put_back_where_it_was(x: int, y: int, side: int) -> None:
    crop = Crop(x, y, side)
    image = np.arange(1, 20 * 24 + 1).reshape(20, 24)
    window = crop.cut(image, 0)
    assert window.shape == (side, side)
    back = crop.paste(window, (20, 24), 0)
    inside = np.zeros((20, 24), bool)
    inside[max(y, 0) : max(y + side, 0), max(x, 0) : max(x + side, 0)] = True
    np.testing.assert_array_equal(back, np.where(inside, image, 0))


def test_colours_keep_their_channels() -> None:
    assert Crop(-1, -1, 3).cut(np.ones((2, 2, 3), np.uint8), 0)[:, :, 0].tolist() == [
        [0, 0, 0],
        [0, 1, 1],
        [0, 1, 1],
    ]
