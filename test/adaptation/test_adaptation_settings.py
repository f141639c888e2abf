"""The rows of the paper's tables as settings, and the learning rate of each kind of segmenter."""

from __future__ import annotations

from typing import Any

import pytest

from uois_sam.adaptation.settings import (
    COMPLETE,
    CONFIGURATIONS,
    PAPER_LEARNING_RATE,
    TINY_LEARNING_RATE,
    TINY_SERVING_RATE,
    AdaptationSettings,
    model_learning_rate,
)
from uois_sam.errors import InputError, ModelError


def test_the_default_is_the_papers_baseline() -> None:
    settings = AdaptationSettings()
    assert settings.label == "none"
    assert not settings.lasting
    assert settings.learning_rate == 1e-6
    assert settings.erosions == 5


@pytest.mark.parametrize("label", CONFIGURATIONS)
def test_every_row_of_the_tables_is_a_setting(label: str) -> None:
    settings = AdaptationSettings.from_label(label, 0.5)
    assert settings.label == label
    assert settings.learning_rate == 0.5
    assert settings.lasting == (label not in ("none", "R"))


def test_the_complete_method() -> None:
    assert AdaptationSettings.from_label(COMPLETE) == AdaptationSettings("reset", "eroded", True)
    assert AdaptationSettings.from_label("CM,U,C") == AdaptationSettings("continual", "untreated", True)


@pytest.mark.parametrize("label", ["", "X", "R,C", "E,U", "R,R", "r", "R, E", "none,R", "R,none"])
def test_rows_that_are_none_are_refused(label: str) -> None:
    with pytest.raises(InputError, match="configuration"):
        AdaptationSettings.from_label(label)


@pytest.mark.parametrize(
    "wrong",
    [
        {"click_adaptation": "R"},
        {"result_mask": "E"},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"learning_rate": 1.0},
        {"erosions": 0},
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        AdaptationSettings(**wrong)


def test_a_model_brings_its_learning_rate() -> None:
    assert model_learning_rate({"adaptation": {"learning_rate": 1e-4}, "segmenter": {"kind": "tiny"}}) == 1e-4
    assert model_learning_rate({"segmenter": {"kind": "tiny"}, "settings": {}}) == TINY_LEARNING_RATE
    assert model_learning_rate({"segmenter": {"kind": "tiny"}}, serving=True) == TINY_SERVING_RATE
    for serving in (False, True):
        assert model_learning_rate({"segmenter": {"kind": "sam"}}, serving=serving) == PAPER_LEARNING_RATE
    assert model_learning_rate({}) == PAPER_LEARNING_RATE
    for wrong in (3, {"learning_rate": "fast"}, {"learning_rate": 0.0}, {"learning_rate": True}, None):
        with pytest.raises(ModelError, match="adaptation"):
            model_learning_rate({"adaptation": wrong})
