"""HPG: the Heatmap-based Prompt Generator (UOIS-SAM, section III-A), and the grid of points it replaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.sam.geometry import GEOMETRY_CHANNELS
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.segmentation.standing import standing_points

PAPER_SCALES = (2.0, 2.0, 2.0, 1.75)
"""Upsampling of DINOv2's 24 x 32 patches to 336 x 448."""


@dataclass(frozen=True)
class PromptMaps:
    """HPG's two answers for one image, both (h, w) float32 in 0 .. 1 and covering exactly the image.

    Attributes:
        foreground: probability of belonging to a thing (F after softmax).
        heatmap: H, high at the 2D centroids of things (eq. 1).
    """

    foreground: Tensor
    heatmap: Tensor


@dataclass(frozen=True)
class Proposal:
    """Where to ask the segmenter.

    Attributes:
        points: (M, 2) float32, x, y in pixels of the image, best first.
        maps: the maps they were read from; None for a grid.
    """

    points: Tensor
    maps: PromptMaps | None = None


class Prompter(Protocol):
    """Finds point prompts for a frame."""

    def propose(self, image: NDArray[np.uint8], embedding: Embedding, settings: SegmentationSettings) -> Proposal:
        """Point prompts for an (H, W, 3) uint8 RGB image and its embedding."""


class UpsamplingHead(nn.Module):
    """Backbone features to foreground logits and heatmap (UOIS-SAM, section III-A).

    A series of blocks (interpolation, 3 x 3 convolution, batch norm, PReLU) and a 1 x 1 convolution to three
    channels: two of foreground logits, one of heatmap logits.

    Args:
        in_channels: of the backbone's map.
        channels: C of the blocks (256 in section IV-A).
        scales: magnification of each block; 1 only refines.
    """

    def __init__(self, in_channels: int, channels: int = 256, scales: Sequence[float] = PAPER_SCALES) -> None:
        super().__init__()
        self.scales = tuple(scales)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(in_channels if k == 0 else channels, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.PReLU(),
            )
            for k in range(len(self.scales))
        )
        self.out = nn.Conv2d(channels, 3, 1)
        assert self.out.bias is not None
        self.out.bias.data = torch.tensor([0.7, -0.7, -3.0])  # things and their centres are rare

    def forward(self, features: Tensor) -> Tensor:
        """(B, in_channels, h, w) to (B, 3, h', w'): background, foreground and heatmap logits."""
        for scale, block in zip(self.scales, self.blocks, strict=True):
            if scale != 1:
                features = F.interpolate(features, scale_factor=scale, mode="bilinear", align_corners=False)
            features = block(features)
        out: Tensor = self.out(features)
        return out


class EmbeddingBackbone(nn.Module):
    """The segmenter's own embedding as HPG's backbone, so that no second network runs.

    Args:
        level: which of the embedding's maps; 0 is the coarsest.
    """

    def __init__(self, level: int = 0) -> None:
        super().__init__()
        self.level = level

    def forward(self, image: NDArray[np.uint8], embedding: Embedding) -> Tensor:
        """(1, C, h, w) float32."""
        return embedding.map(self.level).float()


