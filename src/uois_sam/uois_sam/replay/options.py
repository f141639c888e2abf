"""What a user chooses for the replay of a bag."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReplayOptions:
    """Choices that hold for every bag of a command.

    Attributes:
        model, device: as `load_pipeline` takes them.
        color, depth, info: names of topics; None finds them by type.
        labels: name of the topic or path of the folder that holds the truth; None takes a topic that is called so.
        first_object: first label that is an object; None detects the rule of the labels.
        ignore: label that counts for nobody, with `first_object`; None for none.
        overlay: also write `/segmentation/overlay`.
        parts: METHOD:MODEL of parts that are looked for too; None for none.
    """

    model: str = "uois-sam-tiny"
    device: str = "auto"
    color: str | None = None
    depth: str | None = None
    info: str | None = None
    labels: str | None = None
    first_object: int | None = None
    ignore: int | None = None
    overlay: bool = False
    parts: str | None = None
