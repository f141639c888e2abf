"""Reading safetensors into a module, with errors that say what is wrong with the file; digests of weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from uois_sam.errors import ModelError


def load_weights(module: nn.Module, path: Path) -> None:
    """Fill a module from a safetensors file (half precision is widened).

    Raises:
        ModelError: the file is missing, broken or holds another network.
    """
    if not path.is_file():
        raise ModelError(f"{path} is missing; get it from the repository or train it with `uois-sam train`")
    try:
        state = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} is not a whole safetensors file ({error}); fetch or train it again") from None
    try:
        module.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except RuntimeError:
        odd = sorted(set(module.state_dict()) ^ set(state))[:1] or ["a shape"]
        raise ModelError(
            f"{path} holds another network than {type(module).__name__} ({odd[0]} differs); "
            "check the model's config.json"
        ) from None


def fingerprint(network: nn.Module) -> str:
    """A digest of a network's kind and weights."""
    digest = hashlib.sha256(type(network).__name__.encode())
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
