"""Training of WPS-SAM's student prompter, or Det-SAM's detector, on a frozen segmenter (WPS-SAM, section 3)."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.datasets.part_labels import PartDataset, PartLabels
from uois_sam.datasets.synthetic.sensor import simulate_depth
from uois_sam.parts.wps_sam.cell_losses import cell_losses
from uois_sam.parts.wps_sam.cells import CellPrompter
from uois_sam.parts.wps_sam.matching import LossWeights, TrueParts, box_losses, token_losses
from uois_sam.parts.wps_sam.model import PartPrompter, PrompterDescription, unit_boxes
from uois_sam.parts.wps_sam.prompter import PrompterSettings, StudentPrompter
from uois_sam.parts.wps_sam.wps_sam import WpsSam, draw, enlarged
from uois_sam.sam.geometry import MAX_DEPTH
from uois_sam.sam.protocol import Embedding, Prompts
from uois_sam.segmentation.load import LoadedSegmenter
from uois_sam.training.export import write_prompter
from uois_sam.training.feature_cache import FeatureCache
from uois_sam.training.frames import EpochOrder, Share
from uois_sam.training.loop import LoopSettings, ParameterGroup, Validation, train
from uois_sam.training.pictures import save_grid
from uois_sam.training.ranks import Ranks
from uois_sam.types import Frame, tint_labels

_PICTURES = 8


@dataclass(frozen=True)
class WpsSamTraining:
    """Everything that makes a run of `uois-sam train wps-sam`; the defaults are the paper's (section 4.1).

    Attributes:
        supervision: "box" or "point", the labels that it learns from; a point is the centre of a box.
        detector: learn boxes in place of prompt tokens, DETR's way: the baseline Det-SAM (section 3.1).
        prompter: size of the network.
        weights: of matching and losses.
        token_scale: what the teacher's tokens are divided by before both. The paper's weights are meant for SAM's
            tokens, whose root mean square is about 0.7; those of the bundled segmenter have 4.6.
        batch: frames of a step.
        epochs: over the training frames.
        judge_every: epochs between two looks at the validation frames.
        no_depth: how often depth is left out, for segmenters that look at it.
        sensor_noise: give the depth the faults of a sensor, for synthetic sets that hold exact depth.
        cache: keep the frames' embeddings on disk; 2 MB each for SAM.
        share: of the data set that is used.
        loop: see there; its `steps` follow from the epochs. Without weight decay its AdamW is Adam.
    """

    supervision: str = "box"
    detector: bool = False
    prompter: PrompterSettings = field(default_factory=PrompterSettings)
    weights: LossWeights = field(default_factory=LossWeights)
    token_scale: float = 1.0
    batch: int = 8
    epochs: int = 150
    judge_every: int = 1
    no_depth: float = 0.25
    sensor_noise: bool = False
    cache: bool = True
    share: Share = field(default_factory=Share)
    loop: LoopSettings = field(
        default_factory=lambda: LoopSettings(
            learning_rate=1e-4, weight_decay=0.0, warmup=250, average=0.0, beta2=0.999
        )
    )

    @property
    def learns_boxes(self) -> bool:
        """Whether the network answers boxes, and not prompt tokens."""
        return self.detector or self.prompter.proposals == "cells"


@dataclass(frozen=True)
class PartBatch:
    """Embeddings of B frames and their parts.

    Attributes:
        features: (B, C, h, w) float32, the first map of each embedding.
        truth: the parts of each frame.
    """

    features: Tensor
    truth: tuple[TrueParts, ...]

    def to(self, device: torch.device) -> PartBatch:
        """The batch on another device."""
        truth = tuple(TrueParts(parts.kinds.to(device), parts.prompts.to(device)) for parts in self.truth)
        return PartBatch(self.features.to(device), truth)


class FrozenTeacher:
    """Embeddings of a data set's frames by a segmenter that does not learn, and its prompt encoder's tokens."""

    def __init__(
        self, loaded: LoadedSegmenter, dataset: PartDataset, cache: FeatureCache | None, settings: WpsSamTraining
    ) -> None:
        self._segmenter = loaded.segmenter
        self._dataset = dataset
        self._cache = cache
        self._settings = settings
        self._boxes: dict[int, PartLabels] = {}

    def batch(self, indices: list[int], rng: np.random.Generator | None = None) -> PartBatch:
        """Some frames; with `rng` a share of them without depth, where the segmenter looks at it."""
        blind = np.zeros(len(indices), bool)
        if rng is not None and self._segmenter.uses_depth:
            blind = rng.random(len(indices)) < self._settings.no_depth
        embeddings = [self.embedding(k, with_depth=not b) for k, b in zip(indices, blind, strict=True)]
        truth = tuple(self.truth(self._labels(k), e) for k, e in zip(indices, embeddings, strict=True))
        return PartBatch(torch.cat([embedding.features[0] for embedding in embeddings]), truth)

    def _labels(self, index: int) -> PartLabels:
        """The labels of a frame without masks, which are read once."""
        if index not in self._boxes:
            labels = self._dataset.parts(index)
            self._boxes[index] = PartLabels(labels.kinds, labels.boxes)
        return self._boxes[index]

    @torch.no_grad()
    def truth(self, labels: PartLabels, embedding: Embedding) -> TrueParts:
        """The teacher's prompts of the labelled parts of a frame; boxes for a network that answers these."""
        device = self._segmenter.device
        kinds = torch.from_numpy(labels.kinds).to(device)
        boxes = torch.from_numpy(labels.boxes).to(device)
        if self._settings.learns_boxes:
            return TrueParts(kinds, unit_boxes(boxes, embedding))
        tokens = 2 if self._settings.supervision == "box" else 1
        if len(labels) == 0:
            return TrueParts(kinds, torch.zeros(0, tokens * self._segmenter.token_dim, device=device))
        prompts = true_prompts(labels, self._settings.supervision, device)
        told = self._segmenter.prompt_tokens(embedding, prompts).flatten(1).float()
        return TrueParts(kinds, told / self._settings.token_scale)

    @torch.no_grad()
    def embedding(self, index: int, *, with_depth: bool) -> Embedding:
        """The first map of a frame's embedding, from the cache where there is one."""
        segmenter = self._segmenter

        def make() -> tuple[Tensor, ...]:
            made = self.encode(self._dataset[index], with_depth=with_depth)
            return made.features[0], torch.tensor([*made.image_size, *made.extent], dtype=torch.float64)

        if self._cache is None:
            features, shape = make()
        else:
            kind = "colour"
            if with_depth and segmenter.uses_depth:
                kind = "noisy" if self._settings.sensor_noise else "depth"
            features, shape = self._cache.get(f"{self._dataset.names[index]}_{kind}", make)
        height, width, *extent = shape.tolist()
        return Embedding((features.to(segmenter.device),), (int(height), int(width)), (extent[0], extent[1]))

    @torch.no_grad()
    def encode(self, frame: Frame, *, with_depth: bool) -> Embedding:
        """The whole embedding of a frame."""
        depth, camera = (frame.depth, frame.camera) if with_depth else (None, None)
        if self._settings.sensor_noise and depth is not None and camera is not None:
            rng = np.random.default_rng(zlib.crc32(frame.name.encode()))
            depth = simulate_depth(np.where(depth < MAX_DEPTH, depth, 0).astype(np.float32), camera, rng)
        return self._segmenter.encode(frame.image, depth, camera)

    @torch.no_grad()
    def pictures(self, index: int, student: WpsSam) -> list[NDArray[np.uint8]]:
        """A frame with its true boxes' masks (the upper bound), and with the student's; one colour a kind."""
        frame, labels = self._dataset[index], self._dataset.parts(index)
        embedding = self.encode(frame, with_depth=True)
        size = (frame.image.shape[0], frame.image.shape[1])
        nothing = np.zeros(size, np.uint16)
        bound = answer = nothing
        if len(labels):
            prompts = true_prompts(labels, self._settings.supervision, self._segmenter.device)
            bound = painted(labels.kinds, enlarged(draw(self._segmenter, embedding, prompts), size))
        found = student.masks(embedding)
        if found is not None:
            answer = painted(found.kinds.cpu().numpy(), enlarged(found.logits, size))
        return [tint_labels(frame.image, labels) for labels in (nothing, bound, answer)]


