"""Pairing of two streams by nearest stamp."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uois_sam.sources.pairing import Pairer, period

stamps = st.lists(st.integers(0, 1000), max_size=20, unique=True).map(sorted)


@given(stamps, stamps, st.integers(0, 60))
def test_each_colour_gets_the_nearest_depth_within_the_tolerance(
    colours: list[int], depths: list[int], tolerance: int
) -> None:
    merged = sorted([(s, False) for s in colours] + [(s, True) for s in depths])
    pairer: Pairer[int] = Pairer(tolerance)
    pairs = list(pairer.pairs((is_depth, s, s) for s, is_depth in merged))
    expected = [c for c in colours if any(abs(c - d) <= tolerance for d in depths)]
    assert [stamp for stamp, _, _ in pairs] == expected
    assert pairer.unpaired == len(colours) - len(expected)
    for stamp, colour, depth in pairs:
        assert colour == stamp
        assert abs(depth - stamp) == min(abs(d - stamp) for d in depths)


def test_depth_that_stopped_does_not_hold_colour_back_for_ever() -> None:
    pairer: Pairer[int] = Pairer(5)
    endless = ((False, stamp, stamp) for stamp in range(0, 10**9, 10))
    stream = (m for part in ([(True, 0, 0)], endless) for m in part)
    assert next(pairer.pairs(stream)) == (0, 0, 0)


def test_period_is_the_median_step() -> None:
    assert period([0, 10, 20, 31, 500]) == 10
    assert period([7]) is None
    assert period([5, 5, 5]) is None
    assert period([]) is None
