"""HDNet: the Hierarchical Discrimination Network that corrects SAM's IoU scores (UOIS-SAM, section III-B)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from uois_sam.sam.protocol import MaskCandidates


class HDNet(nn.Module):
    """S' = MLP(Concat(Repeat(T_iou), T_mask)) + S (UOIS-SAM, eq. 5).

    The MLP has the shape of SAM's IoU head (three linear layers with ReLU); it reads one mask token at a time
    beside the repeated IoU token and gives that mask's correction. Its last layer starts at zero, so that an
    untrained HDNet leaves SAM's scores as they are.
    """

    def __init__(self, token_dim: int, hidden_dim: int = 256, depth: int = 3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for k in range(depth - 1):
            layers += [nn.Linear(2 * token_dim if k == 0 else hidden_dim, hidden_dim), nn.ReLU()]
        last = nn.Linear(hidden_dim, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mlp = nn.Sequential(*layers, last)

    def forward(self, candidates: MaskCandidates) -> Tensor:
        """(M, 4) refined IoU scores of M prompts' candidates."""
        repeated = candidates.iou_token.expand_as(candidates.mask_tokens)
        correction: Tensor = self.mlp(torch.cat([repeated, candidates.mask_tokens], -1))
        return candidates.scores + correction[..., 0]
