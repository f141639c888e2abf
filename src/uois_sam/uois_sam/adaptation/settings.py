"""What the segmenter learns from clicks and masks, and how: every configuration of the paper's tables 1 to 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from uois_sam.errors import InputError, ModelError

ClickAdaptation = Literal["off", "reset", "continual"]
ResultMask = Literal["off", "untreated", "eroded"]

PAPER_LEARNING_RATE = 1e-6
"""For SAM's decoder (section 4.1)."""
TINY_LEARNING_RATE = 1e-3
"""For the bundled kind's, a ninth of SAM's in size, whose failure rate does not move at the paper's. Chosen on
photographs of the first half of GrabCut: lower rates leave more failures, twice the rate does not leave fewer."""
TINY_SERVING_RATE = 1e-4
"""For the same decoder where it goes on serving the whole model, every frame of it. Chosen on OSD: at three
times the rate masks there lose what they gain (docs/clicks.md)."""

_LETTERS: dict[str, dict[str, object]] = {
    "R": {"click_adaptation": "reset"},
    "C": {"click_adaptation": "continual"},
    "U": {"result_mask": "untreated"},
    "E": {"result_mask": "eroded"},
    "CM": {"click_mask": True},
}
_NOTHING = "none"


@dataclass(frozen=True)
class AdaptationSettings:
    """Schön et al., 2024, section 4.1; all off is the segmenter as it is.

    Attributes:
        click_adaptation: CA, a step on all clicks so far after each click; "reset" (R) takes these steps back when
            the object is done, "continual" (C) keeps them.
        result_mask: RM, a step on the mask that results; "untreated" (U) on all of it, "eroded" (E) without its
            borders.
        click_mask: CM, a step on all clicks when the object is done; one step together with RM.
        learning_rate: of Adam.
        erosions: k, times that foreground and background are eroded for "eroded".

    Raises:
        InputError: a value is not among those above, the learning rate is not positive, or `erosions` is below 1.
    """

    click_adaptation: ClickAdaptation = "off"
    result_mask: ResultMask = "off"
    click_mask: bool = False
    learning_rate: float = PAPER_LEARNING_RATE
    erosions: int = 5

    def __post_init__(self) -> None:
        for name, known in (("click_adaptation", ClickAdaptation), ("result_mask", ResultMask)):
            if getattr(self, name) not in get_args(known):
                raise InputError(f"{name} is {getattr(self, name)!r}; give one of {', '.join(get_args(known))}")
        if not 0 < self.learning_rate < 1:
            raise InputError(f"learning_rate is {self.learning_rate}; wanted a number above 0 and below 1")
        if self.erosions < 1:
            raise InputError(f"erosions is {self.erosions}; wanted 1 or more, or the result mask untreated")

    @classmethod
    def from_label(cls, label: str, learning_rate: float = PAPER_LEARNING_RATE) -> AdaptationSettings:
        """The settings that a row of the tables names, such as "R,E,CM"; see `label`.

        Raises:
            InputError: a letter is unknown or contradicts another; see also the class.
        """
        settings = cls(learning_rate=learning_rate)
        letters = [] if label == _NOTHING else label.split(",")
        for letter in letters:
            if letter not in _LETTERS:
                raise InputError(
                    f"configuration {label!r} has {letter!r}; give {_NOTHING} or some of R C, U E, CM"
                )
            settings = replace(settings, **_LETTERS[letter])  # type: ignore[arg-type]
        if settings.label.count(",") != label.count(","):
            raise InputError(f"configuration {label!r} contradicts itself; give R or C, U or E, and CM")
        return settings

    @property
    def label(self) -> str:
        """Letters of the tables, joined by commas: R or C, U or E, CM; "none" where nothing is learned."""
        letters = [
            letter
            for letter, setting in _LETTERS.items()
            for name, value in setting.items()
            if getattr(self, name) == value
        ]
        return ",".join(letters) or _NOTHING

    @property
    def lasting(self) -> bool:
        """Whether something that one object taught remains for the next."""
        return self.click_adaptation == "continual" or self.result_mask != "off" or self.click_mask


COMPLETE = "R,E,CM"
"""The paper's complete method."""

CONFIGURATIONS = (_NOTHING, COMPLETE, "R", "C", "E", "CM", "R,CM", "R,U,CM")
"""Rows of tables 1 to 4, first the baseline and the complete method."""


def model_learning_rate(config: Mapping[str, Any], *, serving: bool = False) -> float:
    """The learning rate that suits a model: that of its config.json; else that of the bundled kind or the paper's.

    Args:
        config: content of config.json; {"adaptation": {"learning_rate": 1e-4}, ...} says it.
        serving: for a decoder that goes on serving the whole model, in place of clicks alone.

    Raises:
        ModelError: the entry is not as above.
    """
    segmenter, entry = config.get("segmenter"), config.get("adaptation", {})
    tiny = isinstance(segmenter, dict) and segmenter.get("kind") == "tiny"
    usual = (TINY_SERVING_RATE if serving else TINY_LEARNING_RATE) if tiny else PAPER_LEARNING_RATE
    rate = entry.get("learning_rate", usual) if isinstance(entry, dict) else None
    if type(rate) is not float or not 0 < rate < 1:
        raise ModelError(f'"adaptation" of config.json is {entry!r}; wanted {{"learning_rate": a number below 1}}')
    return rate
