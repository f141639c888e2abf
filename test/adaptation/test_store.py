"""Named decoders on disk: what comes back, what is refused, and that a crash leaves the old one."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import pytest
import torch
from conftest import small_sam, tiny
from torch import nn

from uois_sam.adaptation.decoders import adapted_parameters
from uois_sam.adaptation.store import DecoderStore
from uois_sam.errors import InputError, ModelError
from uois_sam.sam.protocol import PromptableSegmenter
from uois_sam.sam.tiny.tiny import TinySegmenter


@torch.no_grad()
def adapted(segmenter: PromptableSegmenter, by: float = 0.01) -> nn.Module:
    decoder = copy.deepcopy(segmenter.decoder)
    for parameter in adapted_parameters(decoder):
        parameter.add_(by)
    return decoder


def same(one: nn.Module, other: nn.Module) -> bool:
    states = one.state_dict(), other.state_dict()
    return states[0].keys() == states[1].keys() and all(torch.equal(states[0][k], states[1][k]) for k in states[0])


def test_decoders_come_back_by_name(any_segmenter: PromptableSegmenter, tmp_path: Path) -> None:
    store = DecoderStore(tmp_path / "new" / "decoders", any_segmenter)
    assert store.names() == []
    cups, mine = adapted(any_segmenter), adapted(any_segmenter, -0.02)
    assert store.save("cups", cups) == tmp_path / "new" / "decoders" / "cups.safetensors"
    store.save("mine-2", mine)
    again = DecoderStore(tmp_path / "new" / "decoders", any_segmenter)
    assert again.names() == ["cups", "mine-2"]
    assert same(again.load("cups"), cups)
    assert same(again.load("mine-2"), mine)
    store.save("cups", mine)
    assert same(again.load("cups"), mine)
    any_segmenter.decoder = again.load("cups")  # is one of its kind
    assert sorted(p.name for p in store.folder.iterdir()) == ["cups.safetensors", "mine-2.safetensors"]


def test_an_adapted_decoder_is_adapted_further(segmenter: TinySegmenter, tmp_path: Path) -> None:
    """The origin is the segmenter's decoder at opening, whatever becomes of it later."""
    store = DecoderStore(tmp_path, segmenter)
    segmenter.decoder = adapted(segmenter)
    store.save("a", segmenter.decoder)
    assert same(store.load("a"), segmenter.decoder)
    assert same(DecoderStore(tmp_path, tiny()).load("a"), segmenter.decoder)


@pytest.mark.parametrize("crash", ["write", "fsync", "replace"])
def test_a_crash_leaves_the_old_one(
    segmenter: TinySegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    store = DecoderStore(tmp_path, segmenter)
    old = adapted(segmenter)
    store.save("site", old)

    class PulledPlug(BaseException):
        """Nothing of ours runs after it, as after a crash."""

    def pull(*_: object) -> None:
        raise PulledPlug

    opened = Path.open

    def pull_half_way(self: Path, mode: str) -> None:
        with opened(self, mode) as file:
            file.write(b"half of it")
        raise PulledPlug

    if crash == "write":
        monkeypatch.setattr(Path, "open", pull_half_way)
    elif crash == "fsync":
        monkeypatch.setattr(os, "fsync", pull)
    else:
        monkeypatch.setattr(Path, "replace", pull)
    with pytest.raises(PulledPlug):
        store.save("site", adapted(segmenter, 0.5))
    monkeypatch.undo()
    assert same(DecoderStore(tmp_path, segmenter).load("site"), old)
    assert store.names() == ["site"]


def test_the_new_one_is_on_the_disk_before_it_takes_the_name(
    segmenter: TinySegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append("fsync"), fsync(file))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (done.append("replace"), replace(self, to))[1])
    DecoderStore(tmp_path, segmenter).save("site", segmenter.decoder)
    assert done == ["fsync", "replace", "fsync"]


def test_what_cannot_be_written_is_said_and_leaves_the_old_one(
    segmenter: TinySegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DecoderStore(tmp_path, segmenter)
    store.save("site", segmenter.decoder)

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        store.save("site", adapted(segmenter))
    monkeypatch.undo()
    assert same(store.load("site"), segmenter.decoder)
    assert [p.name for p in tmp_path.iterdir()] == ["site.safetensors"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot write"):
        DecoderStore(tmp_path / "file", segmenter).save("site", segmenter.decoder)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a.b", "x" * 65, "two words", "-f", "é", "a\n"])
def test_names_that_are_none_are_refused(segmenter: TinySegmenter, tmp_path: Path, name: str) -> None:
    store = DecoderStore(tmp_path / "inner", segmenter)
    with pytest.raises(InputError, match="names no decoder"):
        store.save(name, segmenter.decoder)
    with pytest.raises(InputError, match="names no decoder"):
        store.load(name)
    assert list(tmp_path.rglob("*")) == []


def test_another_network_is_refused(segmenter: TinySegmenter, tmp_path: Path) -> None:
    store = DecoderStore(tmp_path, segmenter)
    store.save("site", adapted(segmenter))
    with pytest.raises(ModelError, match="adapted from another model"):
        DecoderStore(tmp_path, tiny(seed=1)).load("site")
    sam = small_sam()
    with pytest.raises(ModelError, match="of another network"):
        DecoderStore(tmp_path, sam).load("site")
    with pytest.raises(ModelError, match="of another network"):
        store.save("sam", sam.decoder)
    with pytest.raises(ModelError, match="no numbers"):
        store.save("nan", adapted(segmenter, float("nan")))
    assert store.names() == ["site"]


def test_files_that_are_none_are_refused(segmenter: TinySegmenter, tmp_path: Path) -> None:
    store = DecoderStore(tmp_path, segmenter)
    with pytest.raises(ModelError, match=r"no decoder .site. in .*; saved are: none"):
        store.load("site")
    path = store.save("site", segmenter.decoder)
    content = path.read_bytes()
    for broken in (b"", content[:-100], content[:5], b"\x00" * 50):
        path.write_bytes(broken)
        with pytest.raises(ModelError, match="not a whole safetensors file"):
            store.load("site")
    path.write_bytes(content.replace(b"adapted_from", b"adapted_by__", 1))
    with pytest.raises(ModelError, match="adapted from another model"):
        store.load("site")
