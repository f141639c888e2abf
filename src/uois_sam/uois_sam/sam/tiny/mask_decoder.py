"""Mask decoder of the bundled segmenter: SAM's two-way transformer, small, with a stride 2 refinement."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uois_sam.sam.protocol import MaskCandidates
from uois_sam.sam.tiny.encoder import EMBEDDING_DIM, STRIDE2_DIM, STRIDE4_DIM, Features
from uois_sam.sam.tiny.prompt_encoder import PromptEncoder, PromptTokens, cell_centres

NUM_MASKS = 4
_RELATIVE_UNITS = (4.0, 3.0)
"""What the image's width and height measure in the decoder's relative coordinates."""
_UPSCALED_DIM = 32
_HEADS = 4


def mlp(inputs: int, hidden: int, outputs: int, depth: int = 3) -> nn.Sequential:
    """Linear layers with ReLU between them, the shape of SAM's heads."""
    layers: list[nn.Module] = []
    for k in range(depth - 1):
        layers += [nn.Linear(inputs if k == 0 else hidden, hidden), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, outputs))


class Attention(nn.Module):
    """Multi-head attention in a narrower space, in three forms over the same weights.

    Tokens are few and image tokens many, so between them the image is never projected: queries and keys of the few
    are taken back through the image's projection instead (q . W x = (W^T q) . x), and the values likewise. That is
    the same attention with half the work and without copies of anything as large as the image.
    """

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(dim, inner) for _ in range(3))
        self.out = nn.Linear(inner, dim)
        self.scale = (inner // _HEADS) ** -0.5

    def forward(self, q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None = None) -> Tensor:
        """Attend from q (M, Q, C) to k, v (M, K, C); `padding` (M, K) bool marks keys to leave out."""
        queries, keys, values = (_heads(f(x)) for f, x in ((self.query, q), (self.key, k), (self.value, v)))
        weights = queries @ keys.transpose(-1, -2) * self.scale
        if padding is not None:
            weights = weights.masked_fill(padding[:, None, None, :], float("-inf"))
        return self._joined(weights.softmax(-1).to(values.dtype) @ values)

    def to_image(self, q: Tensor, image: Tensor, position: Tensor) -> Tensor:
        """Attend from tokens q (M, Q, C) to an image (M, N, C) at positions (N, C), which join its keys."""
        queries = _heads(self.query(q)) * self.scale
        absorbed = (queries @ _split(self.key.weight)).flatten(1, 2)  # the key's bias shifts all alike
        weights = torch.baddbmm(absorbed @ position.T, absorbed, image.transpose(1, 2)).softmax(-1)
        mixed = (weights.to(image.dtype) @ image).unflatten(1, (_HEADS, -1))
        values = mixed @ _split(self.value.weight).transpose(1, 2)
        return self._joined(values + self.value.bias.view(_HEADS, 1, -1))

    def from_image(
        self, image: Tensor, position: Tensor, k: Tensor, v: Tensor, padding: Tensor | None = None
    ) -> Tensor:
        """The image (M, N, C) plus what it takes from tokens k, v (M, K, C); positions (N, C) join its queries."""
        keys = _heads(self.key(k)) * self.scale
        absorbed = (keys @ _split(self.query.weight)).flatten(1, 2)
        shift = (keys @ self.query.bias.view(_HEADS, -1, 1)).flatten(1, 2)
        logits = torch.baddbmm(absorbed @ position.T + shift, absorbed, image.transpose(1, 2))
        logits = logits.unflatten(1, (_HEADS, -1))
        if padding is not None:
            logits = logits.masked_fill(padding[:, None, :, None], float("-inf"))
        weights = logits.softmax(2).flatten(1, 2).to(image.dtype)
        values = _heads(self.value(v)) @ _split(self.out.weight.T)
        values = values + self.out.bias / _HEADS  # a head's weights sum to one
        return torch.baddbmm(image, weights.transpose(1, 2), values.flatten(1, 2))

    def _joined(self, heads: Tensor) -> Tensor:
        return self.out(heads.transpose(1, 2).flatten(2))


def _heads(x: Tensor) -> Tensor:
    """(M, T, H * d) to (M, H, T, d)."""
    return x.unflatten(-1, (_HEADS, -1)).transpose(1, 2)


def _split(weight: Tensor) -> Tensor:
    """(H * d, C) to (H, d, C)."""
    return weight.unflatten(0, (_HEADS, -1))


class TwoWayBlock(nn.Module):
    """Tokens attend to themselves and to the image, then the image to the tokens (SAM, appendix A)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.self_attention = Attention(dim, dim)
        self.token_to_image = Attention(dim, dim // 2)
        self.image_to_token = Attention(dim, dim // 2)
        self.mlp = mlp(dim, 2 * dim, dim, depth=2)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(4))

    def forward(
        self, tokens: Tensor, image: Tensor, token_pe: Tensor, image_pe: Tensor, padding: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        query = tokens + token_pe
        tokens = self.norms[0](tokens + self.self_attention(query, query, tokens, padding))
        tokens = self.norms[1](tokens + self.token_to_image.to_image(tokens + token_pe, image, image_pe))
        tokens = self.norms[2](tokens + self.mlp(tokens))
        image = self.image_to_token.from_image(image, image_pe, tokens + token_pe, tokens, padding)
        return tokens, self.norms[3](image)


class MaskDecoder(nn.Module):
    """Four masks, their IoU scores and tokens for each prompt.

    Two additions to SAM's decoder: every image token knows where it lies from the prompt's reference point, and
    a mask is the upsampled stride 4 mask plus a per-prompt kernel on a shared stride 2 map.
    """

    def __init__(self, dim: int = EMBEDDING_DIM) -> None:
        super().__init__()
        self.iou_token = nn.Parameter(torch.randn(1, dim) * 0.1)
        self.mask_tokens = nn.Parameter(torch.randn(NUM_MASKS, dim) * 0.1)
        self.relative = mlp(3, 32, dim, depth=2)
        self.blocks = nn.ModuleList([TwoWayBlock(dim), TwoWayBlock(dim)])
        self.final_attention = Attention(dim, dim // 2)
        self.final_norm = nn.LayerNorm(dim)
        self.upscale = nn.ConvTranspose2d(dim, _UPSCALED_DIM, 2, 2)
        self.skip4 = nn.Conv2d(STRIDE4_DIM, _UPSCALED_DIM, 1)
        self.kernels4 = nn.ModuleList(mlp(dim, dim, _UPSCALED_DIM) for _ in range(NUM_MASKS))
        self.kernels2 = nn.ModuleList(mlp(dim, dim, STRIDE2_DIM + 1) for _ in range(NUM_MASKS))
        self.iou_head = mlp(dim, dim, NUM_MASKS)
        for kernel in self.kernels2:
            last = list(kernel.children())[-1]
            assert isinstance(last, nn.Linear)
            nn.init.normal_(last.weight, std=0.01)
            nn.init.zeros_(last.bias)

    def forward(
        self, features: Features, prompts: PromptTokens, dense: Tensor, encoder: PromptEncoder
    ) -> MaskCandidates:
        """Decode the prompts of B images, M / B each, image by image; logits come at stride 2.

        Args:
            features: of B images.
            prompts: of M prompts.
            dense: (M, C, h, w) from `PromptEncoder.dense`, or (1, C, h, w) for all alike.
            encoder: for the positions of the image tokens.
        """
        count = len(prompts.tokens)
        batch, _, h, w = features.stride8.shape
        each = count // batch
        grid = cell_centres(h, w).to(features.stride8)
        image_pe = encoder.positions(grid)
        offset = (grid[None] - prompts.reference[:, None]) * grid.new_tensor(_RELATIVE_UNITS)
        distance = (offset.square().sum(-1, keepdim=True) + 1e-6).sqrt()
        around = self.relative(torch.cat([offset, distance], -1))
        shared = features.stride8[:, None] + (
            dense[None] if len(dense) == 1 else dense.unflatten(0, (batch, each))
        )
        shared = shared.flatten(3).transpose(2, 3)  # (B, 1 or each, N, C)
        image = (shared + around.unflatten(0, (batch, each))).flatten(0, 1)

        output = torch.cat([self.iou_token, self.mask_tokens]).expand(count, -1, -1)
        tokens = token_pe = torch.cat([output, prompts.tokens], 1)
        padding = None
        if prompts.padding is not None:
            padding = F.pad(prompts.padding, (1 + NUM_MASKS, 0))
        for block in self.blocks:
            tokens, image = block(tokens, image, token_pe, image_pe, padding)
        attended = self.final_attention.to_image(tokens + token_pe, image, image_pe)
        tokens = self.final_norm(tokens + attended)
        iou_token, mask_tokens = tokens[:, :1], tokens[:, 1 : 1 + NUM_MASKS]

        kernel4 = torch.stack([head(mask_tokens[:, k]) for k, head in enumerate(self.kernels4)], 1)
        kernel2 = torch.stack([head(mask_tokens[:, k]) for k, head in enumerate(self.kernels2)], 1)
        coarse = self._stride4_masks(image, features.stride4, kernel4, (h, w)) + kernel2[..., -1, None, None]
        size = features.stride2.shape[-2:]
        coarse = F.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
        fine_kernel = kernel2[..., :-1].reshape(batch, each * NUM_MASKS, -1)
        coarse = coarse.reshape(batch, each * NUM_MASKS, -1)
        logits = torch.baddbmm(coarse, fine_kernel, features.stride2.flatten(2)).view(count, NUM_MASKS, *size)
        return MaskCandidates(logits, self.iou_head(iou_token[:, 0]), iou_token, mask_tokens)

    def _stride4_masks(self, image: Tensor, stride4: Tensor, kernels: Tensor, grid: tuple[int, int]) -> Tensor:
        """(M, 4, h4, w4) products of the (M, 4, C) kernels with ReLU(upscaled image + skip).

        The transposed convolution of kernel and stride 2 is a linear layer from a cell to its four sub-cells.
        """
        h, w = grid
        count, batch = len(image), len(stride4)
        skip = self.skip4(stride4)
        rows, columns = skip.shape[-2:]
        skip = F.pad(skip, (0, 2 * w - columns, 0, 2 * h - rows))
        skip = skip.unflatten(2, (h, 2)).unflatten(4, (w, 2)).permute(0, 2, 4, 3, 5, 1)  # (B, h, w, 2, 2, C)
        bias = self.upscale.bias
        assert bias is not None
        skip = (skip + bias).reshape(batch, 1, h * w, -1)
        weight = self.upscale.weight.permute(0, 2, 3, 1).flatten(1)
        up = (image @ weight).unflatten(0, (batch, -1)).add_(skip).relu_()
        up = up.reshape(count, h * w * 4, -1)
        masks = (kernels @ up.transpose(1, 2)).unflatten(-1, (h, w, 2, 2))
        return masks.permute(0, 1, 2, 4, 3, 5).reshape(count, NUM_MASKS, 2 * h, 2 * w)[..., :rows, :columns]
