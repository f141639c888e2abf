"""Prompt encoder of the bundled segmenter: points, boxes and earlier masks to tokens and a dense map."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uois_sam.sam.tiny.encoder import EMBEDDING_DIM

_LOCATOR_CELLS = (30, 40)
_BACKGROUND, _FOREGROUND, _TOP_LEFT, _BOTTOM_RIGHT = range(4)


@dataclass(frozen=True)
class PromptTokens:
    """Tokens of M prompts.

    Attributes:
        tokens: (M, T, C).
        places: (M, T, 2), x, y in 0 .. 1: the point or corner that each token stands for.
        padding: (M, T) bool, tokens that stand for nothing; None where all count.
        reference: (M, 2), x, y in 0 .. 1: the point that the decoder's relative coordinates start from.
    """

    tokens: Tensor
    places: Tensor
    padding: Tensor | None
    reference: Tensor


class Locator(nn.Module):
    """Reads the place off a token: attention to the cells of a grid by their positions.

    Positions are Fourier features of several turns over the image, which a multi-layer perceptron of this size
    undoes to 11 pixels of 320 at the median; attention does to 4.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.sharpness = nn.Parameter(torch.zeros(()))
        nn.init.eye_(self.query.weight)
        nn.init.zeros_(self.query.bias)

    def forward(self, tokens: Tensor, grid: Tensor, positions: Tensor) -> Tensor:
        """(..., 2) means of the (N, 2) grid, weighted by how its (N, C) positions agree with (..., C) tokens."""
        agreement = self.query(tokens) @ positions.T * self.sharpness.exp()
        return agreement.softmax(-1).to(grid.dtype) @ grid


class PromptEncoder(nn.Module):
    """SAM's prompt encoder with two additions that help a small model fit.

    A token also carries the image feature under its point (under the centre, for a box), and every prompt has
    a reference point. Ready tokens, whose points are not known, have theirs read off by `locate`, each by itself.
    """

    def __init__(self, dim: int = EMBEDDING_DIM) -> None:
        super().__init__()
        self.frequencies: Tensor
        self.register_buffer("frequencies", torch.randn(2, dim // 2) * 2.0)
        self.kinds = nn.Parameter(torch.randn(4, dim) * 0.1)
        self.feature = nn.Linear(dim, dim)
        self.locate = Locator(dim)
        self.no_mask = nn.Parameter(torch.zeros(dim))
        self.mask = nn.Sequential(
            nn.Conv2d(1, 8, 2, 2),
            nn.GroupNorm(1, 8),
            nn.GELU(),
            nn.Conv2d(8, 16, 2, 2),
            nn.GroupNorm(1, 16),
            nn.GELU(),
            nn.Conv2d(16, dim, 1),
        )

    def positions(self, xy: Tensor) -> Tensor:
        """(..., C) random Fourier features of coordinates (..., 2) in 0 .. 1."""
        angle = (2 * xy - 1) @ self.frequencies * math.pi
        return torch.cat([angle.sin(), angle.cos()], -1)

    def forward(
        self,
        embedding: Tensor,
        points: Tensor | None,
        labels: Tensor | None,
        boxes: Tensor | None,
    ) -> PromptTokens:
        """Encode the prompts of B images, M / B each, image by image.

        Args:
            embedding: (B, C, h, w).
            points: (M, P, 2) in 0 .. 1; labels: (M, P), 1 on, 0 off, -1 padding.
            boxes: (M, 4), x0, y0, x1, y1 in 0 .. 1; NaN rows have no box.
        """
        tokens, places, padding = [], [], []
        reference = None
        if points is not None and labels is not None:
            known = labels >= 0
            kind = self.kinds[torch.where(labels == 1, _FOREGROUND, _BACKGROUND)]
            token = kind + self.positions(points) + self.feature(_sample(embedding, points))
            tokens.append(token * known[..., None])
            places.append(points)
            padding.append(~known)
            weight = (labels == 1).to(points.dtype)
            weight = torch.where(weight.sum(1, keepdim=True) > 0, weight, known.to(points.dtype))
            reference = (points * weight[..., None]).sum(1) / weight.sum(1, keepdim=True).clamp(min=1)
        if boxes is not None:
            given = ~boxes.isnan().any(1)
            corners = boxes.nan_to_num(0.5).view(-1, 2, 2)
            centre = corners.mean(1)
            kind = self.kinds[[_TOP_LEFT, _BOTTOM_RIGHT]]
            inside = self.feature(_sample(embedding, centre[:, None]))
            tokens.append((kind + self.positions(corners) + inside) * given[:, None, None])
            places.append(corners)
            padding.append(~given[:, None].expand(-1, 2))
            reference = centre if reference is None else torch.where(given[:, None], centre, reference)
        assert reference is not None
        pad = torch.cat(padding, 1)
        return PromptTokens(
            torch.cat(tokens, 1), torch.cat(places, 1), pad if bool(pad.any()) else None, reference
        )

    def from_tokens(self, tokens: Tensor) -> PromptTokens:
        """Ready tokens (M, T, C), with the points that they speak of; the reference point lies between them."""
        places = self.located(tokens)
        return PromptTokens(tokens, places, None, places.mean(1))

    def located(self, tokens: Tensor) -> Tensor:
        """(M, T, 2), x, y in 0 .. 1 that each of (M, T, C) tokens speaks of."""
        grid = cell_centres(*_LOCATOR_CELLS).to(tokens)
        places: Tensor = self.locate(tokens, grid, self.positions(grid))
        return places

    def dense(self, masks: Tensor | None, size: tuple[int, int], count: int) -> Tensor:
        """(count, C, h, w) map of earlier logits (count, H, W); rows of NaN, and None, mean "no mask yet"."""
        empty = self.no_mask.view(1, -1, 1, 1).expand(count, -1, *size)
        if masks is None:
            return empty
        given = ~masks.isnan().flatten(1).any(1)
        logits = masks.nan_to_num(0).clamp(-10, 10)[:, None]
        target = (size[0] * 4, size[1] * 4)
        if logits.shape[-2:] != target:
            logits = F.interpolate(logits, size=target, mode="bilinear", align_corners=False)
        return torch.where(given.view(-1, 1, 1, 1), self.mask(logits), empty)


def cell_centres(h: int, w: int) -> Tensor:
    """(h * w, 2), x, y in 0 .. 1 of the centres of a grid's cells, row by row."""
    y, x = torch.meshgrid((torch.arange(h) + 0.5) / h, (torch.arange(w) + 0.5) / w, indexing="ij")
    return torch.stack([x, y], -1).view(-1, 2)


def _sample(embedding: Tensor, points: Tensor) -> Tensor:
    """(M, P, C) features of (B, C, h, w) under points (M, P, 2) in 0 .. 1, M / B prompts per image."""
    batch, dim = embedding.shape[:2]
    grid = (points.view(batch, -1, points.shape[1], 2) * 2 - 1).float()
    sampled = F.grid_sample(embedding.float(), grid, align_corners=False)
    return sampled.permute(0, 2, 3, 1).reshape(-1, points.shape[1], dim)
