"""What the reports share: the frame of a page, tiles, scores and pictures; no script, nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.commands.outputs import encode_image
from uois_sam.commands.report.style import STYLE
from uois_sam.evaluation.bootstrap import Mean
from uois_sam.evaluation.results import HEADS

SCORES_EXPLAINED = (
    "P: precision, R: recall, F: their harmonic mean, %75: objects found with F above 0.75; means over images, "
    "bootstrap intervals."
)


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, with a line of text below it."""

    uri: str
    caption: str


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page; empty parts are left out.

    Args:
        title: text.
        parts: HTML.
    """
    content = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>uois_sam: {escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    )


def tiles(values: Iterable[tuple[str, str]]) -> str:
    """The figures that matter most, each a value and what it is."""
    cells = "".join(f"<div><b>{escape(value)}</b><span>{escape(name)}</span></div>" for value, name in values)
    return f'<section class="tiles">{cells}</section>'


def scores_table(title: str, means: Mapping[str, Mean], sign: str = "") -> str:
    """Means and their intervals in per cent, in the columns of the papers; with `sign` "+", rises carry one."""
    head = "".join(f"<th>{name}</th>" for name in HEADS)
    mean = "".join(f"<td>{100 * m.value:{sign}.1f}</td>" for m in means.values())
    between = " to " if sign else " &ndash; "
    interval = "".join(
        f"<td>{100 * m.low:{sign}.1f}{between}{100 * m.high:{sign}.1f}</td>" for m in means.values()
    )
    return (
        f'<table class="scores"><tr><th></th>{head}</tr><tr><th>{escape(title)}</th>{mean}</tr>'
        f"<tr><th>95 % interval</th>{interval}</tr></table>"
    )


def article(title: str, facts: Sequence[str], shown: Iterable[Picture], more: str = "") -> str:
    """A heading, facts beside it, and pictures below; `more` is HTML beside the pictures."""
    figures = "".join(
        f'<figure><img src="{picture.uri}" alt="{escape(picture.caption)}"><figcaption>{escape(picture.caption)}'
        "</figcaption></figure>"
        for picture in shown
    )
    return (
        f"<article><h3>{escape(title)}<small>{escape(' · '.join(facts))}</small></h3>"
        f'<div class="pictures">{figures}{more}</div></article>'
    )


def embedded(image: NDArray[np.uint8], max_width: int | None = None) -> str:
    """(H, W, 3) uint8 RGB as the data URI of a JPEG, made smaller where it is wider than `max_width` pixels."""
    height, width = image.shape[:2]
    if max_width is not None and width > max_width:
        size = (max_width, max(1, round(height * max_width / width)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    content = base64.b64encode(encode_image(".jpg", image[..., ::-1])).decode("ascii")
    return f"data:image/jpeg;base64,{content}"
