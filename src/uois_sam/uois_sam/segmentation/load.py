"""From a model's name to a ready pipeline.

A model is a folder with `config.json`:

    {"segmenter": {"kind": "tiny", "weights": "segmenter.safetensors"},
     "hpg": {"backbone": "embedding", "level": 1, "channels": 64, "scales": [1], "weights": "hpg.safetensors"},
     "hdnet": {"weights": "hdnet.safetensors", "evidence": true},
     "settings": {"score_threshold": 0.48}}

`segmenter.kind` is "tiny", or "sam" with `name`: a Hugging Face folder or hub name, or a segment-anything .pth.
`hpg.backbone` is "embedding" (the segmenter's own) or a DINOv2 folder or hub name; with "geometry": true it also
sees depth. Without `hpg` a grid of points prompts; without `hdnet` the segmenter's own scores decide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from uois_sam.adaptation.settings import model_learning_rate
from uois_sam.denormals import flush_denormals
from uois_sam.errors import ModelError
from uois_sam.paths import models_dir
from uois_sam.sam.geometry import GEOMETRY_CHANNELS
from uois_sam.sam.hf_sam import HfSam
from uois_sam.sam.protocol import PromptableSegmenter
from uois_sam.sam.tiny.encoder import EMBEDDING_DIM, STRIDE2_DIM, STRIDE4_DIM
from uois_sam.sam.tiny.tiny import TinySegmenter
from uois_sam.sam.weights import load_weights
from uois_sam.segmentation.dino import DinoBackbone
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.hpg import (
    PAPER_SCALES,
    EmbeddingBackbone,
    GridPrompter,
    HeatmapPromptGenerator,
    Prompter,
    UpsamplingHead,
    WithGeometry,
)
from uois_sam.segmentation.pipeline import Pipeline
from uois_sam.segmentation.settings import SegmentationSettings

BUNDLED_MODEL = "uois-sam-tiny"
_TINY_CHANNELS = (EMBEDDING_DIM, STRIDE4_DIM, STRIDE2_DIM)


def load_pipeline(model: str = BUNDLED_MODEL, device: str = "auto", **settings: Any) -> Pipeline:
    """A pipeline ready to segment.

    Args:
        model: a bundled model's name, a model folder (see this module), or a SAM checkpoint: a Hugging Face folder
            or hub name or a segment-anything .pth file. SAM alone is prompted by a grid of points.
        device: "cpu", "cuda", "cuda:1", ... or "auto" (CUDA where there is one).
        settings: thresholds that replace the model's, see `SegmentationSettings`.

    Raises:
        ModelError: the model is missing, broken or of another kind, or the device is not there.
        InputError: a setting is unknown or out of range.
    """
    flush_denormals()
    target = choose_device(device)
    folder = _model_folder(model)
    if folder is None:
        pipeline = Pipeline(_load_sam(model, target), GridPrompter())
    else:
        pipeline = _load_folder(folder, target)
    if settings:
        SegmentationSettings.from_dict(settings)  # refuses unknown names before replace() does, in words
        pipeline.settings = replace(pipeline.settings, **settings)
    return pipeline


@dataclass(frozen=True)
class LoadedSegmenter:
    """A segmenter alone, and what a model folder needs to name it again.

    Attributes:
        segmenter: ready to run.
        channels: of each of its embedding's maps.
        description: the "segmenter" of a model folder's config.json.
        folder: the model folder it came from; None for a SAM checkpoint.
    """

    segmenter: PromptableSegmenter
    channels: tuple[int, ...]
    description: dict[str, Any]
    folder: Path | None


def load_segmenter(model: str, device: torch.device) -> LoadedSegmenter:
    """The segmenter of a model, by the names that `load_pipeline` takes.

    Raises:
        ModelError: as `load_pipeline`.
    """
    flush_denormals()
    folder = _model_folder(model)
    if folder is None:
        sam = _load_sam(model, device)
        path = Path(model).expanduser()
        name = str(path.resolve()) if path.exists() else model
        return LoadedSegmenter(sam, (sam.token_dim,), {"kind": "sam", "name": name}, None)
    description = read_config(folder)["segmenter"]
    try:
        segmenter, channels = _load_segmenter(folder, description, device)
    except KeyError as error:
        raise ModelError(f"{folder / 'config.json'} lacks {error}; see uois_sam.segmentation.load") from None
    return LoadedSegmenter(segmenter, channels, dict(description), folder)


def choose_device(device: str) -> torch.device:
    """The torch device of a name; "auto" prefers CUDA.

    Raises:
        ModelError: there is no such device here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise ModelError(f"device {device!r} is unknown; give cpu, cuda or cuda:N") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"device {device!r} is not here: torch sees no CUDA; use --device cpu")
    return chosen