def true_prompts(labels: PartLabels, supervision: str, device: torch.device) -> Prompts:
    """Labelled parts as prompts: their boxes, or the centres of these ("box" or "point")."""
    if supervision == "box":
        return Prompts(boxes=torch.from_numpy(labels.boxes).to(device))
    return Prompts.from_points(torch.from_numpy(labels.points).to(device))


def painted(kinds: NDArray[np.int64], masks: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """(H, W) uint16, 1 + kind on each of (P, H, W) masks, the smaller on top; 0 elsewhere."""
    labels = np.zeros(masks.shape[1:], np.uint16)
    for k in np.argsort(-masks.sum((1, 2)), kind="stable"):
        labels[masks[k]] = kinds[k] + 1
    return labels


def train_wps_sam(
    loaded: LoadedSegmenter,
    dataset: PartDataset,
    name: str,
    run: Path,
    settings: WpsSamTraining,
    ranks: Ranks | None = None,
) -> Path:
    """Train a prompter for a segmenter, from boxes or points alone; masks are never looked at.

    Args:
        loaded: the segmenter, on the device to train on.
        dataset, name: frames with labelled parts, and what the set is called.
        run: directory of the run; goes on where it stopped. Its parent holds the feature cache.
        settings: of the run.
        ranks: of `torchrun`.

    Returns:
        The model folder, `run/model`, that `WpsSam.from_folder` reads.

    Raises:
        InputError: the data, a setting or the run directory is not as described.
    """
    ranks = ranks or Ranks()
    frames, held = (list(part.indices) for part in settings.share.split(dataset, dataset.rule))
    segmenter: nn.Module = loaded.segmenter  # type: ignore[assignment]
    cache = FeatureCache(run.parent / "features", segmenter, f"{name} parts") if settings.cache else None
    teacher = FrozenTeacher(loaded, dataset, cache, settings)
    example = teacher.embedding(frames[0], with_depth=True).features[0]
    description = PrompterDescription(
        dataset.part_names,
        example.shape[1],
        (example.shape[2], example.shape[3]),
        loaded.segmenter.token_dim,
        "det-sam" if settings.detector else "wps-sam",
        settings.supervision,
        settings.prompter,
        settings.token_scale,
    )
    torch.manual_seed(settings.loop.seed)
    network = description.build().to(loaded.segmenter.device)
    order = EpochOrder(len(frames), settings.batch, settings.loop.seed, ranks)
    loop = replace(settings.loop, steps=settings.epochs * order.steps)

    def of_step(step: int) -> PartBatch:
        rng = np.random.default_rng((settings.loop.seed, 1, step, ranks.rank))
        return teacher.batch([frames[k] for k in order.at(step)[1]], rng)

    def losses(model: nn.Module, batch: PartBatch) -> dict[str, Tensor]:
        proposals = model(batch.features)
        if isinstance(model, CellPrompter):
            return cell_losses(model, proposals, batch.truth)
        if settings.detector:
            return box_losses(proposals, batch.truth)
        return token_losses(proposals, batch.truth, settings.weights)

    @torch.no_grad()
    def judge(model: nn.Module) -> dict[str, float]:
        sums: dict[str, float] = {}
        for begin in range(0, len(held), settings.batch):
            chosen = held[begin : begin + settings.batch]
            for key, value in losses(model, teacher.batch(chosen).to(loaded.segmenter.device)).items():
                sums[key] = sums.get(key, 0.0) + float(value) * len(chosen) / len(held)
        return sums

    asked = asdict(settings)
    del asked["epochs"]  # more steps prolong the same run
    best = train(
        network,
        [ParameterGroup(list(network.parameters()))],
        losses,
        lambda first, last: map(of_step, range(first, last)),
        run,
        loop,
        {"segmenter": loaded.description, "data": name, "count": len(frames), **asked},
        Validation(settings.judge_every * order.steps, judge),
        ranks,
    )
    assert isinstance(best, StudentPrompter | CellPrompter)
    trained = PartPrompter(best.eval(), description)
    if ranks.first:
        student = WpsSam(trained, loaded.segmenter)
        save_grid(run / "validation.png", [teacher.pictures(k, student) for k in held[:_PICTURES]])
    return write_prompter(run / "model", loaded, trained)
