"""PartCLIPSeg as a part segmenter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from part_doubles import Echo, H, HalvesModel, W, embedded

from uois_sam.errors import InputError
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.segmenter import PartClipSeg
from uois_sam.parts.part_clipseg.settings import PartClipSegSettings
from uois_sam.parts.protocol import PartSegmenter
from uois_sam.types import Instances

COARSE = PartClipSegSettings(refine=False)


def two_things() -> Instances:
    """Boxes of 20 x 12 and 16 x 10 px, the second at the image's border, with ids of their own."""
    labels = np.zeros((H, W), np.uint16)
    labels[10:22, 5:25] = 1
    labels[30:40, 44:60] = 2
    return replace(Instances.from_label_image(labels), id=np.array([7, 3]))


def made(settings: PartClipSegSettings = COARSE) -> tuple[PartClipSeg, HalvesModel]:
    model = HalvesModel()
    return PartClipSeg(model, Echo(), settings), model  # type: ignore[arg-type]


def test_all_parts_of_all_instances() -> None:
    segmenter, model = made()
    protocol: PartSegmenter = segmenter
    assert protocol.names == ("left", "right")
    parts = segmenter.segment(embedded(), two_things())
    assert [p.instance_id for p in parts] == [3, 3, 7, 7]
    assert {p.name for p in list(parts)[:2]} == {p.name for p in list(parts)[2:]} == {"left", "right"}
    assert model.seen == [2], "one batch"
    left = next(p for p in parts if p.instance_id == 7 and p.name == "left")
    assert left.bbox == (5, 10, 10, 12)
    assert left.mask.all()
    assert 0.75 < left.score < 1 / (1 + np.exp(-3)), "less where the halves meet"
    assert (parts.height, parts.width) == (H, W)


def test_masks_stay_within_their_instance() -> None:
    segmenter, _ = made(PartClipSegSettings(min_area=1))
    things = two_things()
    for part in segmenter.segment(embedded(), things):
        x, y, w, h = part.bbox
        whole = np.zeros((H, W), bool)
        whole[y : y + h, x : x + w] = part.mask
        assert not (whole & ~things.mask(1 if part.instance_id == 7 else 2)).any()
        assert whole.any()


def test_batches() -> None:
    segmenter, model = made(replace(COARSE, batch=1))
    segmenter.segment(embedded(), two_things())
    assert model.seen == [1, 1]


def test_words_at_run_time() -> None:
    segmenter, _ = made()
    segmenter.set_parts(["right", "right"])
    assert segmenter.names == ("right",)
    assert {p.name for p in segmenter.segment(embedded(), two_things())} == {"right"}
    segmenter.set_parts(["Left of the mug", "bowl's right"])
    assert segmenter.names == ("Left of the mug", "bowl's right")
    found = segmenter.segment(embedded(), two_things())
    assert {p.name for p in found} == {"Left of the mug"}, "nothing here looks like a bowl"
    segmenter.set_parts([])
    assert segmenter.names == ("left", "right")


def test_the_likeliest_wanted_part_wins() -> None:
    segmenter, _ = made()
    segmenter.set_parts(["left of the mug", "left"])
    names = {p.name for p in segmenter.segment(embedded(), two_things())}
    assert names == {"left"}, "the mug's is as likely, times how likely the thing is a mug"


def test_thresholds() -> None:
    things = two_things()
    for settings in (
        replace(COARSE, mask_threshold=0.99),
        replace(COARSE, score_threshold=0.99),
        replace(COARSE, min_area=5000),
    ):
        assert len(made(settings)[0].segment(embedded(), things)) == 0


def test_no_instances_no_parts() -> None:
    segmenter, model = made(PartClipSegSettings())
    parts = segmenter.segment(embedded(), Instances.empty(H, W))
    assert (len(parts), parts.height, parts.width) == (0, H, W)
    assert model.seen == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("spout", "part 'spout' is unknown; known are left, right"),
        ("left of the pan", "object 'pan' is unknown; known are mug, bowl"),
        ("of the mug", "names no part"),
    ],
)
def test_unknown_words_are_refused_and_change_nothing(name: str, complaint: str) -> None:
    segmenter, _ = made()
    segmenter.set_parts(["left"])
    with pytest.raises(InputError, match=complaint):
        segmenter.set_parts(["right", name])
    assert segmenter.names == ("left",)


def test_instances_of_another_image_are_refused() -> None:
    with pytest.raises(InputError, match="of an image of"):
        made()[0].segment(embedded(), Instances.empty(H, W + 1))


@pytest.mark.parametrize(
    "bad", [{"mask_threshold": 1.5}, {"score_threshold": -0.1}, {"margin": -1.0}, {"batch": 0}, {"min_area": 0}]
)
def test_settings_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="wanted"):
        PartClipSegSettings(**bad)


def test_a_real_network_answers(model: PartClipSegModel) -> None:
    settings = PartClipSegSettings(mask_threshold=0.0, score_threshold=0.0, min_area=1, batch=1)
    segmenter = PartClipSeg(model, Echo(), settings)  # type: ignore[arg-type]
    segmenter.set_parts(["handle", "body of the mug", "milk carton's cap"])
    parts = segmenter.segment(embedded(), two_things())
    assert len(parts) > 0
    assert {p.instance_id for p in parts} == {3, 7}
