"""What is shown of the image that a person marks objects in."""

from __future__ import annotations

from dataclasses import dataclass

from uois_sam.adaptation.interactive import Click
from uois_sam.annotation.instance_folder import InstanceClicks
from uois_sam.annotation.instance_labels import MarkedObject


@dataclass(frozen=True)
class ActiveObject:
    """What is shown of the object that clicks go to.

    Attributes:
        number: by which a person knows it.
        is_new: whether it is not among the image's objects yet.
        counts: run-length code of its mask as it is now, see `decode_rle`.
        clicks: all that it has so far.
        changed: whether there was a click since it was chosen.
    """

    number: int
    is_new: bool
    counts: str
    clicks: tuple[Click, ...]
    changed: bool


@dataclass(frozen=True)
class InstanceView:
    """What a page shows; a new one after each step.

    Attributes:
        index: of the image.
        file: its name.
        size: its H, W in pixels.
        objects: that are marked; the one that clicks go to as it was before.
        active: the object that clicks go to.
        done: whether a person has said that nothing is left to do in the image.
        undoable: steps that can be taken back.
        clicks: on this image.
        images_done: how many images are done.
        all_clicks: on all images.
        figures: see `InstanceFolder.figures`.
    """

    index: int
    file: str
    size: tuple[int, int]
    objects: tuple[MarkedObject, ...]
    active: ActiveObject | None
    done: bool
    undoable: int
    clicks: InstanceClicks
    images_done: int
    all_clicks: int
    figures: dict[str, float]
