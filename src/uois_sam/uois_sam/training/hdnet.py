"""Training of HDNet on a frozen segmenter, as published (UOIS-SAM, section III-B, eqs. 5 to 7)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.datasets.label_rule import LabelRule
from uois_sam.datasets.synthetic.sensor import simulate_depth
from uois_sam.errors import InputError
from uois_sam.sam.geometry import MAX_DEPTH
from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts
from uois_sam.segmentation.hdnet import HDNet
from uois_sam.segmentation.load import LoadedSegmenter
from uois_sam.training.export import write_hdnet
from uois_sam.training.feature_cache import FeatureCache
from uois_sam.training.frames import EpochOrder, LabelledFrame, Share
from uois_sam.training.loop import PUBLISHED_LOOP, LoopSettings, ParameterGroup, Validation, train
from uois_sam.training.pictures import outlined, save_grid
from uois_sam.training.ranks import Ranks
from uois_sam.training.repaint import repaint
from uois_sam.types import Frame

_PICTURES = 8
_VALIDATION_SEED = 1_000_003


@dataclass(frozen=True)
class HDNetTraining:
    """Everything that makes a run of `uois-sam train hdnet`; the defaults are the paper's where it gives them.

    Attributes:
        hidden_dim: of the MLP; SAM's IoU head has 256.
        evidence: let HDNet read `gather_evidence` too, which the paper's does not.
        points: M, prompts of a frame.
        on_background: share of the points that lie beside all things. Open in the paper: a third keeps the scores
            honest on things and still teaches that points beside them find nothing.
        no_depth: how often depth is left out, so that one HDNet serves both.
        sensor_noise: give the depth the faults of a random sensor, for synthetic sets that hold exact depth.
        painted: share of the things that get new paint, see `repaint`, so that HDNet learns which change of colour
            ends a thing; needs `cache` off.
        frames: of a step.
        epochs: over the training frames.
        drop_every: epochs after which the learning rate falls to a tenth.
        share: of the data set that is used.
        cache: keep the frames' embeddings on disk; some MB each.
        loop: see there; its `steps` and `drop_every` follow from the epochs.
    """

    hidden_dim: int = 256
    evidence: bool = False
    points: int = 30
    on_background: float = 1 / 3
    no_depth: float = 0.25
    sensor_noise: bool = False
    painted: float = 0.0
    frames: int = 1
    epochs: int = 30
    drop_every: int = 10
    share: Share = field(default_factory=Share)
    cache: bool = True
    loop: LoopSettings = PUBLISHED_LOOP


@dataclass(frozen=True)
class TokenBatch:
    """What the decoder said to M prompts, and the scores it should have given.

    Attributes:
        candidates: without logits, which HDNet does not read.
        evidence: (M, 4, E) what it reads of them, or None.
        targets: (M, 4) float32, eq. 6.
        on: (M,) bool, the prompts on things.
    """

    candidates: MaskCandidates
    evidence: Tensor | None
    targets: Tensor
    on: Tensor

    def to(self, device: torch.device) -> TokenBatch:
        """The batch on another device."""
        moved = MaskCandidates(**{name: tensor.to(device) for name, tensor in vars(self.candidates).items()})
        evidence = None if self.evidence is None else self.evidence.to(device)
        return TokenBatch(moved, evidence, self.targets.to(device), self.on.to(device))

    @staticmethod
    def join(parts: Sequence[TokenBatch]) -> TokenBatch:
        """One batch of several frames'."""
        evidence = [p.evidence for p in parts if p.evidence is not None]
        return TokenBatch(
            MaskCandidates.concatenate([p.candidates for p in parts]),
            torch.cat(evidence) if evidence else None,
            torch.cat([p.targets for p in parts]),
            torch.cat([p.on for p in parts]),
        )


