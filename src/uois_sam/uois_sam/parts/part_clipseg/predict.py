"""PartCLIPSeg's two ways to answer for a whole image (Choi et al., 2024, section 4.1): Oracle-Obj and Pred-All."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.datasets.ov_parts import PartVocabulary
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.network import PartMaps

Setting = Literal["pred-all", "oracle-obj"]
SETTINGS: tuple[Setting, ...] = ("pred-all", "oracle-obj")


@dataclass(frozen=True)
class EmbeddedWords:
    """A vocabulary for the network: embeddings (O, D) of objects, (P, D) of parts, and classes (C, 2) int64."""

    objects: Tensor
    parts: Tensor
    classes: Tensor


@torch.no_grad()
def embed_words(model: PartClipSegModel, vocabulary: PartVocabulary) -> EmbeddedWords:
    """Embed a vocabulary once for many images."""
    classes = torch.tensor(vocabulary.classes, device=model.device)
    return EmbeddedWords(model.embed(vocabulary.objects), model.embed(vocabulary.parts), classes)


@torch.no_grad()
def part_maps(model: PartClipSegModel, words: EmbeddedWords, images: list[NDArray[np.uint8]]) -> PartMaps:
    """What the network says of (H, W, 3) uint8 RGB images in some words."""
    maps: PartMaps = model.network(model.pixels(images), words.objects, words.parts, words.classes)
    return maps


def oracle_obj(maps: PartMaps, classes: Tensor, objects: NDArray[np.int16]) -> NDArray[np.int64]:
    """The likeliest part of the object that is known to be at each pixel.

    Args:
        maps: of one image.
        classes: (C, 2) int64, object and part of each object-specific part.
        objects: (H, W) int16, true object of each pixel, -1 on the background.

    Returns:
        (H, W) int64 index of the object-specific part; C where there is no object, or one without parts.
    """
    logits = _upsampled(maps.classes[:, :-1], objects.shape)
    known = torch.from_numpy(objects.astype(np.int64)).to(logits.device)
    logits = logits.masked_fill(known[None] != classes[:, 0, None, None], -torch.inf)
    best, answer = logits.max(0)
    return torch.where(best == -torch.inf, len(classes), answer).cpu().numpy()


def pred_all(maps: PartMaps, classes: Tensor, size: tuple[int, int]) -> NDArray[np.int64]:
    """The likeliest part of the likeliest object at each pixel, with nothing known of the image.

    Args:
        maps: of one image.
        classes: (C, 2) int64, object and part of each object-specific part.
        size: H, W of the answer.

    Returns:
        (H, W) int64 index of the object-specific part; C on the background.
    """
    logits = _upsampled(maps.classes, size)
    likeliest = _upsampled(maps.objects, size).argmax(0)
    nothing = classes.new_tensor([maps.objects.shape[1] - 1])
    owner = torch.cat([classes[:, 0], nothing])
    answer = logits.masked_fill(likeliest[None] != owner[:, None, None], -torch.inf)
    best, index = answer.max(0)
    return torch.where(best == -torch.inf, len(classes), index).cpu().numpy()


def _upsampled(logits: Tensor, size: tuple[int, ...]) -> Tensor:
    """(N, H, W) of (1, N, h, w)."""
    return F.interpolate(logits.float(), size=tuple(size), mode="bilinear", align_corners=False)[0]
