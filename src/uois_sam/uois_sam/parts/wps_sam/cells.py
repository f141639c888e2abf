"""A prompter whose proposals come from the cells of the embedding in place of learned queries.

Queries learn slowly what to ask for (DETR took 500 epochs); cells are told at once which of them is the centre of
a part, so that some epochs on one processor are enough. As in CenterNet (Zhou et al., "Objects as Points", 2019)
every cell says how likely it is the centre of a part of each kind, and peaks of that map are the proposals. Their
boxes become prompt tokens in the segmenter's frozen prompt encoder, whose tokens WPS-SAM's student imitates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uois_sam.parts.wps_sam.matching import corners
from uois_sam.parts.wps_sam.prompter import ChannelNorm, EncoderLayer, PrompterSettings, check_embedding

_PRIOR = 0.01
"""Likelihood of a centre that every cell starts with (Lin et al., "Focal Loss", 2017, section 3.3)."""
_FIRST_SIZE = 4.0
"""Width and height in cells that every box starts with."""
_REPEAT_IOU = 0.5
"""Boxes of one kind that overlap by more are of one part."""
_LARGEST = 6.0
"""Of the logarithm of a box's size in cells."""


@dataclass(frozen=True)
class CellMaps:
    """What the cells of B frames say.

    Attributes:
        logits: (B, K, h, w) float32, of the centre of a part of each kind being in the cell.
        cells: (B, width, h, w), from which boxes are read.
    """

    logits: Tensor
    cells: Tensor


@dataclass(frozen=True)
class Peaks:
    """N proposals of one frame, the likeliest first.

    Attributes:
        kinds: (N,) int64.
        scores: (N,) float32, 0 to 1.
        boxes: (N, 4) float32, cx, cy, w, h in 0 .. 1 of the map.
    """

    kinds: Tensor
    scores: Tensor
    boxes: Tensor


class CellPrompter(nn.Module):
    """Convolutions at the embedding's own stride around a transformer encoder at a coarser one.

    The kind is part of the question for a box: where a lid and its box share a centre, each has a box of its own.

    Args:
        settings: of the network.
        channels: of the embedding.
        grid: h, w of the embedding.
        classes: K.
    """

    def __init__(self, settings: PrompterSettings, channels: int, grid: tuple[int, int], classes: int) -> None:
        super().__init__()
        width = settings.width
        self.grid, self.channels, self.most = grid, channels, settings.queries
        self.fine = _convolution(channels, width, settings.strides[0])
        self.coarse = _convolution(width, width, settings.strides[1])
        self.encoder = nn.ModuleList(EncoderLayer(settings) for _ in range(settings.encoder_layers))
        for parameter in self.encoder.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        self.refine = nn.ModuleList(_convolution(width, width, 1) for _ in range(settings.decoder_layers))
        self.class_head = nn.Conv2d(width, classes, 1)
        nn.init.normal_(self.class_head.weight, std=0.01)
        nn.init.constant_(self.class_head.bias, math.log(_PRIOR / (1 - _PRIOR)))  # type: ignore[arg-type]
        self.kinds = nn.Embedding(classes, width)
        self.box_head = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, 4))

    def forward(self, features: Tensor) -> CellMaps:
        """Look for parts in B frames.

        Args:
            features: (B, C, h, w) float32, SAM's image embedding.

        Raises:
            InputError: the embedding is of another size than the prompter was made for.
        """
        check_embedding(features, self.channels, self.grid)
        fine = self.fine(features)
        coarse = self.coarse(fine)
        h, w = coarse.shape[-2:]
        memory = coarse.flatten(2).transpose(1, 2)
        positions = sine_positions(h, w, memory.shape[-1]).to(memory)
        for layer in self.encoder:
            memory = layer(memory, positions)
        context = memory.transpose(1, 2).unflatten(2, (h, w))
        cells = fine + F.interpolate(context, size=fine.shape[-2:], mode="bilinear", align_corners=False)
        for layer in self.refine:
            cells = cells + layer(cells)
        return CellMaps(self.class_head(cells).float(), cells)

    def boxes(self, cells: Tensor, frames: Tensor, kinds: Tensor, places: Tensor) -> Tensor:
        """The boxes that N cells give parts of N kinds.

        Args:
            cells: (B, width, h, w) of `CellMaps`.
            frames, kinds, places: (N,) int64: row of the batch, kind, and y w + x of the cell.

        Returns:
            (N, 4) float32, cx, cy, w, h in 0 .. 1 of the map.
        """
        h, w = cells.shape[-2:]
        asked = cells.flatten(2)[frames, :, places] + self.kinds(kinds)
        told = self.box_head(asked).float()
        size = torch.tensor([w, h], device=told.device)
        centre = torch.stack([places % w, places // w], 1) + 0.5 + told[:, :2]
        extent = _FIRST_SIZE * told[:, 2:].clamp(max=_LARGEST).exp()
        return torch.cat([centre / size, extent / size], 1)

    @torch.no_grad()
    def peaks(self, features: Tensor, kinds: Sequence[int] | None = None, threshold: float = 0.0) -> Peaks:
        """The proposals of one frame: cells likelier than their eight neighbours, each box of a kind once.

        Args:
            features: (1, C, h, w) float32.
            kinds: that are wanted; None for all.
            threshold: least score.

        Raises:
            InputError: the embedding is of another size than the prompter was made for.
        """
        maps = self(features)
        likely = maps.logits.sigmoid()
        likely = (likely * (likely == F.max_pool2d(likely, 3, 1, 1)))[0].flatten(1)
        if kinds is not None:
            wanted = torch.zeros(len(likely), 1, dtype=torch.bool, device=likely.device)
            wanted[list(kinds)] = True
            likely = likely * wanted
        scores, order = likely.flatten().topk(min(self.most, likely.numel()))
        kept = (scores >= threshold) & (scores > 0)
        found, places = order[kept] // likely.shape[1], order[kept] % likely.shape[1]
        boxes = self.boxes(maps.cells, torch.zeros_like(found), found, places)
        rows = _without_repeats(found, boxes)
        return Peaks(found[rows], scores[kept][rows], boxes[rows])


def sine_positions(h: int, w: int, width: int) -> Tensor:
    """(h w, width) float32, the fixed positions of DETR: sines of y in the first half, of x in the second."""
    half = width // 2
    pace = 10000 ** (torch.arange(half) // 2 * 2 / half)
    phase = torch.arange(half) % 2 * (math.pi / 2)
    y, x = (torch.sin(torch.arange(n)[:, None] / pace + phase) for n in (h, w))
    grid = torch.cat([y[:, None].expand(h, w, half), x[None].expand(h, w, half)], -1)
    return F.pad(grid.flatten(0, 1), (0, width - 2 * half))


def _without_repeats(kinds: Tensor, boxes: Tensor) -> list[int]:
    """Rows without those whose box an earlier one of the same kind covers."""
    (lower, upper), area = corners(boxes), boxes[:, 2:].prod(1)
    shared = torch.minimum(upper[:, None], upper) - torch.maximum(lower[:, None], lower)
    common = shared.clamp(min=0).prod(-1)
    same = (common > _REPEAT_IOU * (area[:, None] + area - common)) & (kinds[:, None] == kinds)
    kept: list[int] = []
    for row, repeats in enumerate(same.tolist()):
        if not any(repeats[other] for other in kept):
            kept.append(row)
    return kept


def _convolution(channels: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 3, stride, 1), ChannelNorm(width), nn.GELU())
