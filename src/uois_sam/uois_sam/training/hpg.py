"""Training of HPG on a frozen backbone, as published (UOIS-SAM, sections III-A and IV-A)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.sam.geometry import GEOMETRY_CHANNELS, coarse_geometry
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.dino import DinoBackbone
from uois_sam.segmentation.hpg import (
    PAPER_SCALES,
    EmbeddingBackbone,
    PromptMaps,
    UpsamplingHead,
    WithGeometry,
    select_peaks,
)
from uois_sam.segmentation.load import LoadedSegmenter
from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.training.export import write_hpg
from uois_sam.training.feature_cache import FeatureCache
from uois_sam.training.frames import EpochOrder, LabelledFrame, LabelledFrames, Share
from uois_sam.training.loop import PUBLISHED_LOOP, LoopSettings, ParameterGroup, Validation, train
from uois_sam.training.pictures import heat_picture, outlined, save_grid
from uois_sam.training.ranks import Ranks
from uois_sam.training.targets import gaussian_heatmap
from uois_sam.types import Frame

_PICTURES = 8
_EMBEDDING_SCALES = (2.0, 2.0)


@dataclass(frozen=True)
class HPGTraining:
    """Everything that makes a run of `uois-sam train hpg`; the defaults are the paper's where it gives them.

    Attributes:
        backbone: "embedding" for the segmenter's own, or a DINOv2 folder or hub name (the paper's is ViT-S).
        level: which of the embedding's maps.
        geometry: let the head see the depth's geometry too, for backbones that look at colour alone. Not in the
            paper, which names depth as the remedy for its false positives (section IV-C).
        no_depth: how often a frame is shown without its depth, where the backbone or the head looks at it.
        channels, scales: of the upsampling head; no scales are the paper's for DINOv2, and 2, 2 for an embedding.
        sigma: standard deviation of a centre's Gaussian (eq. 1), as a share of the map's width. Open in the paper:
            0.015 is 7 px of 448, about a third of a small thing, so that neighbours keep peaks of their own.
        foreground_weight, heatmap_weight: lambda 1 and 2 of eq. 4.
        batch: frames of a step.
        epochs: over the training frames.
        drop_every: epochs after which the learning rate falls to a tenth.
        share: of the data set that is used.
        loop: see there; its `steps` and `drop_every` follow from the epochs.
    """

    backbone: str = "embedding"
    level: int = 0
    geometry: bool = False
    no_depth: float = 0.25
    channels: int = 256
    scales: tuple[float, ...] = ()
    sigma: float = 0.015
    foreground_weight: float = 0.1
    heatmap_weight: float = 1.0
    batch: int = 32
    epochs: int = 30
    drop_every: int = 10
    share: Share = field(default_factory=Share)
    loop: LoopSettings = PUBLISHED_LOOP


@dataclass(frozen=True)
class MapBatch:
    """Features of B frames and the maps that HPG should make of them.

    Attributes:
        features: (B, C, h, w) float32.
        foreground: (B, h', w') int64, 1 on things, 0 beside them, -1 where it counts for nobody.
        heatmap: (B, h', w') float32 in 0 .. 1 (eq. 1).
    """

    features: Tensor
    foreground: Tensor
    heatmap: Tensor

    def to(self, device: torch.device) -> MapBatch:
        """The batch on another device."""
        return MapBatch(*(t.to(device) for t in (self.features, self.foreground, self.heatmap)))


class FrozenBackbone:
    """Features of frames by a network that does not learn, cached on disk."""

    def __init__(self, loaded: LoadedSegmenter, settings: HPGTraining, cache: Path, dataset: str) -> None:
        self._segmenter = loaded.segmenter
        self.module: EmbeddingBackbone | DinoBackbone
        if settings.backbone == "embedding":
            if not 0 <= settings.level < len(loaded.channels):
                raise InputError(
                    f"level is {settings.level}; the embedding has maps 0 to {len(loaded.channels) - 1}"
                )
            self.module, self.channels = EmbeddingBackbone(settings.level), loaded.channels[settings.level]
            network: nn.Module = loaded.segmenter  # type: ignore[assignment]
        else:
            dino = DinoBackbone.from_pretrained(settings.backbone).to(loaded.segmenter.device)
            self.module, self.channels, network = dino, dino.channels, dino
        self.geometry = settings.geometry
        self.uses_depth = settings.geometry or (settings.backbone == "embedding" and self._segmenter.uses_depth)
        kind = f"{settings.backbone} {settings.level}{' geometry' if settings.geometry else ''}"
        self._cache = FeatureCache(cache, network, f"{dataset} hpg {kind}")

    def features(self, frame: Frame, *, with_depth: bool = True) -> Tensor:
        """(1, C, h, w) float32; the last 7 channels are the geometry where that is wanted."""
        if not with_depth:
            frame = replace(frame, depth=None)

        @torch.no_grad()
        def make() -> tuple[Tensor, ...]:
            if isinstance(self.module, DinoBackbone):
                geometry = None
                if self.geometry and frame.depth is not None and frame.camera is not None:
                    geometry = coarse_geometry(frame.depth, frame.camera)
                embedding = Embedding((), (frame.image.shape[0], frame.image.shape[1]), geometry=geometry)
            else:
                embedding = self._segmenter.encode(frame.image, frame.depth, frame.camera)
            seen = WithGeometry(self.module) if self.geometry else self.module
            return (seen(frame.image, embedding),)

        return self._cache.get(frame.name if with_depth else f"{frame.name}_colour", make)[0].cpu()


def train_hpg(
    loaded: LoadedSegmenter,
    dataset: Sequence[Frame],
    rule: LabelRule,
    name: str,
    run: Path,
    settings: HPGTraining,
    ranks: Ranks | None = None,
) -> Path:
    """Train an HPG head for a segmenter; both are written as a model folder to `run/model`.

    Args:
        loaded: the segmenter, on the device to train on.
        dataset, rule, name: labelled frames, how their labels are read, and what the set is called.
        run: directory of the run; goes on where it stopped. Its parent holds the feature cache.
        settings: of the run.
        ranks: of `torchrun`.

    Raises:
        InputError: the data or the run directory is not as described.
        ModelError: the backbone is missing or broken.
    """
    ranks = ranks or Ranks()
    frames, held = settings.share.split(dataset, rule)
    backbone = FrozenBackbone(loaded, settings, run.parent / "features", name)
    torch.manual_seed(settings.loop.seed)
    scales = settings.scales or (_EMBEDDING_SCALES if settings.backbone == "embedding" else PAPER_SCALES)
    inputs = backbone.channels + (GEOMETRY_CHANNELS if settings.geometry else 0)
    head = UpsamplingHead(inputs, settings.channels, scales).to(loaded.segmenter.device)
    with torch.no_grad():
        size = head.eval()(backbone.features(frames[0].frame).to(loaded.segmenter.device)).shape[-2:]
    maker = _BatchMaker(backbone, (size[0], size[1]), settings)
    order = EpochOrder(len(frames), settings.batch, settings.loop.seed, ranks)
    loop = replace(
        settings.loop, steps=settings.epochs * order.steps, drop_every=settings.drop_every * order.steps
    )

    def losses(model: nn.Module, batch: MapBatch) -> dict[str, Tensor]:
        return hpg_losses(
            model(batch.features).float(), batch, settings.foreground_weight, settings.heatmap_weight
        )

    best = train(
        head,
        [ParameterGroup(list(head.parameters()))],
        losses,
        lambda first, last: (maker.of_step(frames, order, step) for step in range(first, last)),
        run,
        loop,
        {"segmenter": loaded.description, "data": name, "frames": len(frames), **asdict(settings)},
        Validation(order.steps, lambda model: _validate(model, maker, held, losses, run / "validation.png")),
        ranks,
    )
    assert isinstance(best, UpsamplingHead)
    description = {
        "backbone": settings.backbone,
        "level": settings.level,
        "geometry": settings.geometry,
        "channels": settings.channels,
        "scales": list(scales),
    }
    return write_hpg(run / "model", loaded, best, description)


def hpg_losses(
    logits: Tensor, batch: MapBatch, foreground_weight: float = 0.1, heatmap_weight: float = 1.0
) -> dict[str, Tensor]:
    """Eqs. 2 to 4 for (B, 3, h, w) logits: background, foreground, heatmap.

    The weights of eq. 3 are inverse to the number of pixels of each class in the batch and sum to one over all
    pixels, so that things and background weigh a half each.
    """
    truth = batch.foreground
    entropy = F.cross_entropy(logits[:, :2], truth.clamp(min=0), reduction="none")
    classes = [truth == 0, truth == 1]
    present = [c for c in classes if bool(c.any())]
    foreground = sum((entropy[c].mean() for c in present), logits.sum() * 0) / max(len(present), 1)
    counted = truth >= 0
    heatmap = F.mse_loss(logits[:, 2].sigmoid()[counted], batch.heatmap[counted])
    return {
        "loss": foreground_weight * foreground + heatmap_weight * heatmap,
        "foreground": foreground,
        "heatmap": heatmap,
    }


def centroids(objects: NDArray[np.uint16]) -> NDArray[np.float32]:
    """(N, 2) float32 x, y of the 2D centroid of each visible mask, from its image moments (section III-A)."""
    labels = np.unique(objects)
    found = []
    for label in labels[labels > 0]:
        m = cv2.moments((objects == label).astype(np.uint8), binaryImage=True)
        found.append((m["m10"] / m["m00"], m["m01"] / m["m00"]))
    return np.array(found, np.float32).reshape(-1, 2)


def target_maps(
    labelled: LabelledFrame, size: tuple[int, int], sigma: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Foreground (h, w) int64 as in `MapBatch`, and heatmap (h, w) float32, at the size of HPG's answer."""
    h, w = size
    height, width = labelled.objects.shape
    foreground = np.where(labelled.ignored, -1, labelled.objects > 0).astype(np.int16)
    small = cv2.resize(foreground, (w, h), interpolation=cv2.INTER_NEAREST).astype(np.int64)
    centres = (centroids(labelled.objects) + 0.5) * np.array([w / width, h / height], np.float32) - 0.5
    return small, gaussian_heatmap(centres, np.full(len(centres), sigma * w, np.float32), size)


