"""Models of transformers that look at pictures and read words."""

from __future__ import annotations

from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoTokenizer

from uois_sam.errors import ModelError
from uois_sam.sam.pretrained import model_folder, read_config


def load_with_tokenizer(kind: Any, name: str, device: str | torch.device) -> tuple[Any, Any]:
    """A model and the tokenizer of its text encoder.

    Args:
        kind: class of the model, such as `transformers.CLIPModel`.
        name: of its folder, or of a hub model.
        device: for the model.

    Raises:
        ModelError: it is missing, broken, or of another kind.
    """
    folder = model_folder(name)
    read_config(folder, kind.config_class.model_type)
    try:
        model, report = kind.from_pretrained(folder, output_loading_info=True)
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{name} cannot be read: {str(error).splitlines()[0]}; fetch it again") from None
    if report["missing_keys"]:  # transformers would leave them random
        raise ModelError(f"the weights of {name} do not fit its config.json; fetch the model again")
    return model.to(device), tokenizer