class WithGeometry(nn.Module):
    """A backbone that sees colour alone, and the geometry of the depth behind its map: 7 channels more.

    Zeros where there is no depth, so that one head serves both.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, image: NDArray[np.uint8], embedding: Embedding) -> Tensor:
        """(1, C + 7, h, w) float32."""
        features: Tensor = self.backbone(image, embedding)
        if embedding.geometry is None:
            cells = features.new_zeros(1, GEOMETRY_CHANNELS, *features.shape[-2:])
        else:
            cells = F.interpolate(embedding.geometry, size=features.shape[-2:], mode="area")
        return torch.cat([features, cells.to(features)], 1)


class HeatmapPromptGenerator(nn.Module):
    """HPG: a frozen backbone, the upsampling head, and the choice of peaks.

    Args:
        backbone: maps (image, embedding) to (1, C, h, w); `EmbeddingBackbone` or `DinoBackbone`, or either
            `WithGeometry`.
        head: trained for that backbone.
    """

    def __init__(self, backbone: nn.Module, head: UpsamplingHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def maps(self, image: NDArray[np.uint8], embedding: Embedding) -> PromptMaps:
        """Foreground and heatmap of one image."""
        logits = self.head(self.backbone(image, embedding))[0]
        return PromptMaps(logits[:2].softmax(0)[1], logits[2].sigmoid())

    def propose(self, image: NDArray[np.uint8], embedding: Embedding, settings: SegmentationSettings) -> Proposal:
        """The highest peaks of the heatmap within the foreground, and what stands out of the table beside them."""
        maps = self.maps(image, embedding)
        cells = select_peaks(maps, settings)
        height, width = embedding.image_size
        h, w = maps.heatmap.shape
        if embedding.geometry is not None and settings.standing_height > 0:
            left = settings.max_prompts - len(cells)
            standing = standing_points(embedding.geometry, cells, (h, w), settings.standing_height, left)
            cells = torch.cat([cells, standing])
        scale = torch.tensor([width / w, height / h], device=cells.device)
        return Proposal((cells.flip(1) + 0.5) * scale - 0.5, maps)


def select_peaks(maps: PromptMaps, settings: SegmentationSettings) -> Tensor:
    """Local maxima of the heatmap that become prompts (UOIS-SAM, section IV-A, Inference).

    The foreground threshold makes a binary mask, 3 x 3 max-pooling finds the peaks within it, and the top K above
    the heatmap threshold are kept. Of a plateau every pixel is a peak.

    Returns:
        (M, 2) int64, row and column, highest first.
    """
    heat = maps.heatmap * (maps.foreground > settings.foreground_threshold)
    pooled = F.max_pool2d(heat[None, None], 3, stride=1, padding=1)[0, 0]
    peaks = ((heat == pooled) & (heat > settings.heatmap_threshold)).nonzero()
    values = heat[peaks[:, 0], peaks[:, 1]]
    best = values.argsort(descending=True, stable=True)[: settings.max_prompts]
    return peaks[best]


@dataclass(frozen=True)
class GridPrompter:
    """A uniform grid of points: the SAM baseline of UOIS-SAM (section III), for segmenters without HPG.

    Attributes:
        points_per_side: 32 in the paper.
    """

    points_per_side: int = 32

    def propose(self, image: NDArray[np.uint8], embedding: Embedding, settings: SegmentationSettings) -> Proposal:
        """All points of the grid; `max_prompts` does not apply."""
        height, width = embedding.image_size
        steps = (torch.arange(self.points_per_side) + 0.5) / self.points_per_side
        y, x = torch.meshgrid(steps * height - 0.5, steps * width - 0.5, indexing="ij")
        return Proposal(torch.stack([x.flatten(), y.flatten()], 1).to(embedding.features[0].device))


@dataclass(frozen=True)
class ForegroundGridPrompter:
    """The points of a grid that lie on HPG's foreground (UOIS-SAM, table IV, second row).

    Attributes:
        hpg: gives the foreground; its heatmap is not used.
        grid: the points.
    """

    hpg: HeatmapPromptGenerator
    grid: GridPrompter = GridPrompter()

    def propose(self, image: NDArray[np.uint8], embedding: Embedding, settings: SegmentationSettings) -> Proposal:
        """All points of the grid above the foreground threshold; `max_prompts` does not apply."""
        maps = self.hpg.maps(image, embedding)
        points = self.grid.propose(image, embedding, settings).points
        height, width = embedding.image_size
        h, w = maps.foreground.shape
        columns = ((points[:, 0] + 0.5) * (w / width)).long().clamp(0, w - 1)
        rows = ((points[:, 1] + 0.5) * (h / height)).long().clamp(0, h - 1)
        return Proposal(points[maps.foreground[rows, columns] > settings.foreground_threshold], maps)