class _BatchMaker:
    def __init__(self, backbone: FrozenBackbone, size: tuple[int, int], settings: HPGTraining) -> None:
        self._backbone, self._size, self._settings = backbone, size, settings

    def of_step(self, frames: LabelledFrames, order: EpochOrder, step: int) -> MapBatch:
        rng = np.random.default_rng((self._settings.loop.seed, 1, step, order.ranks.rank))
        rate = self._settings.no_depth if self._backbone.uses_depth else 0.0
        return self.batch([frames[k] for k in order.at(step)[1]], rng, rate)

    def batch(
        self, labelled: Sequence[LabelledFrame], rng: np.random.Generator | None = None, no_depth: float = 0.0
    ) -> MapBatch:
        features = [
            self._backbone.features(one.frame, with_depth=rng is None or rng.random() >= no_depth)
            for one in labelled
        ]
        for one, feature in zip(labelled, features, strict=True):
            if feature.shape != features[0].shape:
                raise InputError(
                    f"frame {one.frame.name!r} has features of {tuple(feature.shape[-2:])}, others of "
                    f"{tuple(features[0].shape[-2:])}; wanted one aspect ratio, or a DINOv2 backbone"
                )
        maps = [target_maps(one, self._size, self._settings.sigma) for one in labelled]
        return MapBatch(
            torch.cat(features),
            torch.from_numpy(np.stack([foreground for foreground, _ in maps])),
            torch.from_numpy(np.stack([heatmap for _, heatmap in maps])),
        )


@torch.no_grad()
def _validate(
    model: nn.Module,
    maker: _BatchMaker,
    held: LabelledFrames,
    losses: Callable[[nn.Module, MapBatch], dict[str, Tensor]],
    picture: Path,
) -> dict[str, float]:
    """Mean losses over the validation frames, and a picture of the first few."""
    device = next(model.parameters()).device
    sums: dict[str, float] = {}
    rows = []
    for k in range(len(held)):
        labelled = held[k]
        batch = maker.batch([labelled]).to(device)
        for name, value in losses(model, batch).items():
            sums[name] = sums.get(name, 0.0) + float(value) / len(held)
        if k < _PICTURES:
            logits = model(batch.features)[0]
            maps = PromptMaps(logits[:2].softmax(0)[1], logits[2].sigmoid())
            peaks = select_peaks(maps, SegmentationSettings()).cpu().numpy()
            rows.append(
                [
                    outlined(labelled.frame.image, labelled.objects),
                    heat_picture(maps.foreground.cpu().numpy(), labelled.frame.image),
                    heat_picture(maps.heatmap.cpu().numpy(), labelled.frame.image, peaks),
                ]
            )
    save_grid(picture, rows)
    return sums
