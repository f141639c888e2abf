"""Loading SAM folders: what is good loads, what is missing, broken or foreign is refused in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import SamConfig, SamModel

from uois_sam.errors import ModelError
from uois_sam.sam import pretrained
from uois_sam.sam.hf_sam import HfSam

WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(sam_folder: Path, tmp_path: Path) -> Path:
    """A copy of the small SAM's folder, to be broken."""
    return Path(shutil.copytree(sam_folder, tmp_path / "sam"))


def edit_config(folder: Path, section: str | None, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (config if section is None else config[section]).update(changes)
    (folder / "config.json").write_text(json.dumps(config))


def assert_refused(name: str | Path, match: str) -> None:
    with pytest.raises(ModelError, match=match) as refusal:
        HfSam.from_pretrained(name)
    assert "\n" not in str(refusal.value)


def test_a_folder_loads_with_every_weight(sam_folder: Path, sam_model: SamModel) -> None:
    sam = HfSam.from_pretrained(str(sam_folder))
    for ours, theirs in (
        (sam.encoder, sam_model.vision_encoder),
        (sam.decoder.prompt_encoder, sam_model.prompt_encoder),
        (sam.decoder.mask_decoder, sam_model.mask_decoder),
    ):
        expected = theirs.state_dict()
        assert ours.state_dict().keys() == expected.keys()
        assert all(torch.equal(value, expected[name]) for name, value in ours.state_dict().items())
    assert not sam.encoder.training
    assert not sam.decoder.training
    assert sam.device == torch.device("cpu")
    assert sam.token_dim == 32


def test_a_loaded_model_does_not_depend_on_its_file(folder: Path, sam_model: SamModel) -> None:
    weights = pretrained.read_weights(folder)
    expected = sam_model.state_dict()
    with (folder / WEIGHTS).open("r+b") as file:
        file.write(bytes((folder / WEIGHTS).stat().st_size))
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights.items())


def test_half_precision_weights_are_read_as_float32(folder: Path) -> None:
    save_file({name: tensor.half() for name, tensor in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS)
    sam = HfSam.from_pretrained(folder)
    assert {p.dtype for p in [*sam.encoder.parameters(), *sam.decoder.parameters()]} == {torch.float32}


def test_sharded_weights_load(sam_model: SamModel, sam_folder: Path, tmp_path: Path) -> None:
    sam_model.save_pretrained(tmp_path, max_shard_size="50KB")
    assert not (tmp_path / WEIGHTS).exists()
    whole, sharded = HfSam.from_pretrained(sam_folder), HfSam.from_pretrained(tmp_path)
    for a, b in zip(whole.encoder.parameters(), sharded.encoder.parameters(), strict=True):
        assert torch.equal(a, b)
    (tmp_path / f"{WEIGHTS}.index.json").write_text("[]")
    assert_refused(tmp_path, "index.json is broken")


def test_a_hub_name_is_a_snapshot(sam_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def snapshot(name: str, **options: Any) -> str:
        asked.append(name)
        return str(sam_folder)

    monkeypatch.setattr(pretrained, "snapshot_download", snapshot)
    HfSam.from_pretrained("facebook/sam-vit-large")
    assert asked == ["facebook/sam-vit-large"]


def test_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert_refused("nobody/no-such-sam", "no folder nobody/no-such-sam and the hub gave no such model")


def test_missing_folder(tmp_path: Path) -> None:
    assert_refused(tmp_path / "nowhere", "there is no folder .*nowhere")


def test_a_file_is_no_folder(folder: Path) -> None:
    assert_refused(folder / WEIGHTS, "is a file")


@pytest.mark.parametrize("kept", [0, 4, 1000, -100])
def test_truncated_weights(folder: Path, kept: int) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:kept])
    assert_refused(folder, "no whole safetensors file")


def test_a_pickle_named_safetensors(folder: Path) -> None:
    torch.save({"a": torch.zeros(3)}, folder / WEIGHTS)
    assert_refused(folder, "no whole safetensors file")


def test_pickled_weights_are_not_read(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()
    assert_refused(folder, "has no model.safetensors")


def test_foreign_weights(folder: Path) -> None:
    save_file({"conv.weight": torch.zeros(3)}, folder / WEIGHTS)
    assert_refused(folder, "of SAM's weights")


def test_one_missing_weight(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    del weights["mask_decoder.iou_token.weight"]
    save_file(weights, folder / WEIGHTS)
    assert_refused(folder, "lacks 1 of SAM's weights, mask_decoder.iou_token.weight")


def test_weights_of_another_size(folder: Path) -> None:
    edit_config(folder, "vision_config", hidden_size=64)
    assert_refused(folder, "do not fit its configuration")


def test_missing_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    assert_refused(folder, "has no config.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100000], ids=["empty", "cut", "bytes", "deep"])
def test_broken_config(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    assert_refused(folder, "cannot be read")


@pytest.mark.parametrize("content", ["[]", "{}", '{"model_type": "dinov2"}'])
def test_another_type_of_model(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    assert_refused(folder, "wanted sam")


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        ("vision_config", {"hidden_size": "large"}),
        ("vision_config", {"num_attention_heads": 0}),
        ("mask_decoder_config", {"num_attention_heads": 5}),
        (None, {"vision_config": 3}),
    ],
)
def test_senseless_config(folder: Path, section: str | None, changes: dict[str, Any]) -> None:
    edit_config(folder, section, **changes)
    assert_refused(folder, "makes no SAM")


def test_a_sam_of_other_than_four_masks(tmp_path: Path, sam_model: SamModel) -> None:
    config = sam_model.config.to_dict()
    config["mask_decoder_config"]["num_multimask_outputs"] = 2
    SamModel(SamConfig.from_dict(config)).save_pretrained(tmp_path)
    assert_refused(tmp_path, "predicts 3 masks per prompt")
