"""One picture of many frames: the image with its objects outlined, and its depth beside it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.commands.report.pictures import colour_depth
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.types import Frame, Instances, relabel

_WIDTH = 320  # of one picture, pixels
_GAP = 8
_CAPTION = 22
_PAPER, _INK, _NOTHING = (250, 250, 250), (30, 30, 30), (215, 215, 215)
_IGNORED = np.array([90, 90, 90], np.uint8)
_FONT, _FONT_SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.42
_WIDEST = 2000


def contact_sheet(frames: Sequence[Frame], rule: LabelRule) -> NDArray[np.uint8]:
    """The frames in rows, from the left, each with name, number of objects and range of depth.

    Objects are tinted and outlined; pixels that count for nobody are hatched grey. Where no frame has depth, only
    images are shown.

    Args:
        frames: one or more, with labels.
        rule: which labels are objects and which pixels count for nobody.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    with_depth = any(frame.depth is not None for frame in frames)
    tiles = [_tile(frame, rule, with_depth) for frame in frames]
    height, width = max(t.shape[0] for t in tiles), tiles[0].shape[1]
    columns = min(len(tiles), max(1, (_WIDEST - _GAP) // (width + _GAP)))
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, 3), _PAPER, np.uint8)
    for k, tile in enumerate(tiles):
        top = _GAP + k // columns * (height + _GAP)
        left = _GAP + k % columns * (width + _GAP)
        sheet[top : top + tile.shape[0], left : left + width] = tile
    return sheet


def _tile(frame: Frame, rule: LabelRule, with_depth: bool) -> NDArray[np.uint8]:
    height, width = frame.image.shape[:2]
    small = (_WIDTH, max(1, round(height * _WIDTH / width)))
    shrinks = width > _WIDTH
    image = cv2.resize(frame.image, small, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST)
    label = np.zeros((height, width), np.uint16) if frame.label is None else frame.label
    objects = relabel(rule.objects(label))
    count = int(objects.max(initial=0))
    ignored = cv2.resize(rule.ignored(label).astype(np.uint8), small, interpolation=cv2.INTER_NEAREST) > 0
    hatched = ignored & (np.add.outer(np.arange(small[1]), np.arange(small[0])) % 6 < 2)
    seen = np.where(hatched[..., None], _IGNORED, image).astype(np.uint8)
    shown = cv2.resize(objects, small, interpolation=cv2.INTER_NEAREST).astype(np.uint16)
    pictures = [_outlined(shown, seen)]
    caption = f"{frame.name}   {count} object{'' if count == 1 else 's'}"
    if with_depth:
        if frame.depth is None:
            pictures.append(np.full_like(seen, _NOTHING))
            caption += "   no depth"
        else:
            coloured, near, far = colour_depth(frame.depth)
            coloured[frame.depth <= 0] = _NOTHING  # on paper, a dark grey would pass for near
            pictures.append(cv2.resize(coloured, small, interpolation=cv2.INTER_NEAREST).astype(np.uint8))
            caption += f"   {near:.2f} to {far:.2f} m"
    row = np.hstack(pictures)
    band = np.full((_CAPTION, row.shape[1], 3), _PAPER, np.uint8)
    cv2.putText(band, _fit(caption, row.shape[1]), (2, _CAPTION - 7), _FONT, _FONT_SIZE, _INK, 1, cv2.LINE_AA)
    return np.vstack([band, row])


def _outlined(objects: NDArray[np.uint16], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image with its objects tinted and outlined; objects that the reduction swallowed are left out."""
    return Instances.from_label_image(relabel(objects)).overlay(image, opacity=0.35)


def _fit(text: str, width: int) -> str:
    """The text, without its beginning where it is too long for the width in pixels."""
    if cv2.getTextSize(text, _FONT, _FONT_SIZE, 1)[0][0] <= width:
        return text
    while text and cv2.getTextSize("..." + text, _FONT, _FONT_SIZE, 1)[0][0] > width:
        text = text[1:]
    return "..." + text
