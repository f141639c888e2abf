"""Identity switches."""

from __future__ import annotations

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.evaluation.switches import IdentitySwitches


def image(*labels: int) -> np.ndarray:
    """A row of blocks of 10 pixels for each label."""
    return np.repeat(np.array([labels], np.uint16), 10, axis=1)


def test_identities_that_stay_do_not_switch() -> None:
    switches = IdentitySwitches()
    for shift in range(3):
        assert switches.see(image(5, 0, 9), image(1, 0, 2), [40, 70]) == 0
        assert switches.see(image(9, 0, 5), image(1, 0, 2), [70, 40]) == 0, shift
    assert switches.count == 0


def test_two_things_that_swap_are_two_switches() -> None:
    switches = IdentitySwitches()
    switches.see(image(5, 0, 9), image(1, 0, 2), [1, 2])
    assert switches.see(image(5, 0, 9), image(2, 0, 1), [1, 2]) == 2
    assert switches.see(image(5, 0, 9), image(2, 0, 1), [1, 2]) == 0
    assert switches.count == 2


def test_a_thing_that_was_lost_and_comes_back_as_another_has_switched() -> None:
    switches = IdentitySwitches()
    switches.see(image(5, 0), image(1, 0), [1])
    assert switches.see(image(5, 0), image(0, 0), []) == 0
    assert switches.see(image(0, 5), image(0, 1), [8]) == 1
    assert switches.see(image(0, 0), image(0, 1), [9]) == 0


def test_only_masks_that_overlap_by_more_than_half_match() -> None:
    truth = np.zeros((1, 40), np.uint16)
    truth[:, :20] = 3
    switches = IdentitySwitches()
    switches.see(truth, np.where(truth > 0, np.uint16(1), np.uint16(0)), [1])
    half = np.zeros_like(truth)
    half[:, :10] = 1
    assert switches.see(truth, half, [2]) == 0  # an IoU of exactly one half
    half[:, 10] = 1
    assert switches.see(truth, half, [2]) == 1


def test_wrong_use() -> None:
    with pytest.raises(InputError, match="labels to 2; wanted"):
        IdentitySwitches().see(image(1, 0), image(1, 2), [1])
    with pytest.raises(InputError, match=r"prediction is \(1, 30\)"):
        IdentitySwitches().see(image(1, 0), image(1, 0, 0), [1])
