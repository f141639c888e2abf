"""Training of HDNet on a frozen segmenter (UOIS-SAM, section III-B, eqs. 6 and 7)."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uois_sam.sam.tiny.tiny import TinyDecoder, TinySegmenter
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.training.batches import Batch, BatchSettings, batches
from uois_sam.training.export import add_hdnet
from uois_sam.training.loop import LoopSettings, ParameterGroup, train
from uois_sam.training.losses import iou_targets, true_masks
from uois_sam.training.prepared import prepare


@dataclass(frozen=True)
class HDNetTraining:
    """Everything that makes a run of `uois-sam train hdnet`.

    The split of prompts between things and background is open in the paper; two to one keeps the score honest on
    things and still teaches that points beside them find nothing.

    Attributes:
        hidden_dim: of the MLP.
        batch, loop: see there.
    """

    hidden_dim: int = 256
    batch: BatchSettings = field(default_factory=lambda: BatchSettings(on_things=20, on_background=10))
    loop: LoopSettings = field(
        default_factory=lambda: LoopSettings(steps=400, learning_rate=1e-3, weight_decay=1e-4)
    )


class HDNetOnSegmenter(nn.Module):
    """HDNet beside the frozen segmenter whose tokens it reads."""

    def __init__(self, segmenter: TinySegmenter, hidden_dim: int) -> None:
        super().__init__()
        self.segmenter = segmenter.requires_grad_(False)
        self.hdnet = HDNet(segmenter.token_dim, hidden_dim)


def train_hdnet(model: Path, data: Path, run: Path, settings: HDNetTraining, device: torch.device) -> Path:
    """Train HDNet for the segmenter of a model folder; the whole model is written to `run/model`.

    Raises:
        ModelError: the model folder has no bundled segmenter.
        InputError: the data or the run directory is not as described.
    """
    prepared = prepare(data, max(settings.loop.workers, 1), settings.loop.seed)
    torch.manual_seed(settings.loop.seed)
    segmenter = TinySegmenter.from_file(model / "segmenter.safetensors", device)
    both = HDNetOnSegmenter(segmenter, settings.hidden_dim).to(device)
    average = train(
        both,
        [ParameterGroup(list(both.hdnet.parameters()))],
        hdnet_loss,
        lambda first, last: batches(
            prepared, settings.batch, settings.loop.seed, first, last, settings.loop.workers
        ),
        run,
        settings.loop,
        {"model": str(model), "data": str(data), **asdict(settings)},
    )
    assert isinstance(average, HDNetOnSegmenter)
    out = run / "model"
    if out.resolve() != model.resolve():
        shutil.copytree(model, out, dirs_exist_ok=True)
    add_hdnet(out, average.hdnet, settings.hidden_dim)
    return out


def hdnet_loss(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Eq. 7: MSE of the refined scores against eq. 6's targets; the segmenter's own error is logged beside it."""
    assert isinstance(model, HDNetOnSegmenter)
    decoder = model.segmenter.decoder
    assert isinstance(decoder, TinyDecoder)
    with torch.no_grad():
        features = model.segmenter.encoder(batch.colour, batch.geometry)
        prompts = decoder.prompts(features.stride8, batch.points, batch.labels, batch.boxes)
        candidates = decoder(features, prompts, batch.masks)
        targets, iou = iou_targets(candidates.logits.float(), batch, true_masks(batch))
    refined = model.hdnet(candidates).float()
    numbers = {
        "loss": F.mse_loss(refined, targets),
        "own_error": F.mse_loss(candidates.scores.float(), targets),
    }
    if len(iou):
        on = batch.target > 0
        numbers["iou_best"] = iou.max(1).values.mean()
        numbers["iou_chosen"] = iou.gather(1, refined[on].argmax(1, keepdim=True)).mean()
        numbers["iou_own_choice"] = iou.gather(1, candidates.scores[on].argmax(1, keepdim=True)).mean()
    return numbers
