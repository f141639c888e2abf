"""Some frames of a data set, evenly spaced."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.datasets.subset import EvenlySpaced, Stretch
from uois_sam.errors import InputError
from uois_sam.types import Frame

FRAMES = [Frame(np.zeros((2, 2, 3), np.uint8), name=str(k)) for k in range(10)]


@pytest.mark.parametrize(
    ("count", "names"), [(1, "0"), (2, "09"), (3, "049"), (4, "0369"), (10, "0123456789"), (99, "0123456789")]
)
def test_from_the_first_to_the_last(count: int, names: str) -> None:
    subset = EvenlySpaced(FRAMES, count)
    assert "".join(frame.name for frame in subset) == names
    assert len(subset) == len(names)


@given(st.integers(1, 60), st.integers(1, 80))
def test_rising_without_repeats(size: int, count: int) -> None:
    indices = EvenlySpaced((FRAMES * 6)[:size], count).indices
    assert len(indices) == min(size, count)
    assert indices == sorted(set(indices))
    steps = np.diff(indices)
    assert len(steps) == 0 or steps.max() - steps.min() <= 1


def test_slices_and_indices() -> None:
    subset = EvenlySpaced(FRAMES, 4)
    assert subset[-1].name == "9"
    assert [frame.name for frame in subset[1:3]] == ["3", "6"]
    with pytest.raises(IndexError):
        subset[4]


def test_none_is_refused() -> None:
    with pytest.raises(InputError, match="wanted 1 or more"):
        EvenlySpaced(FRAMES, 0)


def test_a_stretch() -> None:
    frames = Stretch(range(5), 1, 4)
    assert (len(frames), frames[0], frames[-1], frames[1:]) == (3, 1, 3, [2, 3])
    for first, last in ((-1, 2), (2, 2), (3, 6)):
        with pytest.raises(InputError, match=f"frames {first} to {last} of 5"):
            Stretch(range(5), first, last)
