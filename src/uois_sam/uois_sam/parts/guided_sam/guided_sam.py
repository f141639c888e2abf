"""Guided SAM (van Rooij and Burghouts, 2024) as a part segmenter: patches guide the promptable segmenter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.guided_sam.drawing import RegionDrawer
from uois_sam.parts.guided_sam.features import DinoFeatures, EncoderFeatures, PatchFeatures
from uois_sam.parts.guided_sam.grounding import TextDetector
from uois_sam.parts.guided_sam.guidance import Region, find_regions, single_patches
from uois_sam.parts.guided_sam.model import ENCODER, IMAGENET, PartModel, load_part_model
from uois_sam.parts.protocol import check_same_image, choose_names, in_order, part_of_mask
from uois_sam.sam.protocol import PromptableSegmenter
from uois_sam.sam.tiny.encoder import EfficientNetLite0
from uois_sam.sam.tiny.imagenet import imagenet_weights
from uois_sam.sam.tiny.tiny import TinySegmenter
from uois_sam.sam.weights import fingerprint
from uois_sam.segmentation.dino import DinoBackbone
from uois_sam.segmentation.load import BUNDLED_MODEL, load_segmenter
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instances, Part, Parts

_BATCH = 8
"""Crops that the patch features are computed of at once; bounds memory."""


class GuidedSam:
    """`PartSegmenter` by a part model: patches of an instance's box are classified, grouped and prompted with.

    The paper's patches lie on the whole image, which shows one object; here each instance is such an image, and
    its parts are cut to its mask.

    Args:
        model: of the parts.
        features: that the model was trained on, see `load_features`.
        segmenter: draws the masks; the one that frames are embedded by.
        detector: for parts that GGSAM draws.

    Raises:
        InputError: a part's variant needs a text-prompted detector and there is none.
    """

    def __init__(
        self,
        model: PartModel,
        features: PatchFeatures,
        segmenter: PromptableSegmenter,
        detector: TextDetector | None = None,
    ) -> None:
        self.model = model
        self._classifier = model.classifier.to(segmenter.device)
        self._features = features
        self._drawer = RegionDrawer(segmenter, model.settings.encode, detector)
        self._names = model.names
        for name in model.names:
            variant = model.settings.variant_of(name)
            if variant.needs_text and detector is None:
                raise InputError(
                    f"part {name!r} is drawn by {variant.value}, which needs a text-prompted detector; "
                    "give a Grounding DINO model"
                )

    @classmethod
    def from_file(
        cls, path: Path, segmenter: PromptableSegmenter, detector: TextDetector | None = None
    ) -> GuidedSam:
        """Load a part model file, with the features that it was trained on.

        Raises:
            ModelError: the file, or the network behind its features, is missing, broken or another.
            InputError: as the constructor.
        """
        model = load_part_model(path)
        features = load_features(model.features, segmenter)
        channels = len(model.classifier.mean)
        if fingerprint(features.network) != model.fingerprint or features.channels != channels:
            raise ModelError(
                f"{path} was trained on other features ({model.features}, {channels} channels) than those here; "
                "train it again with `uois-sam train guided-sam`"
            )
        return cls(model, features, segmenter, detector)

    @property
    def names(self) -> tuple[str, ...]:
        """See `PartSegmenter`."""
        return self._names

    def set_parts(self, names: Sequence[str]) -> None:
        """See `PartSegmenter`."""
        self._names = choose_names(names, self.model.names)

    def segment(self, frame: EmbeddedFrame, instances: Instances) -> Parts:
        """See `PartSegmenter`.

        Raises:
            InputError: the instances are of an image of another size.
        """
        check_same_image(frame, instances)
        height, width = frame.image.shape[:2]
        found: list[Part] = []
        areas = [instance.bbox for instance in instances]
        for instance, area, probability in zip(instances, areas, self._classify(frame, areas), strict=True):
            within = instances.mask(instance.label)
            for name in self._names:
                own = probability[:, self.model.names.index(name)]
                for region in self.regions(own, area):
                    mask = self._mask(frame, name, region, own, area) & within
                    part = part_of_mask(instance.id, name, region.score, mask)
                    if part is not None:
                        found.append(part)
        return Parts(height, width, in_order(found))

    def probability(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(B, P, parts) probability of each patch of B images, each (H, W, 3) uint8 RGB, to contain each part."""
        grid = self.model.grid
        found = []
        for first in range(0, len(images), _BATCH):
            patches = grid.pool(self._features(images[first : first + _BATCH], grid))
            probability = self._classifier.probability(patches.flatten(0, 1))
            found.append(probability.view(*patches.shape[:2], -1).cpu().numpy())
        return np.concatenate(found) if found else np.zeros((0, len(grid), len(self.model.names)), np.float32)

    def regions(self, probability: NDArray[np.float32], area: tuple[int, int, int, int]) -> list[Region]:
        """Regions of one part, from the (P,) probabilities of the patches of an area x, y, w, h."""
        return find_regions(probability, self.model.grid, area, self.model.settings.threshold)

    def _classify(self, frame: EmbeddedFrame, areas: Sequence[tuple[int, int, int, int]]) -> NDArray[np.float32]:
        return self.probability([frame.image[y : y + h, x : x + w] for x, y, w, h in areas])

    def _mask(
        self,
        frame: EmbeddedFrame,
        name: str,
        region: Region,
        probability: NDArray[np.float32],
        area: tuple[int, int, int, int],
    ) -> NDArray[np.bool_]:
        """(H, W) bool, one region drawn by the part's variant."""
        variant = self.model.settings.variant_of(name)
        patches = single_patches(region, probability, self.model.grid, area)
        mask = np.zeros(frame.image.shape[:2], bool)
        for drawn in self._drawer.draw(frame, name, region, patches, [variant])[variant]:
            drawn.paste(mask)
        return mask


def load_features(name: str, segmenter: PromptableSegmenter) -> PatchFeatures:
    """Patch features by name.

    Args:
        name: "encoder", the colour backbone of `segmenter` where that is one of ours, else of the bundled model;
            "imagenet", that backbone as ImageNet left it, before it learnt tables; or a DINOv2 folder or hub name.
        segmenter: that will be prompted; features come out on its device.

    Raises:
        ModelError: the model, or the package of the ImageNet weights, is missing or broken.
    """
    if name == IMAGENET:
        colour = EfficientNetLite0()
        colour.load_imagenet(imagenet_weights())
        return EncoderFeatures(colour.to(segmenter.device))
    if name != ENCODER:
        return DinoFeatures(DinoBackbone.from_pretrained(name).to(segmenter.device))
    if not isinstance(segmenter, TinySegmenter):
        segmenter = load_segmenter(BUNDLED_MODEL, segmenter.device).segmenter
    assert isinstance(segmenter, TinySegmenter)
    return EncoderFeatures(segmenter.encoder.colour)