class FrozenSegmenter:
    """Embeddings of frames, cached on disk if wanted, and tokens of prompts on them."""

    def __init__(self, loaded: LoadedSegmenter, cache: FeatureCache | None, settings: HDNetTraining) -> None:
        self._segmenter = loaded.segmenter
        self._cache = cache
        self._settings = settings
        self._looks_at_depth = loaded.segmenter.uses_depth or settings.evidence

    @torch.no_grad()
    def ask(self, labelled: LabelledFrame, hdnet: HDNet, rng: np.random.Generator) -> TokenBatch:
        """Tokens, evidence and targets of `settings.points` random points on a frame."""
        if self._settings.painted:
            fresh = repaint(labelled.frame.image, labelled.objects, self._settings.painted, rng)
            labelled = replace(labelled, frame=replace(labelled.frame, image=fresh))
        blind = self._looks_at_depth and rng.random() < self._settings.no_depth
        embedding = self._embedding(labelled, with_depth=not blind)
        points, labels = sample_points(labelled, self._settings.points, self._settings.on_background, rng)
        device = self._segmenter.device
        asked = torch.from_numpy(points).to(device)
        candidates = self._segmenter.decode(embedding, Prompts.from_points(asked))
        targets = iou_targets(candidates.logits, labelled, labels)
        evidence = hdnet.gather(candidates, asked, embedding)
        tokens = replace(candidates, logits=candidates.logits[:, :, :1, :1])
        return TokenBatch(tokens, evidence, targets, torch.from_numpy(labels > 0).to(device))

    @torch.no_grad()
    def choices(self, labelled: LabelledFrame, hdnet: HDNet, seed: int) -> list[NDArray[np.uint8]]:
        """Pictures: the truth, and the masks that the segmenter's own and the refined scores choose."""
        rng = np.random.default_rng((_VALIDATION_SEED, seed))
        points, labels = sample_points(labelled, self._settings.points, 0.0, rng)
        asked = torch.from_numpy(points).to(self._segmenter.device)
        embedding = self._embedding(labelled, with_depth=True)
        candidates = self._segmenter.decode(embedding, Prompts.from_points(asked))
        refined = hdnet(candidates, hdnet.gather(candidates, asked, embedding))
        height, width = labelled.objects.shape
        pictures = [outlined(labelled.frame.image, labelled.objects)]
        for scores in (candidates.scores, refined):
            painted = np.zeros((height, width), np.uint16)
            best, chosen = scores.max(1)
            for k in best.argsort().tolist():
                mask = (candidates.logits[k, chosen[k]] > 0).cpu().numpy().astype(np.uint8)
                painted[cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST) > 0] = labels[k]
            pictures.append(outlined(labelled.frame.image, painted))
        return pictures

    def _embedding(self, labelled: LabelledFrame, *, with_depth: bool) -> Embedding:
        frame = labelled.frame
        depth, camera = (frame.depth, frame.camera) if with_depth else (None, None)
        segmenter, made = self._segmenter, []
        if self._settings.sensor_noise and depth is not None and camera is not None:
            rng = np.random.default_rng(zlib.crc32(frame.name.encode()))
            depth = simulate_depth(np.where(depth < MAX_DEPTH, depth, 0).astype(np.float32), camera, rng)

        def make() -> tuple[Tensor, ...]:
            made.append(segmenter.encode(frame.image, depth, camera))
            extent = torch.tensor(made[0].extent, dtype=torch.float64)
            geometry = torch.zeros(0, 0) if made[0].geometry is None else made[0].geometry
            return (*made[0].features, extent, geometry)

        if self._cache is None:
            make()
            return made[0]
        kind = ("noisy" if self._settings.sensor_noise else "depth") if with_depth else "colour"
        *features, extent, geometry = self._cache.get(f"{frame.name}_{kind}", make)
        size = (frame.image.shape[0], frame.image.shape[1])
        return Embedding(
            tuple(f.to(segmenter.device) for f in features),
            size,
            (float(extent[0]), float(extent[1])),
            geometry.to(segmenter.device) if geometry.numel() else None,
        )


def train_hdnet(
    loaded: LoadedSegmenter,
    dataset: Sequence[Frame],
    rule: LabelRule,
    name: str,
    run: Path,
    settings: HDNetTraining,
    ranks: Ranks | None = None,
) -> Path:
    """Train HDNet for a segmenter; both are written as a model folder to `run/model`.

    Arguments and errors are those of `uois_sam.training.hpg.train_hpg`.
    """
    ranks = ranks or Ranks()
    frames, held = settings.share.split(dataset, rule)
    segmenter: nn.Module = loaded.segmenter  # type: ignore[assignment]
    if settings.cache and settings.painted:
        raise InputError("painted frames are new each time and cannot be cached; set cache: false or painted: 0")
    cache = FeatureCache(run.parent / "features", segmenter, name) if settings.cache else None
    frozen = FrozenSegmenter(loaded, cache, settings)
    torch.manual_seed(settings.loop.seed)
    hdnet = HDNet(loaded.segmenter.token_dim, settings.hidden_dim, evidence=settings.evidence)
    hdnet.to(loaded.segmenter.device)
    order = EpochOrder(len(frames), settings.frames, settings.loop.seed, ranks)
    loop = replace(
        settings.loop, steps=settings.epochs * order.steps, drop_every=settings.drop_every * order.steps
    )

    def ask(labelled: LabelledFrame, *seed: int) -> TokenBatch:
        return frozen.ask(labelled, hdnet, np.random.default_rng(seed))

    def of_step(step: int) -> TokenBatch:
        epoch, chosen = order.at(step)
        return TokenBatch.join([ask(frames[k], settings.loop.seed, epoch, k) for k in chosen])

    judges = [ask(held[k], _VALIDATION_SEED, k) for k in range(len(held))]
    best = train(
        hdnet,
        [ParameterGroup(list(hdnet.parameters()))],
        hdnet_loss,
        lambda first, last: map(of_step, range(first, last)),
        run,
        loop,
        {"segmenter": loaded.description, "data": name, "count": len(frames), **asdict(settings)},
        Validation(order.steps, lambda model: _validate(model, judges)),
        ranks,
    )
    assert isinstance(best, HDNet)
    if ranks.first:
        rows = [frozen.choices(held[k], best, k) for k in range(min(_PICTURES, len(held)))]
        save_grid(run / "validation.png", rows)
    return write_hdnet(run / "model", loaded, best, settings.hidden_dim)


