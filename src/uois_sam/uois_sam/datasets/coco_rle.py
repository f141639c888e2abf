"""Run-length encoded masks as COCO's annotation files hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError

_FIRST = 48  # "0": each character holds 5 bits of a number, the lowest first
_MORE, _SIGN = 0x20, 0x10


def decode_rle(rle: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask of {"size": [H, W], "counts": ...}.

    Runs of outside and inside take turns, outside first, down the columns from the left. `counts` is a list of
    their lengths, or a string: numbers of 5 bits a character, from the fourth on the difference to the number two
    before (the COCO API's compressed form).

    Args:
        rle: as parsed from JSON.
        size: H, W that the mask must have.

    Returns:
        (H, W) bool.

    Raises:
        InputError: it is something else, of another size, or its runs do not fill the image.
    """
    if (
        not isinstance(rle, dict)
        or rle.get("size") != list(size)
        or not isinstance(rle.get("counts"), (str, list))
    ):
        raise InputError(f"mask is no run-length code of {size[0]} x {size[1]} px (height x width)")
    counts = rle["counts"]
    try:
        runs = np.array(_runs(counts) if isinstance(counts, str) else counts, np.int64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"runs of a mask are no whole numbers: {error}") from error
    if runs.ndim != 1 or (runs < 0).any() or runs.sum() != size[0] * size[1]:
        raise InputError(f"runs of a mask cover {runs.sum()} of {size[0] * size[1]} pixels; the file is damaged")
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(size, order="F")


def encode_rle(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """{"size": [H, W], "counts": "..."} of an (H, W) bool mask, in the compressed form that `decode_rle` reads."""
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(np.diff(flat, prepend=False))
    runs = np.diff(changes, prepend=0, append=len(flat)).tolist()
    return {"size": list(mask.shape), "counts": _text(runs)}


def _text(runs: list[int]) -> str:
    characters = []
    for k, run in enumerate(runs):
        left = run - runs[k - 2] if k > 2 else run
        while True:
            bits = left & 0x1F
            left >>= 5
            if left == (-1 if bits & _SIGN else 0):
                break
            characters.append(chr(_FIRST + bits + _MORE))
        characters.append(chr(_FIRST + bits))
    return "".join(characters)


def _runs(text: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - _FIRST
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & _MORE:
            continue
        if bits & _SIGN:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs
