from __future__ import annotations

from dataclasses import fields

import pytest

from uois_sam.errors import InputError
from uois_sam.segmentation.settings import SETTING_RANGES, SegmentationSettings, scaled_area


def test_defaults_are_the_papers() -> None:
    settings = SegmentationSettings()
    assert settings.foreground_threshold == 0.85
    assert settings.heatmap_threshold == 0.007
    assert settings.max_prompts == 30
    assert settings.score_threshold == 0.48
    assert settings.nms_iou == 0.3
    assert settings.max_area == 200 * 200


def test_every_setting_has_a_range() -> None:
    assert {f.name for f in fields(SegmentationSettings)} == set(SETTING_RANGES)


@pytest.mark.parametrize("name", SETTING_RANGES)
def test_refuses_values_out_of_range(name: str) -> None:
    low, high = SETTING_RANGES[name]
    for value in (low - 1, high + 1, float("nan")):
        with pytest.raises(InputError, match=name):
            SegmentationSettings(**{name: value})  # type: ignore[arg-type]


def test_from_dict_refuses_unknown_names() -> None:
    assert SegmentationSettings.from_dict({"nms_iou": 0.5}).nms_iou == 0.5
    with pytest.raises(InputError, match="nms_iuo"):
        SegmentationSettings.from_dict({"nms_iuo": 0.5})


def test_areas_scale_with_the_image() -> None:
    assert scaled_area(40000, 480, 640) == 40000
    assert scaled_area(40000, 120, 160) == 2500
