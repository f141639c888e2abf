"""HDNet: the Hierarchical Discrimination Network that corrects SAM's IoU scores (UOIS-SAM, section III-B)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from uois_sam.sam.protocol import Embedding, MaskCandidates
from uois_sam.segmentation.evidence import EVIDENCE_CHANNELS, gather_evidence


class HDNet(nn.Module):
    """S' = MLP(Concat(Repeat(T_iou), T_mask)) + S (UOIS-SAM, eq. 5).

    The MLP has the shape of SAM's IoU head (three linear layers with ReLU); it reads one mask token at a time
    beside the repeated IoU token and gives that mask's correction. Its last layer starts at zero, so that an
    untrained HDNet leaves SAM's scores as they are. With `evidence` it also reads `gather_evidence` and the score.

    Attributes:
        evidence: whether it does.
    """

    def __init__(self, token_dim: int, hidden_dim: int = 256, depth: int = 3, *, evidence: bool = False) -> None:
        super().__init__()
        self.evidence = evidence
        inputs = 2 * token_dim + (EVIDENCE_CHANNELS + 1 if evidence else 0)
        layers: list[nn.Module] = []
        for k in range(depth - 1):
            layers += [nn.Linear(inputs if k == 0 else hidden_dim, hidden_dim), nn.ReLU()]
        last = nn.Linear(hidden_dim, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mlp = nn.Sequential(*layers, last)

    def forward(self, candidates: MaskCandidates, evidence: Tensor | None = None) -> Tensor:
        """(M, 4) refined IoU scores of M prompts' candidates; `evidence` (M, 4, E) from `gather`."""
        parts = [candidates.iou_token.expand_as(candidates.mask_tokens), candidates.mask_tokens]
        if evidence is not None:
            parts += [evidence, candidates.scores[..., None]]
        correction: Tensor = self.mlp(torch.cat(parts, -1))
        return candidates.scores + correction[..., 0]

    def gather(self, candidates: MaskCandidates, points: Tensor, embedding: Embedding) -> Tensor | None:
        """The evidence that `forward` wants beside the candidates of (M, 2) points; None where it wants none."""
        return gather_evidence(candidates, points, embedding) if self.evidence else None
