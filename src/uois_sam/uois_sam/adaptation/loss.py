"""The sparse binary cross entropy of clicks and pruned masks (Schön et al., 2024, eq. 2)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.adaptation.pseudo_labels import BACKGROUND, OBJECT, UNKNOWN
from uois_sam.sam.logits import full_size, logits_at

_FEW = 0.05


def sparse_bce(logits: Tensor, labels: NDArray[np.int8]) -> Tensor:
    """Mean cross entropy over the pixels of the object plus that over the background's.

    Args:
        logits: (1, h, w) float32 that cover the image, at any resolution; taken at the image's pixels.
        labels: (H, W) int8, 1 object, 0 background, -1 unknown.

    Returns:
        A scalar; a class without a pixel adds nothing.
    """
    rows, columns = np.nonzero(labels != UNKNOWN)
    if len(rows) < _FEW * labels.size:
        points = torch.from_numpy(np.stack([columns, rows], 1).astype(np.float32))
        values = logits_at(logits, points, labels.shape)[0]
    else:
        values = full_size(logits, labels.shape)[0][torch.from_numpy(rows), torch.from_numpy(columns)]
    known = torch.from_numpy(labels[rows, columns]).to(values.device)
    entropy = F.binary_cross_entropy_with_logits(values, known.to(values), reduction="none")
    return sum((entropy[known == kind].mean() for kind in (OBJECT, BACKGROUND) if kind in known), values.sum() * 0)
