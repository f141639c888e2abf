from __future__ import annotations

import torch
from torch import nn

from uois_sam.sam.protocol import Embedding, MaskCandidates
from uois_sam.segmentation.hdnet import HDNet


def candidates(count: int = 3, dim: int = 8) -> MaskCandidates:
    torch.manual_seed(0)
    return MaskCandidates(
        torch.rand(count, 4, 6, 6), torch.rand(count, 4), torch.rand(count, 1, dim), torch.rand(count, 4, dim)
    )


def test_untrained_leaves_the_scores() -> None:
    c = candidates()
    assert torch.equal(HDNet(8)(c), c.scores)


def test_is_equation_5() -> None:
    c = candidates()
    hdnet = HDNet(8, hidden_dim=16)
    for parameter in hdnet.parameters():
        nn.init.normal_(parameter)
    refined = hdnet(c)
    for m in range(3):
        for k in range(4):
            token = torch.cat([c.iou_token[m, 0], c.mask_tokens[m, k]])
            assert torch.allclose(refined[m, k], hdnet.mlp(token)[0] + c.scores[m, k], rtol=1e-4, atol=1e-5)


def test_has_the_shape_of_the_iou_head() -> None:
    layers = [m for m in HDNet(256).mlp if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in layers] == [(512, 256), (256, 256), (256, 1)]


def test_evidence_is_read_and_matters_only_when_trained() -> None:
    c = candidates()
    embedding = Embedding((torch.zeros(1, 8, 6, 6),), (24, 24))
    hdnet = HDNet(8, hidden_dim=16, evidence=True)
    evidence = hdnet.gather(c, torch.zeros(3, 2), embedding)
    assert evidence is not None
    assert torch.equal(hdnet(c, evidence), c.scores)
    nn.init.normal_(hdnet.mlp[-1].weight)  # type: ignore[arg-type]
    assert not torch.allclose(hdnet(c, evidence), hdnet(c, evidence + 1))
    assert HDNet(8).gather(c, torch.zeros(3, 2), embedding) is None


def test_no_prompts() -> None:
    c = candidates()
    none = MaskCandidates(c.logits[:0], c.scores[:0], c.iou_token[:0], c.mask_tokens[:0])
    assert HDNet(8)(none).shape == (0, 4)