def _model_folder(model: str) -> Path | None:
    """The folder of one of our models; None where the name means a SAM checkpoint."""
    for folder in (models_dir() / model, Path(model).expanduser()):
        config = folder / "config.json"
        if config.is_file() and "segmenter" in read_config(folder):
            return folder
    path = Path(model).expanduser()
    if path.is_dir() and not (path / "config.json").is_file():
        raise ModelError(f"{path} has no config.json; give a model folder, a SAM checkpoint or {BUNDLED_MODEL}")
    return None


def read_config(folder: Path) -> dict[str, Any]:
    """A model folder's config.json.

    Raises:
        ModelError: it is missing or no JSON object.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(config, dict):
        raise ModelError(f"{path} holds a {type(config).__name__}; wanted an object with 'segmenter'")
    return config


def _load_folder(folder: Path, device: torch.device) -> Pipeline:
    config = read_config(folder)
    try:
        segmenter, channels = _load_segmenter(folder, config["segmenter"], device)
        prompter: Prompter = GridPrompter()
        if "hpg" in config:
            prompter = load_hpg(folder, config["hpg"], channels, device)
        hdnet = None
        if "hdnet" in config:
            hdnet = _load_hdnet(folder, config["hdnet"], segmenter.token_dim).to(device).eval()
    except KeyError as error:
        raise ModelError(f"{folder / 'config.json'} lacks {error}; see uois_sam.segmentation.load") from None
    settings = SegmentationSettings.from_dict(config.get("settings", {}))
    return Pipeline(segmenter, prompter, hdnet, settings, model_learning_rate(config, serving=True))


def _load_segmenter(
    folder: Path, config: Mapping[str, Any], device: torch.device
) -> tuple[PromptableSegmenter, tuple[int, ...]]:
    """The segmenter and the channels of its embedding's maps."""
    if config["kind"] == "tiny":
        return TinySegmenter.from_file(folder / config["weights"], device), _TINY_CHANNELS
    if config["kind"] == "sam":
        sam = _load_sam(config["name"], device)
        return sam, (sam.token_dim,)
    raise ModelError(f"segmenter kind {config['kind']!r} is unknown; known are 'tiny' and 'sam'")


def _load_sam(name: str, device: torch.device) -> HfSam:
    path = Path(name).expanduser()
    if path.suffix == ".pth":
        return HfSam.from_checkpoint(path, device)
    return HfSam.from_pretrained(name, device)


def _load_hdnet(folder: Path, config: Mapping[str, Any], token_dim: int) -> HDNet:
    hdnet = HDNet(token_dim, config.get("hidden_dim", 256), evidence=config.get("evidence", False))
    load_weights(hdnet, folder / config["weights"])
    return hdnet


def load_hpg(
    folder: Path, config: Mapping[str, Any], channels: tuple[int, ...], device: torch.device
) -> HeatmapPromptGenerator:
    """HPG as a config describes it; `channels` are those of the segmenter's embedding maps."""
    if config["backbone"] == "embedding":
        level = config.get("level", 0)
        backbone: EmbeddingBackbone | DinoBackbone | WithGeometry = EmbeddingBackbone(level)
        width = channels[level]
    else:
        dino = DinoBackbone.from_pretrained(config["backbone"])
        backbone, width = dino, dino.channels
    if config.get("geometry", False):
        backbone, width = WithGeometry(backbone), width + GEOMETRY_CHANNELS
    head = UpsamplingHead(width, config.get("channels", 256), config.get("scales", PAPER_SCALES))
    load_weights(head, folder / config["weights"])
    return HeatmapPromptGenerator(backbone, head).to(device).eval()
