"""Part segmenters by the name of their method."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from uois_sam.errors import InputError, ModelError
from uois_sam.paths import models_dir

if TYPE_CHECKING:
    from uois_sam.parts.protocol import PartSegmenter
    from uois_sam.sam.protocol import PromptableSegmenter

METHODS = ("guided_sam", "wps_sam", "part_clipseg")
BUNDLED_PROMPTER = "uois-sam-tiny-parts"
"""Model of wps_sam for the bundled segmenter."""


def method_and_model(text: str) -> tuple[str, str]:
    """METHOD:MODEL, as command lines take it, in its two pieces; wps_sam alone has the bundled model.

    Raises:
        InputError: there is no such method, or no model.
    """
    method, colon, model = text.partition(":")
    method = method.replace("-", "_")
    if method == "wps_sam" and not colon:
        model = BUNDLED_PROMPTER
    if method not in METHODS or not model:
        raise InputError(
            f"parts {text!r} name no method and model; give METHOD:MODEL, of {', '.join(METHODS)}; "
            "only wps_sam comes with one"
        )
    return method, model


def load_part_segmenter(method: str, model: str, segmenter: PromptableSegmenter) -> PartSegmenter:
    """A way of finding parts, with its weights.

    Args:
        method: one of `METHODS`.
        model: what `uois-sam train` wrote: the file of `train guided-sam`, the folder of `train wps-sam` or
            `train part-clipseg`; `BUNDLED_PROMPTER` names one that comes with the package.
        segmenter: that the frames are embedded by; it draws the masks.

    Raises:
        InputError: there is no such method.
        ModelError: the model is missing or broken, or belongs to another segmenter.
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}; choose one of {', '.join(METHODS)}")
    if not model:
        command = method.replace("_", "-")
        raise ModelError(f"{method} has no model; make one with `uois-sam train {command}` and give its path")
    path = Path(model)
    if method == "guided_sam":
        from uois_sam.parts.guided_sam.guided_sam import GuidedSam

        return GuidedSam.from_file(path, segmenter)
    if method == "wps_sam":
        from uois_sam.parts.wps_sam.wps_sam import WpsSam

        return WpsSam.from_folder(models_dir() / model if model == BUNDLED_PROMPTER else path, segmenter)
    from uois_sam.parts.part_clipseg.segmenter import PartClipSeg

    return PartClipSeg.from_folder(path, segmenter)
