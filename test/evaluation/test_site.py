"""Corrections at a new place: what is corrected, from where, and what the model becomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from growing_segmenter import SIZE, Growing
from numpy.typing import NDArray

from uois_sam.adaptation.settings import AdaptationSettings
from uois_sam.datasets.label_rule import LabelRule
from uois_sam.errors import InputError
from uois_sam.evaluation.clicks import Goal
from uois_sam.evaluation.site import SiteCorrection, correct_site
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.hpg import Proposal
from uois_sam.segmentation.pipeline import Pipeline
from uois_sam.segmentation.settings import SegmentationSettings
from uois_sam.types import Frame

RULE = LabelRule(2, 9)
LEARN = AdaptationSettings.from_label("E,CM", 0.5)


class Pointing:
    """Prompts at one point of every frame, or nowhere."""

    def __init__(self, *points: tuple[float, float]) -> None:
        self.points = points

    def propose(self, image: NDArray[np.uint8], embedding: Embedding, settings: SegmentationSettings) -> Proposal:
        return Proposal(torch.tensor(self.points, dtype=torch.float32).reshape(-1, 2))


def square(name: str, side: int) -> Frame:
    """A square around (12, 12), labelled 2."""
    label = np.zeros(SIZE, np.uint16)
    half = side // 2
    label[12 - half : 13 + half, 12 - half : 13 + half] = 2
    return Frame(np.zeros((*SIZE, 3), np.uint8), name=name, label=label)


def pipeline(*points: tuple[float, float]) -> Pipeline:
    settings = SegmentationSettings(min_area=1, score_threshold=0.0)
    return Pipeline(Growing(), Pointing(*points), settings=settings)  # type: ignore[arg-type]


def corrected(
    made: Pipeline, *frames: Frame, learn: AdaptationSettings = LEARN
) -> tuple[Pipeline, list[SiteCorrection]]:
    return correct_site(made, frames, RULE, learn, Goal(4, 0.85))


def test_a_mask_that_is_right_is_left_alone() -> None:
    made = pipeline((12, 12))
    learned, corrections = corrected(made, square("right", 3))
    assert corrections == []
    assert learned(np.zeros((*SIZE, 3), np.uint8)).area.tolist() == [9]


def test_a_thing_that_was_not_found_is_clicked_on_anew() -> None:
    _, (correction,) = corrected(pipeline(), square("missed", 7))
    assert (correction.image, correction.label, correction.found) == ("missed", 2, 0)
    assert correction.ious == pytest.approx((9 / 49, 1))
    assert correction.update is not None
    assert correction.update.kept


def test_a_poor_mask_is_corrected_from_where_it_is() -> None:
    _, (correction,) = corrected(pipeline((12, 12)), square("small", 5))
    assert correction.found == pytest.approx(9 / 25)


def test_a_person_has_enough_after_some_clicks() -> None:
    _, (correction,) = corrected(pipeline(), square("large", 21))
    assert len(correction.ious) == 4


def test_what_is_learned_serves_the_next_frames_and_the_model_stays() -> None:
    made = pipeline((12, 12))
    clicks = AdaptationSettings.from_label("CM", 0.5)
    learned, corrections = corrected(made, square("a", 7), square("b", 7), learn=clicks)
    image = np.zeros((*SIZE, 3), np.uint8)
    assert made(image).area.tolist() == [9]
    assert learned(image).area[0] >= 25
    assert [correction.found for correction in corrections] == pytest.approx([9 / 49, 25 / 49])


def test_nothing_is_learned_where_nothing_is_asked_for() -> None:
    made = pipeline((12, 12))
    learned, corrections = corrected(
        made, square("a", 5), learn=replace(LEARN, result_mask="off", click_mask=False)
    )
    assert len(corrections) == 1
    assert learned(np.zeros((*SIZE, 3), np.uint8)).area.tolist() == [9]


def test_bad_input() -> None:
    with pytest.raises(InputError, match="0 images to correct"):
        corrected(pipeline())
    with pytest.raises(InputError, match="'x' has no ground truth"):
        corrected(pipeline(), Frame(np.zeros((*SIZE, 3), np.uint8), name="x"))
