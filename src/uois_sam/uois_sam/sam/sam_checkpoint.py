"""segment-anything's original .pth checkpoints, read into the names and shapes of transformers' `SamModel`."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uois_sam.errors import ModelError

RENAMED = (
    (r"^image_encoder\.", "vision_encoder."),
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"^vision_encoder\.blocks\.", "vision_encoder.layers."),
    (r"\.norm(\d|_final_attn)\.", r".layer_norm\1."),
    (r"\.neck\.0\.", ".neck.conv1."),
    (r"\.neck\.1\.", ".neck.layer_norm1."),
    (r"\.neck\.2\.", ".neck.conv2."),
    (r"\.neck\.3\.", ".neck.layer_norm2."),
    (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
    (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
    (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
    (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
    (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
    (r"\.point_embeddings\.", ".point_embed."),
    (r"\.pe_layer\.positional_encoding_gaussian_matrix$", ".shared_embedding.positional_embedding"),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
)
MLP_LAYER = re.compile(
    r"^(mask_decoder\.(?:iou_prediction_head|output_hypernetworks_mlps\.\d+))\.layers\.(\d+)\.(.+)$"
)

# segment-anything builds all its mask decoders with 8 heads; no shape in the checkpoint tells.
DECODER_HEADS = 8
# Of the decoder's nn.LayerNorm there; transformers' default is 1e-6.
LAYER_NORM_EPS = 1e-5


def read_sam_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and weights for a `SamModel`; its size (ViT-B, -L, -H or any other) is read off the shapes.

    Returns:
        The configuration as in a SAM folder's config.json, and the tensors by `SamModel`'s names on the CPU.

    Raises:
        ModelError: the file is missing, broken, holds more than tensors, or is no segment-anything checkpoint.
    """
    tensors = _load(path)
    try:
        config = _config(tensors)
    except (LookupError, ValueError, ArithmeticError) as error:
        raise ModelError(
            f"{path} is no segment-anything checkpoint ({error}); give one such as sam_vit_b_01ec64.pth"
        ) from error
    return config, _rename(tensors)


def _load(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ModelError(f"there is no file {path}; give a segment-anything checkpoint (.pth)")
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path} is no file of plain tensors, so it is not read; it may run code") from error
    except (RuntimeError, EOFError, OSError, ValueError, LookupError) as error:
        raise ModelError(f"{path} is broken or no PyTorch file; fetch it again") from error
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise ModelError(f"{path} holds no table of tensors by name; give a segment-anything checkpoint (.pth)")
    return tensors


def _config(tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The configuration that the tensors were trained with."""

    def shape(name: str) -> torch.Size:
        if name not in tensors:
            raise LookupError(f"it lacks {name}")
        return tensors[name].shape

    def count(pattern: str) -> int:
        return len({match[1] for match in (re.match(pattern, name) for name in tensors) if match})

    hidden, channels, patch, _ = shape("image_encoder.patch_embed.proj.weight")
    grid = shape("image_encoder.pos_embed")[1]
    depth = count(r"image_encoder\.blocks\.(\d+)\.")
    reach = [(shape(f"image_encoder.blocks.{k}.attn.rel_pos_h")[0] + 1) // 2 for k in range(depth)]
    decoder_dim = shape("mask_decoder.iou_token.weight")[1]
    cross_dim = shape("mask_decoder.transformer.layers.0.cross_attn_token_to_image.q_proj.weight")[0]
    return {
        "vision_config": {
            "hidden_size": hidden,
            "output_channels": shape("image_encoder.neck.0.weight")[0],
            "num_hidden_layers": depth,
            "num_attention_heads": hidden // shape("image_encoder.blocks.0.attn.rel_pos_h")[1],
            "num_channels": channels,
            "image_size": grid * patch,
            "patch_size": patch,
            "window_size": min(reach),
            "global_attn_indexes": [k for k, size in enumerate(reach) if size == grid],
            "num_pos_feats": shape("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix")[1],
            "mlp_dim": shape("image_encoder.blocks.0.mlp.lin1.weight")[0],
        },
        "prompt_encoder_config": {
            "hidden_size": decoder_dim,
            "image_size": grid * patch,
            "patch_size": patch,
            "mask_input_channels": shape("prompt_encoder.mask_downscaling.3.weight")[0],
        },
        "mask_decoder_config": {
            "hidden_size": decoder_dim,
            "mlp_dim": shape("mask_decoder.transformer.layers.0.mlp.lin1.weight")[0],
            "num_hidden_layers": count(r"mask_decoder\.transformer\.layers\.(\d+)\."),
            "num_attention_heads": DECODER_HEADS,
            "attention_downsample_rate": decoder_dim // cross_dim,
            "num_multimask_outputs": shape("mask_decoder.mask_tokens.weight")[0] - 1,
            "iou_head_depth": count(r"mask_decoder\.iou_prediction_head\.layers\.(\d+)\."),
            "iou_head_hidden_dim": shape("mask_decoder.iou_prediction_head.layers.0.weight")[0],
            "layer_norm_eps": LAYER_NORM_EPS,
        },
    }


def _rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for name, tensor in tensors.items():
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    last_layer: dict[str, int] = {}
    for match in filter(None, map(MLP_LAYER.match, renamed)):
        last_layer[match[1]] = max(last_layer.get(match[1], 0), int(match[2]))
    return {_mlp_name(name, last_layer): tensor for name, tensor in renamed.items()}


def _mlp_name(name: str, last_layer: dict[str, int]) -> str:
    """Name of an MLP's layer: the first is proj_in, the last proj_out, those between count from 0."""
    match = MLP_LAYER.match(name)
    if not match:
        return name
    mlp, layer, rest = match[1], int(match[2]), match[3]
    if layer == 0:
        return f"{mlp}.proj_in.{rest}"
    if layer == last_layer[mlp]:
        return f"{mlp}.proj_out.{rest}"
    return f"{mlp}.layers.{layer - 1}.{rest}"
