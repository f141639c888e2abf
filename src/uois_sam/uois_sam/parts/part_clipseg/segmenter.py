"""PartCLIPSeg in the stack: words to part masks, with instance masks as the known objects (Oracle-Obj)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.errors import InputError
from uois_sam.parts.part_clipseg.crops import Crop, crop_around
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.refine import refine_masks
from uois_sam.parts.part_clipseg.settings import PartClipSegSettings
from uois_sam.parts.part_clipseg.words import PartQuery, parse_query
from uois_sam.parts.protocol import check_same_image, in_order, part_of_mask
from uois_sam.sam.protocol import PromptableSegmenter
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instance, Instances, Part, Parts


class PartClipSeg:
    """Finds the parts that words name; a `PartSegmenter`.

    Each instance is shown to the network as a square picture of its own. "handle" asks for the generalized part;
    "handle of the mug" for the object-specific one, of instances that look like a mug. At each pixel of an
    instance the likeliest wanted part wins.

    Args:
        model: trained.
        segmenter: that embeds the frames; it refines the masks.
        settings: may be replaced between frames.
    """

    def __init__(
        self,
        model: PartClipSegModel,
        segmenter: PromptableSegmenter,
        settings: PartClipSegSettings | None = None,
    ) -> None:
        self.settings = settings or PartClipSegSettings()
        self._model, self._segmenter = model, segmenter
        self._queries: tuple[PartQuery, ...] = ()
        self.set_parts(())

    @classmethod
    def from_folder(
        cls, folder: Path, segmenter: PromptableSegmenter, settings: PartClipSegSettings | None = None
    ) -> PartClipSeg:
        """The model of a folder that `uois-sam train part-clipseg` wrote, on the segmenter's device.

        Raises:
            ModelError: the folder is missing, broken or holds another kind.
        """
        return cls(PartClipSegModel.from_folder(folder, segmenter.device), segmenter, settings)

    @property
    def names(self) -> tuple[str, ...]:
        """The parts that are looked for, in the user's words."""
        return tuple(query.name for query in self._queries)

    @torch.no_grad()
    def set_parts(self, names: Sequence[str]) -> None:
        """Choose the parts to look for, such as "handle" or "handle of the mug"; none are all it was trained on.

        Raises:
            InputError: a name is no part, or has a word that the model's tokenizer cannot spell.
        """
        queries = [parse_query(name) for name in dict.fromkeys(names or self._model.parts)]
        for query in queries:
            if not self._model.knows(query.part):
                raise InputError(f"part {query.part!r} is unknown; known are {', '.join(self._model.parts)}")
            if query.object is not None and not self._model.knows(query.object):
                raise InputError(f"object {query.object!r} is unknown; known are {', '.join(self._model.objects)}")
        parts = list(dict.fromkeys(query.part for query in queries))
        objects = list(dict.fromkeys(query.object for query in queries if query.object is not None))
        self._parts, self._objects = self._model.embed(parts), self._model.embed(objects)
        pairs = [(objects.index(q.object), parts.index(q.part)) for q in queries if q.object is not None]
        self._classes = torch.tensor(pairs, dtype=torch.long, device=self._model.device).reshape(-1, 2)
        self._rows = [parts.index(query.part) for query in queries]
        self._queries = tuple(queries)

    @torch.no_grad()
    def segment(self, frame: EmbeddedFrame, instances: Instances) -> Parts:
        """Find the wanted parts of all instances of one frame; see `PartSegmenter.segment`.

        Raises:
            InputError: the instances are of an image of another size.
        """
        check_same_image(frame, instances)
        height, width = frame.image.shape[:2]
        found: list[tuple[Instance, str, float, NDArray[np.bool_]]] = []
        wanted = list(instances) if self._queries else []
        for k in range(0, len(wanted), self.settings.batch):
            found += self._coarse(frame.image, instances, wanted[k : k + self.settings.batch])
        if self.settings.refine:
            masks = refine_masks(
                self._segmenter, frame.embedding, [mask for *_, mask in found], self.settings.refine_agreement
            )
            found = [
                (instance, name, score, mask & instances.mask(instance.label))
                for (instance, name, score, _), mask in zip(found, masks, strict=True)
            ]
        parts: list[Part] = []
        for instance, name, score, mask in found:
            part = part_of_mask(instance.id, name, score, mask)
            if part is not None and np.count_nonzero(mask) >= self.settings.min_area:
                parts.append(part)
        return Parts(height, width, in_order(parts))

    def _coarse(
        self, image: NDArray[np.uint8], instances: Instances, batch: Sequence[Instance]
    ) -> list[tuple[Instance, str, float, NDArray[np.bool_]]]:
        """The parts of some instances, with masks over the whole image within the instance's."""
        crops = [crop_around(instance.bbox, self.settings.margin) for instance in batch]
        pixels = self._model.pixels([crop.cut(image, 0) for crop in crops])
        maps = self._model.network(pixels, self._objects, self._parts, self._classes)
        own, specific, objects = maps.parts.sigmoid(), maps.classes.sigmoid(), maps.objects.sigmoid()
        found = []
        for k, (instance, crop) in enumerate(zip(batch, crops, strict=True)):
            mask = crop.cut(instances.mask(instance.label), False)
            inside = torch.from_numpy(mask).to(pixels.device)
            likely = _enlarged(objects[k], crop)
            belongs = [float(plane[inside].mean()) for plane in likely[:-1]]
            planes, weights = self._answers(own[k], specific[k], belongs)
            probability = _enlarged(planes, crop) * inside
            weighted = probability * probability.new_tensor(weights)[:, None, None]
            best = weighted.argmax(0)
            for row, query in enumerate(self._queries):
                taken = inside & (best == row) & (probability[row] >= self.settings.mask_threshold)
                if int(taken.sum()) < self.settings.min_area:
                    continue
                score = float(weighted[row][taken].mean())
                if score >= self.settings.score_threshold:
                    whole = crop.paste(taken.cpu().numpy(), image.shape[:2], False)
                    found.append((instance, query.name, score, whole))
        return found

    def _answers(self, own: Tensor, specific: Tensor, belongs: list[float]) -> tuple[Tensor, list[float]]:
        """(Q, h, w) probabilities of the wanted parts, and how likely the instance is each one's object."""
        planes, weights, at = [], [], 0
        for query, row in zip(self._queries, self._rows, strict=True):
            if query.object is None:
                planes.append(own[row])
                weights.append(1.0)
            else:
                planes.append(specific[at])
                weights.append(belongs[int(self._classes[at, 0])])
                at += 1
        return torch.stack(planes), weights


def _enlarged(maps: Tensor, crop: Crop) -> Tensor:
    """(N, side, side) of (N, h, w)."""
    return F.interpolate(maps[None], size=(crop.side, crop.side), mode="bilinear", align_corners=False)[0]
