"""The sparse binary cross entropy of clicks and pruned masks (Schön et al., 2024, eq. 2)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.adaptation.pseudo_labels import BACKGROUND, OBJECT
from uois_sam.sam.logits import logits_at

MOST_PIXELS = 20_000
"""Of a class; of more, that many stand for all, evenly spaced, so that a step costs as much for any image."""


def sparse_bce(logits: Tensor, labels: NDArray[np.int8]) -> Tensor:
    """Mean cross entropy over the pixels of the object plus that over the background's.

    Args:
        logits: (1, h, w) float32 that cover the image, at any resolution; taken at the image's pixels.
        labels: (H, W) int8, 1 object, 0 background, -1 unknown.

    Returns:
        A scalar; a class without a pixel adds nothing.
    """
    loss = logits.sum() * 0
    for kind in (OBJECT, BACKGROUND):
        known = np.flatnonzero(labels == kind)
        if len(known) > MOST_PIXELS:
            known = known[np.linspace(0, len(known) - 1, MOST_PIXELS).astype(np.int64)]
        if len(known):
            rows, columns = np.divmod(known, labels.shape[1])
            points = torch.from_numpy(np.stack([columns, rows], 1).astype(np.float32))
            values = logits_at(logits, points, labels.shape)
            loss = loss + F.binary_cross_entropy_with_logits(values, torch.full_like(values, kind))
    return loss
