"""The student prompter's architecture (WPS-SAM, section 3.2)."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from uois_sam.errors import InputError
from uois_sam.parts.wps_sam.prompter import PrompterSettings, StudentPrompter

SMALL = PrompterSettings(width=16, heads=2, feed_forward=8, encoder_layers=1, decoder_layers=2, queries=5)


def test_the_paper_s_network_for_sam() -> None:
    prompter = StudentPrompter(PrompterSettings(), 256, (64, 64), 40, 2 * 256)
    with torch.no_grad():
        proposals = prompter(torch.randn(1, 256, 64, 64))
    assert proposals.logits.shape == (1, 25, 41)
    assert proposals.prompts.shape == (1, 25, 512)
    convolutions = [module for module in prompter.modules() if isinstance(module, nn.Conv2d)]
    assert [(c.kernel_size, c.stride) for c in convolutions] == [((3, 3), (2, 2))] * 2
    assert prompter.positions.shape == (16 * 16, 256)
    assert (len(prompter.encoder), len(prompter.decoder)) == (6, 6)
    attentions = [module for module in prompter.modules() if isinstance(module, nn.MultiheadAttention)]
    assert len(attentions) == 6 + 2 * 6
    assert {(a.num_heads, a.dropout) for a in attentions} == {(8, 0.0)}
    assert not [module for module in prompter.modules() if isinstance(module, nn.Dropout)]


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    prompter = StudentPrompter(SMALL, 3, (9, 12), 2, 8)
    proposals = prompter(torch.randn(2, 3, 9, 12))
    (proposals.logits.square().sum() + proposals.prompts.square().sum()).backward()
    still = [name for name, p in prompter.named_parameters() if p.grad is None or not p.grad.any()]
    # All queries start from nothing, so the first attention among them has nothing to mix.
    assert [name for name in still if not name.startswith("decoder.0.own.")] == []


def test_odd_embeddings_and_strides() -> None:
    prompter = StudentPrompter(PrompterSettings(16, 2, 8, 0, 1, 5, (1, 2)), 3, (9, 13), 2, 4)
    assert prompter.positions.shape == (5 * 7, 16)
    assert prompter(torch.zeros(3, 3, 9, 13)).prompts.shape == (3, 5, 4)


@pytest.mark.parametrize("shape", [(1, 3, 9, 13), (1, 4, 9, 12)])
def test_another_segmenter_s_embedding(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"this prompter wants \(B, 3, 9, 12\)"):
        StudentPrompter(SMALL, 3, (9, 12), 2, 4)(torch.zeros(shape))


@pytest.mark.parametrize(
    "settings",
    [{"width": 15, "heads": 2}, {"queries": 0}, {"strides": (2, 0)}, {"strides": (1.5, 2)}, {"heads": 0}],
)
def test_sizes_that_cannot_be(settings: dict[str, object]) -> None:
    with pytest.raises(InputError, match="wanted"):
        PrompterSettings(**settings)  # type: ignore[arg-type]


def test_strides_from_a_file_are_whole() -> None:
    assert PrompterSettings(strides=(1.0, 2.0)).strides == (1, 2)  # type: ignore[arg-type]
