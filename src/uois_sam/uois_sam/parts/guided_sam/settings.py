"""How Guided SAM turns patches into masks (sections 3.3 to 3.5), and which variant draws which part (4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from uois_sam.errors import InputError


class Variant(str, Enum):
    """A way to draw a part in its region of interest: the paper's, in the order of table 3, and two of ours.

    ROI_* prompt the segmenter once in the region, PATCH_* once in each of its patches. GGSAM prompts with the
    boxes that a text-prompted detector finds there, CGSAM with the region's or the patch's centre, LGSAM with the
    centre of the region's surest patch. NAIVE takes the patches themselves for the mask.

    Ours say all that the patches know: ROI_MGSAM prompts with the region's box and, as a low-resolution mask, with
    the likelihood of its cells; ROI_PGSAM adds what that prompt's candidates say to the likelihood's log-odds.
    """

    ROI_GGSAM = "roi-ggsam"
    ROI_CGSAM = "roi-cgsam"
    ROI_LGSAM = "roi-lgsam"
    NAIVE = "naive"
    PATCH_GGSAM = "patch-ggsam"
    PATCH_CGSAM = "patch-cgsam"
    ROI_MGSAM = "roi-mgsam"
    ROI_PGSAM = "roi-pgsam"

    @property
    def needs_text(self) -> bool:
        """Whether a text-prompted detector is wanted."""
        return self in (Variant.ROI_GGSAM, Variant.PATCH_GGSAM)


ENCODE = ("crop", "frame")


@dataclass(frozen=True)
class GuidedSamSettings:
    """What stands beside the classifiers in a part model.

    Attributes:
        threshold: c_t of section 3.3; patches whose probability is above it take part. Not given in the paper; the
            machines' probabilities are calibrated, so half is where a patch is more likely than not.
        encode: "crop" encodes each region anew, as the paper does; "frame" reuses the frame's embedding (section
            3.5: faster), where the region's box joins the prompt to say what the crop says otherwise.
        variant: for parts that `variants` does not name; the paper's best single one.
        variants: the variant of a part, as `choose_variants` finds them (section 4.6).

    Raises:
        InputError: a value is out of range.
    """

    threshold: float = 0.5
    encode: str = "crop"
    variant: Variant = Variant.ROI_LGSAM
    variants: Mapping[str, Variant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise InputError(f"threshold is {self.threshold}; wanted a probability from 0 to below 1")
        if self.encode not in ENCODE:
            raise InputError(f"encode is {self.encode!r}; wanted {' or '.join(ENCODE)}")

    def variant_of(self, part: str) -> Variant:
        """The variant that draws a part."""
        return self.variants.get(part, self.variant)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "threshold": self.threshold,
            "encode": self.encode,
            "variant": self.variant.value,
            "variants": {part: variant.value for part, variant in self.variants.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GuidedSamSettings:
        """The settings of `as_dict`.

        Raises:
            InputError: a name is unknown, or a value is of another type or out of range.
        """
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            raise InputError(f"setting {unknown[0]!r} of Guided SAM is unknown")
        try:
            return cls(
                float(values.get("threshold", cls.threshold)),
                str(values.get("encode", cls.encode)),
                Variant(values.get("variant", cls.variant)),
                {str(part): Variant(name) for part, name in dict(values.get("variants", {})).items()},
            )
        except (TypeError, ValueError) as error:
            raise InputError(f"settings of Guided SAM cannot be used: {error}") from None
