"""The part segmenter protocol: a frame embedded once, its instances, and the parts that are wanted of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.errors import InputError
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instances, Part, Parts


class PartSegmenter(Protocol):
    """A way of finding parts, with its weights and the promptable segmenter that draws its masks."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parts that are looked for, in the user's words."""

    def set_parts(self, names: Sequence[str]) -> None:
        """Choose the parts to look for; none are those that the model was made for.

        Raises:
            InputError: a name is unknown to this model; the known ones are listed.
        """

    def segment(self, frame: EmbeddedFrame, instances: Instances) -> Parts:
        """Find the wanted parts of all instances of one frame.

        Args:
            frame: the image, and its embedding by the promptable segmenter that this part segmenter prompts.
            instances: of that frame; without any there are no parts.

        Returns:
            Parts ordered by instance id, then by falling score; their masks lie within their instance's mask.
        """


def choose_names(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The names in the order given, without repetition; all known ones for none.

    Raises:
        InputError: a name is not known.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"part {unknown[0]!r} is unknown; known are {', '.join(known)}")
    return tuple(dict.fromkeys(names)) or tuple(known)


def check_same_image(frame: EmbeddedFrame, instances: Instances) -> None:
    """Refuse instances that are not of the frame.

    Raises:
        InputError: they are of an image of another size.
    """
    size = frame.image.shape[:2]
    if instances.label_image.shape != size:
        raise InputError(
            f"instances are of an image of {instances.label_image.shape}, the frame is {size}; "
            "give the instances of this frame"
        )


def part_of_mask(instance_id: int, name: str, score: float, mask: NDArray[np.bool_]) -> Part | None:
    """A part from its mask over the whole image, (H, W) bool; None where the mask is empty."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    if w == 0 or h == 0:
        return None
    return Part(instance_id, name, float(score), (x, y, w, h), mask[y : y + h, x : x + w].copy())


def in_order(parts: Sequence[Part]) -> list[Part]:
    """Parts by rising instance id, then by falling score."""
    return sorted(parts, key=lambda part: (part.instance_id, -part.score))
