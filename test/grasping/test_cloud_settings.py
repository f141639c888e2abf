"""Ranges of the cloud settings."""

from __future__ import annotations

from dataclasses import fields

import pytest

from uois_sam.errors import InputError
from uois_sam.grasping.settings import CLOUD_RANGES, CloudSettings


def test_every_setting_has_a_range_that_holds_its_default() -> None:
    assert set(CLOUD_RANGES) == {f.name for f in fields(CloudSettings)}
    CloudSettings()


@pytest.mark.parametrize("name", sorted(CLOUD_RANGES))
def test_values_out_of_range_are_refused_by_name(name: str) -> None:
    low, high = CLOUD_RANGES[name]
    for value in (low - 1, high + 1, float("nan")):
        with pytest.raises(InputError, match=f"{name} is"):
            CloudSettings(**{name: value})


def test_depths_must_rise() -> None:
    with pytest.raises(InputError, match="must lie below max_depth"):
        CloudSettings(min_depth=2.0, max_depth=2.0)
