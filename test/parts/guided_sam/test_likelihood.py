from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from uois_sam.parts.guided_sam.likelihood import join_candidates, mask_prompt, spread
from uois_sam.parts.guided_sam.patches import PatchGrid

LEFT = np.zeros((8, 8), np.float32)
LEFT[:, :4] = 1


def test_likelihood_changes_steadily() -> None:
    wide = spread(np.array([[0, 1]], np.float32), (3, 8))
    assert wide.shape == (3, 8)
    assert (np.diff(wide, axis=1) >= 0).all()
    assert wide[0, 0] == 0
    assert wide[0, -1] == 1


def test_a_mask_prompt_has_the_logits_of_an_earlier_answer() -> None:
    prompt = mask_prompt(LEFT, (4, 2))
    assert prompt.shape == (1, 4, 2)
    assert prompt[0, 0].tolist() == pytest.approx([4.8, -7.2])


def test_candidates_say_where_vague_patches_end() -> None:
    vague = np.full((8, 8), 0.45, np.float32)
    candidates = np.where(LEFT > 0, 9, -9)[None].astype(np.float32)
    assert np.array_equal(join_candidates(vague, candidates), LEFT > 0)


def test_sure_patches_outweigh_candidates() -> None:
    candidates = np.where(LEFT > 0, -9, 9)[None].astype(np.float32)
    assert np.array_equal(join_candidates(LEFT, candidates), LEFT > 0)


def test_a_candidate_that_disagrees_counts_less() -> None:
    likelihood = np.where(LEFT > 0, 0.6, 0.4).astype(np.float32)
    agreeing = np.where(LEFT > 0, 9, -9)
    elsewhere = np.full((8, 8), -9)
    elsewhere[0, 7] = 9
    joined = join_candidates(likelihood, np.stack([agreeing, elsewhere, elsewhere]).astype(np.float32))
    assert np.array_equal(joined, LEFT > 0)


def test_without_candidates_patches_decide() -> None:
    nothing = np.full((3, 8, 8), -9, np.float32)
    assert np.array_equal(join_candidates(LEFT, nothing), LEFT > 0)


@given(arrays(np.float32, 49, elements=st.floats(0, 1, width=32)))
def test_cells_are_means_of_their_patches(values: np.ndarray) -> None:
    grid = PatchGrid(8, 2)
    cells = grid.to_cells(values)
    patches = values.reshape(7, 7)
    assert cells.shape == (8, 8)
    assert cells[0, 0] == patches[0, 0]
    assert cells[3, 0] == pytest.approx(patches[2:4, 0].mean(), abs=1e-6)
    assert cells[3, 5] == pytest.approx(patches[2:4, 4:6].mean(), abs=1e-6)
