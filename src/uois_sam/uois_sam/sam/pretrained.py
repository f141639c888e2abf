"""Model folders in Hugging Face format: find them, read their configuration and their safetensors weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from uois_sam.errors import ModelError

WEIGHTS = "model.safetensors"


def model_folder(name: str | Path, extra: Sequence[str] = ()) -> Path:
    """The folder of a model: the one named, or a hub model's snapshot, downloaded where the cache lacks it.

    Args:
        name: of the folder or the hub model.
        extra: patterns of files that are wanted beside the configuration and the weights.

    Raises:
        ModelError: there is neither such a folder nor such a model, or the hub cannot be reached.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists():
        raise ModelError(f"{name} is a file; give a model folder with config.json and {WEIGHTS}")
    try:
        return Path(snapshot_download(str(name), allow_patterns=["config.json", "*.safetensors*", *extra]))
    except HFValidationError as error:
        raise ModelError(f"there is no folder {name}; give a model folder or a hub name (owner/model)") from error
    except (OSError, HfHubHTTPError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"there is no folder {name} and the hub gave no such model ({reason}); "
            "give a model folder, or a hub name (owner/model) where there is network"
        ) from error


def read_config(folder: Path, model_type: str) -> dict[str, Any]:
    """The folder's config.json.

    Raises:
        ModelError: it is missing, is not JSON, or describes another type of model.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{folder} has no config.json; give a model folder in Hugging Face format") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({error}); fetch the model again") from error
    found = config.get("model_type") if isinstance(config, dict) else None
    if found != model_type:
        raise ModelError(f"{folder} holds a model of type {found}; wanted {model_type}")
    return config


def read_weights(folder: Path) -> dict[str, Tensor]:
    """All tensors of the folder's model.safetensors, or of the shards that its index names, on the CPU.

    Raises:
        ModelError: a file is missing, truncated or no safetensors file.
    """
    index = folder / f"{WEIGHTS}.index.json"
    files = [WEIGHTS]
    if not (folder / WEIGHTS).exists() and index.exists():
        try:
            files = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ModelError(f"{index} is broken; fetch the model again") from error
    weights: dict[str, Tensor] = {}
    for file in files:
        try:
            # Copied, since load_file maps the file: writing to it later would change or kill the running model.
            weights |= {name: tensor.clone() for name, tensor in load_file(folder / file).items()}
        except FileNotFoundError as error:
            raise ModelError(f"{folder} has no {file}; fetch it (pickled weights are not read)") from error
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{folder / file} is no whole safetensors file ({error}); fetch it again") from error
    return weights


def read_with_header(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """A safetensors file's header entries and tensors, on the CPU.

    Raises:
        ModelError: it is missing, truncated or no safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} is not a whole safetensors file ({error}); make or fetch it again") from None
