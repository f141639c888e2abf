"""What a user may set of PartCLIPSeg's answers."""

from __future__ import annotations

from dataclasses import dataclass

from uois_sam.errors import InputError


@dataclass(frozen=True)
class PartClipSegSettings:
    """How parts are taken from the network's maps.

    Attributes:
        mask_threshold: least probability of a part at a pixel.
        score_threshold: least score of a part: its mean probability, times that of its object where one was named.
        min_area: pixels below which a part is dropped.
        margin: free border around an instance's box in the picture of it that the network sees, share of its side.
        refine: prompt the segmenter with each mask, and take its answer where it agrees.
        refine_agreement: least intersection over union of that answer with the mask.
        batch: instances that the network sees at once.
    """

    mask_threshold: float = 0.5
    score_threshold: float = 0.4
    min_area: int = 20
    margin: float = 0.15
    refine: bool = True
    refine_agreement: float = 0.5
    batch: int = 16

    def __post_init__(self) -> None:
        for name in ("mask_threshold", "score_threshold", "refine_agreement"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}; wanted 0 to 1")
        if self.margin < 0 or self.min_area < 1 or self.batch < 1:
            raise InputError(
                f"margin={self.margin}, min_area={self.min_area}, batch={self.batch}; "
                "wanted a margin of at least 0, and at least 1 pixel and instance"
            )
