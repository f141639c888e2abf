"""Writing a trained model as the folder that `load_pipeline` reads: half precision safetensors and config.json."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from uois_sam.parts.part_clipseg.model import TOKENIZER, PartClipSegModel
from uois_sam.parts.part_clipseg.model import WEIGHTS as PART_CLIPSEG_WEIGHTS
from uois_sam.parts.wps_sam.model import WEIGHTS as PROMPTER_WEIGHTS
from uois_sam.parts.wps_sam.model import PartPrompter
from uois_sam.sam.weights import fingerprint
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.load import LoadedSegmenter


def write_model(folder: Path, segmenter: nn.Module, hpg: nn.Module, hpg_config: dict[str, Any]) -> Path:
    """Write the bundled segmenter and its HPG head; the folder is made, or its weights replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    save_half(segmenter, folder / "segmenter.safetensors")
    save_half(hpg, folder / "hpg.safetensors")
    config = {
        "segmenter": {"kind": "tiny", "weights": "segmenter.safetensors"},
        "hpg": {**hpg_config, "weights": "hpg.safetensors"},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return folder


def write_hpg(folder: Path, loaded: LoadedSegmenter, hpg: nn.Module, hpg_config: dict[str, Any]) -> Path:
    """Write a model folder of a segmenter as it is and a new HPG head, and the HDNet that came with it."""
    _begin(folder, loaded)
    save_half(hpg, folder / "hpg.safetensors")
    _change(folder, {"hpg": {**hpg_config, "weights": "hpg.safetensors"}})
    return folder


def write_hdnet(folder: Path, loaded: LoadedSegmenter, hdnet: HDNet, hidden_dim: int) -> Path:
    """Write a model folder of a segmenter as it is and a new HDNet, and the HPG that came with it."""
    _begin(folder, loaded)
    save_half(hdnet, folder / "hdnet.safetensors")
    config = {"weights": "hdnet.safetensors", "hidden_dim": hidden_dim, "evidence": hdnet.evidence}
    _change(folder, {"hdnet": config})
    return folder


def write_part_clipseg(folder: Path, model: PartClipSegModel) -> Path:
    """Write a PartCLIPSeg model as the folder that `PartClipSegModel.from_folder` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    save_half(model.network, folder / PART_CLIPSEG_WEIGHTS)
    model.tokenizer.save_pretrained(folder / TOKENIZER)
    (folder / "config.json").write_text(json.dumps(model.description(), indent=2) + "\n")
    return folder


def write_prompter(folder: Path, loaded: LoadedSegmenter, trained: PartPrompter) -> Path:
    """Write a prompter of parts alone; its config.json names the segmenter that it learned with."""
    folder.mkdir(parents=True, exist_ok=True)
    save_half(trained.network, folder / PROMPTER_WEIGHTS)
    segmenter = {"segmenter": loaded.description, "decoder": fingerprint(loaded.segmenter.decoder)}
    config = {**asdict(trained.description), **segmenter}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return folder


def _begin(folder: Path, loaded: LoadedSegmenter) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if loaded.folder is None:
        (folder / "config.json").write_text("{}")
    elif loaded.folder.resolve() != folder.resolve():
        shutil.copytree(loaded.folder, folder, dirs_exist_ok=True)
    _change(folder, {"segmenter": loaded.description})


def _change(folder: Path, changes: dict[str, Any]) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, **changes}, indent=2) + "\n")


def save_half(module: nn.Module, path: Path) -> None:
    """A module's state as float16 safetensors; whole numbers stay as they are."""
    state = {
        k: (v.detach().to(torch.float16) if v.is_floating_point() else v).contiguous().cpu()
        for k, v in module.state_dict().items()
    }
    save_file(state, path)
