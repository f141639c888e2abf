"""Features of frozen networks on disk."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from uois_sam.sam.weights import fingerprint
from uois_sam.training.feature_cache import FeatureCache


class Counting:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> tuple[Tensor, ...]:
        self.calls += 1
        return torch.arange(12.0).view(1, 3, 4) / 3, torch.tensor([0.123456789, 1.0])


def test_a_frame_is_encoded_once(tmp_path: Path) -> None:
    make = Counting()
    first = FeatureCache(tmp_path, nn.Linear(2, 2), "set").get("a/b 1", make)
    torch.manual_seed(0)
    network = nn.Linear(2, 2)
    cache = FeatureCache(tmp_path, network, "set")
    one, two = cache.get("a/b 1", make), cache.get("a/b 1", make)
    assert make.calls == 2  # another network, then this one once
    for a, b, c in zip(first, one, two, strict=True):
        assert torch.equal(a, b)
        assert torch.equal(b, c)
    assert torch.allclose(one[0], torch.arange(12.0).view(1, 3, 4) / 3, atol=2e-3)
    assert torch.equal(one[1], torch.tensor([0.123456789, 1.0]))  # numbers keep their precision


def test_sets_and_names_are_kept_apart(tmp_path: Path) -> None:
    network, make = nn.Linear(2, 2), Counting()
    FeatureCache(tmp_path, network, "one").get("a", make)
    FeatureCache(tmp_path, network, "two").get("a", make)
    FeatureCache(tmp_path, network, "two").get("b", make)
    assert make.calls == 3


def test_a_file_cut_short_is_made_again(tmp_path: Path) -> None:
    cache, make = FeatureCache(tmp_path, nn.Linear(2, 2), "set"), Counting()
    whole = cache.get("a", make)
    (path,) = cache.folder.iterdir()
    path.write_bytes(path.read_bytes()[:20])
    assert torch.equal(cache.get("a", make)[0], whole[0])
    assert make.calls == 2


def test_any_weight_changes_the_fingerprint() -> None:
    network = nn.Linear(3, 3)
    before = fingerprint(network)
    assert before == fingerprint(network)
    network.bias.data[1] += 1e-3
    assert before != fingerprint(network)
