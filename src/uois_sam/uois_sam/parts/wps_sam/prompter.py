"""WPS-SAM's student prompter: from an embedding to classes and prompts of parts (section 3.2, fig. 4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uois_sam.errors import InputError

PROPOSALS = ("queries", "cells")


@dataclass(frozen=True)
class PrompterSettings:
    """Kind and size of the network; the defaults are the paper's for SAM (section 4.1).

    Attributes:
        width: of the transformer.
        heads: of its attention.
        feed_forward: hidden width of its layers.
        encoder_layers: their number.
        decoder_layers: their number; of cells, the number of convolutions after the encoder.
        queries: S, most parts of an image.
        strides: of the two convolutions before it; 2, 2 take SAM's 64 x 64 embedding to 16 x 16. The cells that
            propose parts have the stride of the first.
        proposals: of `PROPOSALS`: from learned queries (`StudentPrompter`, the paper's) or from the cells of the
            embedding (`CellPrompter`).

    Raises:
        InputError: a number is out of range, `heads` does not divide `width`, or the proposals are unknown.
    """

    width: int = 256
    heads: int = 8
    feed_forward: int = 1024
    encoder_layers: int = 6
    decoder_layers: int = 6
    queries: int = 25
    strides: tuple[int, int] = (2, 2)
    proposals: str = "queries"

    def __post_init__(self) -> None:
        if self.proposals not in PROPOSALS:
            raise InputError(f"proposals are {self.proposals!r}; wanted {' or '.join(PROPOSALS)}")
        numbers = (self.width, self.heads, self.feed_forward, self.decoder_layers, self.queries)
        if min(numbers) < 1 or self.encoder_layers < 0 or self.width % self.heads:
            raise InputError(f"{self} cannot be built; wanted numbers from 1 on and heads that divide the width")
        strides = tuple(int(stride) for stride in self.strides)
        if len(strides) != 2 or min(strides) < 1 or strides != tuple(self.strides):
            raise InputError(f"strides are {self.strides}; wanted two whole numbers from 1 on")
        object.__setattr__(self, "strides", strides)


@dataclass(frozen=True)
class Proposals:
    """What the prompter says of B frames with S queries each.

    Attributes:
        logits: (B, S, K + 1) float32, one per class of parts, the last for "no part".
        prompts: (B, S, D) float32, the regressed prompt: tokens in a row, or a box.
    """

    logits: Tensor
    prompts: Tensor


class StudentPrompter(nn.Module):
    """Two 3 x 3 convolutions, a transformer encoder and decoder, and a head each for class and prompt.

    Source: section 3.2 and fig. 4; what the paper leaves open (learned positions that start at zero, normalisation
    after each block, a linear class head, a prompt head with one hidden layer) is as in the authors' public code.

    Args:
        settings: of the network.
        channels: of the embedding.
        grid: h, w of the embedding.
        classes: K.
        outputs: D, numbers of a prompt.
    """

    def __init__(
        self, settings: PrompterSettings, channels: int, grid: tuple[int, int], classes: int, outputs: int
    ) -> None:
        super().__init__()
        width = settings.width
        self.grid, self.channels = grid, channels
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, width, 3, settings.strides[0], 1),
            ChannelNorm(width),
            nn.GELU(),
            nn.Conv2d(width, width, 3, settings.strides[1], 1),
            ChannelNorm(width),
            nn.GELU(),
        )
        h, w = grid
        for stride in settings.strides:
            h, w = -(-h // stride), -(-w // stride)
        self.positions = nn.Parameter(torch.zeros(h * w, width))
        self.queries = nn.Parameter(torch.randn(settings.queries, width))
        self.encoder = nn.ModuleList(EncoderLayer(settings) for _ in range(settings.encoder_layers))
        self.decoder = nn.ModuleList(DecoderLayer(settings) for _ in range(settings.decoder_layers))
        for parameter in (*self.encoder.parameters(), *self.decoder.parameters()):
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        self.norm = nn.LayerNorm(width)
        self.class_head = nn.Linear(width, classes + 1)
        self.prompt_head = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, outputs))

    def forward(self, features: Tensor) -> Proposals:
        """Propose the parts of B frames.

        Args:
            features: (B, C, h, w) float32, SAM's image embedding.

        Raises:
            InputError: the embedding is of another size than the prompter was made for.
        """
        check_embedding(features, self.channels, self.grid)
        memory = self.reduce(features).flatten(2).transpose(1, 2)
        for layer in self.encoder:
            memory = layer(memory, self.positions)
        parts = torch.zeros_like(self.queries).expand(len(features), -1, -1)
        for layer in self.decoder:
            parts = layer(parts, self.queries, memory, self.positions)
        parts = self.norm(parts)
        return Proposals(self.class_head(parts), self.prompt_head(parts))


def check_embedding(features: Tensor, channels: int, grid: tuple[int, int]) -> None:
    """Refuse an embedding of another size than a prompter was made for.

    Raises:
        InputError: with both sizes.
    """
    if features.shape[-2:] != grid or features.shape[1] != channels:
        raise InputError(
            f"embedding is {tuple(features.shape)}; this prompter wants (B, {channels}, {grid[0]}, {grid[1]}): "
            "use the segmenter that it learned with"
        )


class ChannelNorm(nn.Module):
    """Layer norm over the channels of (B, C, h, w) maps."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


class FeedForward(nn.Module):
    """Two linear layers with ReLU, added to their input and normalised."""

    def __init__(self, settings: PrompterSettings) -> None:
        super().__init__()
        self.inner = nn.Linear(settings.width, settings.feed_forward)
        self.outer = nn.Linear(settings.feed_forward, settings.width)
        self.norm = nn.LayerNorm(settings.width)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(x + self.outer(F.relu(self.inner(x))))
        return y


class Attention(nn.Module):
    """Multi-head attention, added to its queries and normalised; positions join queries and keys, not values."""

    def __init__(self, settings: PrompterSettings) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(settings.width, settings.heads, batch_first=True)
        self.norm = nn.LayerNorm(settings.width)

    def forward(self, x: Tensor, x_position: Tensor, memory: Tensor, memory_position: Tensor) -> Tensor:
        keys = memory + memory_position
        mixed = self.attention(x + x_position, keys, memory, need_weights=False)[0]
        y: Tensor = self.norm(x + mixed)
        return y


class EncoderLayer(nn.Module):
    """Self-attention among the cells of the embedding (DETR's encoder layer)."""

    def __init__(self, settings: PrompterSettings) -> None:
        super().__init__()
        self.own = Attention(settings)
        self.feed_forward = FeedForward(settings)

    def forward(self, memory: Tensor, positions: Tensor) -> Tensor:
        y: Tensor = self.feed_forward(self.own(memory, positions, memory, positions))
        return y


class DecoderLayer(nn.Module):
    """Self-attention among the queries, then attention to the cells (DETR's decoder layer)."""

    def __init__(self, settings: PrompterSettings) -> None:
        super().__init__()
        self.own = Attention(settings)
        self.cross = Attention(settings)
        self.feed_forward = FeedForward(settings)

    def forward(self, parts: Tensor, queries: Tensor, memory: Tensor, positions: Tensor) -> Tensor:
        parts = self.own(parts, queries, parts, queries)
        y: Tensor = self.feed_forward(self.cross(parts, queries, memory, positions))
        return y
