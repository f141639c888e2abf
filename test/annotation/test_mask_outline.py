"""Outlines of masks."""

from __future__ import annotations

import re

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis.extra import numpy as nst
from numpy.typing import NDArray

from uois_sam.annotation.mask_outline import outline
from uois_sam.datasets.coco_rle import encode_rle


def contours(path: str) -> list[NDArray[np.float64]]:
    """Corners of each closed line."""
    lines = re.findall(r"M([^MZ]*)Z", path)
    assert "".join(f"M{line}Z" for line in lines) == path.replace(" M", "M")
    return [np.array([corner.split() for corner in line.split("L")], float) for line in lines]


def of(mask: NDArray[np.bool_]) -> tuple[list[NDArray[np.float64]], tuple[float, float]]:
    found = outline(encode_rle(mask)["counts"], (mask.shape[0], mask.shape[1]))
    return contours(found.path), found.anchor


def test_a_rectangle_goes_through_its_outer_pixels() -> None:
    mask = np.zeros((10, 20), bool)
    mask[2:7, 5:14] = True
    (corners,), anchor = of(mask)
    assert {tuple(corner) for corner in corners.tolist()} == {(5.5, 2.5), (13.5, 2.5), (13.5, 6.5), (5.5, 6.5)}
    assert anchor[1] == 4.5


def test_pieces_and_holes_are_lines_of_their_own() -> None:
    mask = np.zeros((20, 20), bool)
    mask[1:12, 1:12] = True
    mask[4:9, 4:9] = False
    mask[15:18, 15:18] = True
    lines, (x, y) = of(mask)
    assert len(lines) == 3
    assert mask[int(y), int(x)]


def test_nothing_has_no_line() -> None:
    assert of(np.zeros((6, 8), bool)) == ([], (4.0, 3.0))


@settings(max_examples=60)
@given(nst.arrays(np.bool_, nst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)))
def test_the_lines_enclose_the_mask(mask: NDArray[np.bool_]) -> None:
    lines, (x, y) = of(mask)
    drawn = np.zeros(mask.shape, np.uint8)
    corners = [np.round(line - 0.5).astype(np.int32) for line in lines]
    cv2.drawContours(drawn, corners, -1, 1, cv2.FILLED)  # by the even-odd rule; lines themselves belong to it
    assert not (mask & (drawn == 0)).any()
    assert bool(lines) == mask.any()
    assert not mask.any() or mask[int(y), int(x)]