def sample_points(
    labelled: LabelledFrame, count: int, on_background: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Random points of a frame: on its things, each as likely as another, and beside all of them.

    Pixels that count for nobody are never drawn. Without things all points lie on the background, and the other
    way round.

    Returns:
        (count, 2) float32 x, y in pixels, and (count,) int64 label of the thing under each, 0 for the background.
    """
    background = np.flatnonzero((labelled.objects == 0) & ~labelled.ignored)
    things = np.unique(labelled.objects)
    things = things[things > 0]
    beside = round(count * on_background) if len(background) else 0
    beside = beside if len(things) else count
    chosen = rng.choice(things, count - beside) if len(things) else np.zeros(0, int)
    pixels = [rng.choice(np.flatnonzero(labelled.objects == thing)) for thing in chosen]
    pixels += list(rng.choice(background, beside)) if beside and len(background) else []
    y, x = np.divmod(np.array(pixels, np.int64), labelled.objects.shape[1])
    labels = np.r_[chosen, np.zeros(len(pixels) - len(chosen), int)].astype(np.int64)
    return np.stack([x, y], 1).astype(np.float32), labels


def iou_targets(logits: Tensor, labelled: LabelledFrame, labels: NDArray[np.int64]) -> Tensor:
    """(M, 4) float32 IoU of each candidate with the thing under its point, 0 on the background (eq. 6).

    Masks are compared at the logits' resolution, without the pixels that count for nobody.
    """
    h, w = logits.shape[-2:]
    small = cv2.resize(labelled.objects, (w, h), interpolation=cv2.INTER_NEAREST).astype(np.int64)
    counted = cv2.resize((~labelled.ignored).astype(np.uint8), (w, h), interpolation=cv2.INTER_NEAREST) > 0
    wanted = torch.from_numpy(labels).to(logits.device)
    truth = (torch.from_numpy(small).to(logits.device)[None] == wanted.view(-1, 1, 1)) & (wanted > 0).view(
        -1, 1, 1
    )
    predicted = (logits > 0) & torch.from_numpy(counted).to(logits.device)
    union = (predicted | truth[:, None]).sum((2, 3)).clamp(min=1)
    return (predicted & truth[:, None]).sum((2, 3)) / union


def hdnet_loss(model: nn.Module, batch: TokenBatch) -> dict[str, Tensor]:
    """Eq. 7: MSE of the refined scores; the segmenter's own error and both choices are logged beside it."""
    refined = model(batch.candidates, batch.evidence).float()
    own = batch.candidates.scores.float()
    numbers = {"loss": F.mse_loss(refined, batch.targets), "own_error": F.mse_loss(own, batch.targets)}
    if bool(batch.on.any()):
        iou = batch.targets[batch.on]
        numbers["iou_best"] = iou.max(1).values.mean()
        numbers["iou_chosen"] = iou.gather(1, refined[batch.on].argmax(1, keepdim=True)).mean()
        numbers["iou_own_choice"] = iou.gather(1, own[batch.on].argmax(1, keepdim=True)).mean()
    return numbers


@torch.no_grad()
def _validate(model: nn.Module, judges: Sequence[TokenBatch]) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for batch in judges:
        for name, value in hdnet_loss(model, batch).items():
            sums.setdefault(name, []).append(float(value))
    return {name: float(np.mean(values)) for name, values in sums.items()}
