"""Training of PartCLIPSeg (Choi et al., NeurIPS 2024, eqs. 5 and 10, sections 3.3 and B.2)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uois_sam.datasets.ov_parts import PartVocabulary, VocabularyDataset
from uois_sam.errors import InputError
from uois_sam.evaluation.parts_zero_shot import measure_parts
from uois_sam.parts.part_clipseg.attention import attention_losses
from uois_sam.parts.part_clipseg.losses import mask_losses, mask_targets, with_hypernym
from uois_sam.parts.part_clipseg.model import CLIPSEG, PartClipSegModel
from uois_sam.parts.part_clipseg.predict import embed_words, oracle_obj, part_maps, pred_all
from uois_sam.parts.part_clipseg.small import SmallClipSeg, small_part_clipseg
from uois_sam.training.export import write_part_clipseg
from uois_sam.training.frames import Share
from uois_sam.training.loop import LoopSettings, ParameterGroup, Validation, train
from uois_sam.training.part_frames import PartBatch, SeenFrames, part_batches
from uois_sam.training.pictures import save_grid
from uois_sam.training.ranks import Ranks
from uois_sam.types import tint_labels

SMALL = "small"
_PICTURES = 8
_FIXED = (
    "clip.visual_projection",
    "clip.logit_scale",
    "clip.vision_model.post_layernorm",
    "clip.vision_model.colour",
)


@dataclass(frozen=True)
class PartClipSegTraining:
    """Everything that makes a run of `uois-sam train part-clipseg`; the defaults are the paper's.

    The weights of the losses and of the background are those of the published code.

    Attributes:
        clipseg: a CLIPSeg folder or hub name, or "small" for a small one without CLIP's weights; or the folder of
            a model that was trained here, to go on from it.
        small: sizes of that.
        object_weight, part_weight: lambda of eq. 5.
        separation_weight, enhancement_weight: lambda of eq. 10; 0 leaves the loss out.
        threshold: gamma of eq. 7.
        background_weight: of the background's channel in eq. 5.
        batch: pictures of a step.
        absent: objects that a step asks for besides those that its pictures show; -1 for all, as published. Fewer
            make a step cheaper where there are many classes.
        validate_every: steps between two looks at the frames held back.
        share: of the data set that is used.
        loop: see there.
    """

    clipseg: str = CLIPSEG
    small: SmallClipSeg = field(default_factory=SmallClipSeg)
    object_weight: float = 1.0
    part_weight: float = 1.0
    separation_weight: float = 0.1
    enhancement_weight: float = 0.01
    threshold: float = 0.3
    background_weight: float = 0.05
    batch: int = 8
    absent: int = -1
    validate_every: int = 1000
    share: Share = field(default_factory=Share)
    loop: LoopSettings = field(
        default_factory=lambda: LoopSettings(
            steps=20_000,
            learning_rate=1e-4,
            weight_decay=1e-4,
            warmup=0,
            power=0.9,
            beta2=0.999,
            clip=0.01,
            average=0.0,
            checkpoint_every=1000,
        )
    )

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1 or self.batch < 1 or self.validate_every < 1:
            raise InputError(
                f"threshold={self.threshold}, batch={self.batch}, validate_every={self.validate_every}; "
                "wanted a threshold between 0 and 1, and whole numbers from 1 on"
            )


def train_part_clipseg(
    dataset: VocabularyDataset,
    name: str,
    run: Path,
    settings: PartClipSegTraining,
    device: torch.device,
    ranks: Ranks | None = None,
) -> Path:
    """Train PartCLIPSeg on the seen objects of a set; it is written as a model folder to `run/model`.

    The checkpoint with the best mIoU of the seen classes under Oracle-Obj on frames held back is kept.

    Args:
        dataset, name: the training part of a set, and what it is called.
        run: directory of the run; goes on where it stopped.
        settings: of the run.
        device: to train on.
        ranks: of `torchrun`.

    Raises:
        InputError: the data or the run directory is not as described.
        ModelError: CLIPSeg is missing or broken.
    """
    used, held = settings.share.draw(len(dataset))
    seen = dataset.vocabulary.only_seen()
    torch.manual_seed(settings.loop.seed)
    model = start_model(seen, settings, device)
    frames, kept = (SeenFrames(dataset, indices, seen) for indices in (used, held))
    chosen = ranks or Ranks()

    def losses(network: nn.Module, batch: PartBatch) -> dict[str, Tensor]:
        return part_clipseg_losses(_with(model, network), batch, settings)

    network = train(
        model.network,
        [ParameterGroup(learning_parameters(model))],
        losses,
        lambda first, last: part_batches(
            frames, model, settings.batch, (first, last), settings.loop.seed, chosen, settings.absent
        ),
        run,
        settings.loop,
        {"data": name, "frames": len(frames), **asdict(settings)},
        Validation(
            settings.validate_every, lambda network: _look(_with(model, network), kept, run / "validation.png")
        ),
        chosen,
    )
    return write_part_clipseg(run / "model", _with(model, network))


def start_model(seen: PartVocabulary, settings: PartClipSegTraining, device: torch.device) -> PartClipSegModel:
    """The model that training begins with.

    Raises:
        InputError: the vocabulary has no seen class, or a word that the model to go on from cannot read.
        ModelError: CLIPSeg is missing or broken.
    """
    if not seen.classes:
        raise InputError("the data set has no part of a seen object; training wants one")
    if settings.clipseg == SMALL:
        model = small_part_clipseg(seen, settings.small)
        model.network.to(device)
        return model
    folder = Path(settings.clipseg).expanduser()
    if PartClipSegModel.is_in(folder):
        model = PartClipSegModel.from_folder(folder, device)
        strange = next((name for name in (*seen.objects, *seen.parts) if not model.knows(name)), None)
        if strange is not None:
            raise InputError(f"the model in {folder} cannot read the word {strange!r}; start from another")
    else:
        model = PartClipSegModel.from_clipseg(settings.clipseg, device)
    return replace(model, objects=seen.objects, parts=seen.parts)


def learning_parameters(model: PartClipSegModel) -> list[nn.Parameter]:
    """What learns: as published all but CLIP, of which the embeddings of words learn alone (B.2).

    Where the image features are not CLIP's, its text encoder knows nothing yet, and learns too.
    """
    whole = model.network.convolutional
    learning = []
    for name, parameter in model.network.named_parameters():
        words = name.startswith("clip.text_model.embeddings")
        fixed = not whole and name.startswith("clip.") and not words
        parameter.requires_grad_(not fixed and not name.startswith(_FIXED))
        if parameter.requires_grad:
            learning.append(parameter)
    return learning


def part_clipseg_losses(
    model: PartClipSegModel, batch: PartBatch, settings: PartClipSegTraining
) -> dict[str, Tensor]:
    """Eq. 10 and its terms by name, for a batch."""
    device, seen = batch.pixels.device, batch.vocabulary
    objects, classes = list(seen.objects), torch.tensor(seen.classes, device=device)
    asked = classes
    if model.hypernym:
        any_object = [[len(objects), part] for part in range(len(seen.parts))]
        asked = torch.cat([classes, torch.tensor(any_object, device=device)])
        objects.append(model.hypernym)
    controlled = settings.separation_weight > 0 or settings.enhancement_weight > 0
    maps = model.network(batch.pixels, model.embed(objects), model.embed(seen.parts), asked, attention=controlled)
    size = maps.classes.shape[-2:]
    truth = [
        F.interpolate(labels[:, None].float(), size=size, mode="nearest")[:, 0].long()
        for labels in (batch.objects, batch.classes)
    ]
    targets = mask_targets(truth[0], truth[1], classes, (len(seen.objects), len(seen.parts)))
    if model.hypernym:
        targets = with_hypernym(targets)
    numbers = mask_losses(maps, targets, settings.background_weight)
    loss = numbers["class"] + settings.object_weight * numbers["object"] + settings.part_weight * numbers["part"]
    if controlled:
        numbers["separation"], numbers["enhancement"] = attention_losses(
            maps, classes, batch.classes, settings.threshold
        )
        loss = loss + settings.separation_weight * numbers["separation"]
        loss = loss + settings.enhancement_weight * numbers["enhancement"]
    return {"loss": loss, **numbers}


def _with(model: PartClipSegModel, network: nn.Module) -> PartClipSegModel:
    return replace(model, network=network)  # type: ignore[arg-type]


def _look(model: PartClipSegModel, held: SeenFrames, picture: Path) -> dict[str, float]:
    """Figures of the frames held back, and a picture of the first: the truth, Oracle-Obj, Pred-All."""
    model.network.eval()
    figures = measure_parts(model, held, held.vocabulary)
    words = embed_words(model, held.vocabulary)
    rows = []
    for k in range(min(_PICTURES, len(held))):
        frame = held[k]
        maps = part_maps(model, words, [frame.image])
        size = (frame.image.shape[0], frame.image.shape[1])
        answers = [oracle_obj(maps, words.classes, frame.labels.objects), pred_all(maps, words.classes, size)]
        drawn = [(frame.labels.classes + 1).astype(np.uint16)]
        drawn += [((a + 1) % (len(words.classes) + 1)).astype(np.uint16) for a in answers]
        rows.append([tint_labels(frame.image, labels) for labels in drawn])
    save_grid(picture, rows)
    oracle, everything = figures["oracle-obj"], figures["pred-all"]
    return {
        "loss": 1 - float(np.nan_to_num(oracle.iou.seen)),
        "oracle_iou": oracle.iou.seen,
        "oracle_recall": oracle.recall.seen,
        "pred_all_iou": everything.iou.seen,
    }
