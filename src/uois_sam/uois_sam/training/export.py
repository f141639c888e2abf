"""Writing a trained model as the folder that `load_pipeline` reads: half precision safetensors and config.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from uois_sam.segmentation.hdnet import HDNet


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


def add_hdnet(folder: Path, hdnet: HDNet, hidden_dim: int) -> None:
    """Put HDNet's weights into a model folder and name them in its config."""
    save_half(hdnet, folder / "hdnet.safetensors")
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["hdnet"] = {"weights": "hdnet.safetensors", "hidden_dim": hidden_dim}
    path.write_text(json.dumps(config, indent=2) + "\n")


def save_half(module: nn.Module, path: Path) -> None:
    """A module's state as float16 safetensors; whole numbers stay as they are."""
    state = {
        k: (v.detach().to(torch.float16) if v.is_floating_point() else v).contiguous().cpu()
        for k, v in module.state_dict().items()
    }
    save_file(state, path)
