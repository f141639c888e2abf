from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from uois_sam.training.depth_faults import lose, misalign, patches, see_through, spoil

LABEL = np.zeros((48, 64), np.uint8)
LABEL[10:30, 10:40] = 1
LABEL[30:44, 35:60] = 2


def geometry() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.1, 1, (48, 64, 7)).astype(np.float32)


@given(dx=st.integers(-5, 5), dy=st.integers(-5, 5))
def test_misaligned_there_and_back_loses_only_the_border(dx: int, dy: int) -> None:
    whole = geometry()
    back = misalign(misalign(whole, dx, dy), -dx, -dy)
    kept = back.any(2)
    assert np.array_equal(back[kept], whole[kept])
    assert kept.sum() == (48 - abs(dy)) * (64 - abs(dx))


def test_misaligned_to_the_right_and_down() -> None:
    whole = geometry()
    assert np.array_equal(misalign(whole, 2, 1)[1:, 2:], whole[:-1, :-2])


def test_a_transparent_thing_shows_the_table() -> None:
    whole = geometry()
    clear = see_through(whole, LABEL == 1)
    assert (clear[LABEL == 1] == [0, 0, 1, 0, 0, 0, 1]).all()
    assert np.array_equal(clear[LABEL != 1], whole[LABEL != 1])


def test_what_is_lost_is_zero_in_all_channels() -> None:
    whole = geometry()
    kept = lose(whole, LABEL == 2)
    assert not kept[LABEL == 2].any()
    assert np.array_equal(kept[LABEL != 2], whole[LABEL != 2])


@given(share=st.floats(0.05, 0.95), seed=st.integers(0, 1000))
def test_patches_cover_their_share_and_are_large(share: float, seed: int) -> None:
    lost = patches((48, 64), share, np.random.default_rng(seed))
    assert abs(lost.mean() - share) < 0.01
    crossings = np.count_nonzero(lost[:, 1:] != lost[:, :-1])
    assert crossings < 0.12 * lost.size


def test_faults_come_alone_together_and_not_at_all() -> None:
    whole = geometry()
    seen = set()
    for seed in range(200):
        out = spoil(whole, LABEL, np.random.default_rng(seed))
        assert out.shape == whole.shape
        seen.add((bool(np.array_equal(out, whole)), bool((out[..., 6] == 0).mean() > 0.15)))
    assert seen == {(True, False), (False, False), (False, True)}
    assert np.array_equal(whole, geometry())


def test_an_empty_table_can_be_spoilt() -> None:
    for seed in range(50):
        spoil(geometry(), np.zeros_like(LABEL), np.random.default_rng(seed))
