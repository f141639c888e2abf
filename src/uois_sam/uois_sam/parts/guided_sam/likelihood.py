"""What the patches of a region say about its pixels, as a prompt and as a prior of the segmenter's answer.

Ours, not the paper's, which prompts with one point of all that the patches know.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

_PROMPT_GAIN, _PROMPT_MIDDLE, _PROMPT_MOST = 12.0, 0.6, 8.0
"""Logits of the mask prompt: gain (likelihood - middle), within what segmenters are trained to be given."""
_TRUST = 2.0
"""Log-odds that candidates which agree are worth; less than sure patches are."""
_SURE = 0.98
_SOFT = 4.0
"""Logits of a candidate that mean it is about sure."""


def spread(likelihood: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """(h, w) float32, the likelihood of cells (rows, columns) between which it changes steadily."""
    return cv2.resize(likelihood, (size[1], size[0]), interpolation=cv2.INTER_LINEAR).astype(
        np.float32, copy=False
    )


def mask_prompt(likelihood: NDArray[np.float32], size: tuple[int, int]) -> torch.Tensor:
    """(1, h, w) float32 logits of `size` h, w, from the (H, W) likelihood of an image's pixels."""
    small = cv2.resize(likelihood, (size[1], size[0]), interpolation=cv2.INTER_AREA)[None]
    logits = _PROMPT_GAIN * (small - _PROMPT_MIDDLE)
    return torch.from_numpy(np.clip(logits, -_PROMPT_MOST, _PROMPT_MOST).astype(np.float32))


def join_candidates(likelihood: NDArray[np.float32], logits: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The pixels that likelihood and candidates together hold for the part.

    A candidate counts as much as it agrees with the likelihood (soft IoU, shares sum to 1); the part is where the
    log-odds of the likelihood and the votes of the candidates sum to more than 0.

    Args:
        likelihood: (h, w) of the pixels, 0 to 1.
        logits: (K, h, w) float32 of the candidates.

    Returns:
        (h, w) bool.
    """
    masks = logits > 0
    shared = np.where(masks, likelihood, 0).sum((1, 2))
    joined = np.maximum(likelihood, masks).sum((1, 2))
    agree = shared / np.maximum(joined, 1e-6)
    votes = np.tensordot(agree / max(float(agree.sum()), 1e-6), np.tanh(logits / _SOFT), 1)
    sure = np.clip(likelihood, 1 - _SURE, _SURE)
    part: NDArray[np.bool_] = np.log(sure / (1 - sure)) + _TRUST * votes > 0
    return part
