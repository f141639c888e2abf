"""The paired bootstrap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from uois_sam.errors import InputError
from uois_sam.evaluation.difference import difference
from uois_sam.evaluation.metrics import Scores
from uois_sam.evaluation.results import FIGURES, Evaluation, ImageScores


def rows_of(values: np.ndarray, names: list[str] | None = None) -> Evaluation:
    """An evaluation whose seven figures are `values` on each image."""
    names = names or [f"image{k}" for k in range(len(values))]
    return Evaluation(
        tuple(ImageScores(name, Scores(*[float(v)] * 7, 3, 4)) for name, v in zip(names, values, strict=True))
    )


HARD = np.random.default_rng(0).uniform(0.1, 0.9, 100)


def test_an_evaluation_does_not_differ_from_itself() -> None:
    for mean in difference(rows_of(HARD), rows_of(HARD)).values():
        assert (mean.low, mean.value, mean.high) == (0, 0, 0)


def test_a_constant_step_is_certain_though_the_means_are_not() -> None:
    better, worse = rows_of(HARD + 0.01), rows_of(HARD)
    found = difference(better, worse)
    assert set(found) == set(FIGURES)
    for mean in found.values():
        assert mean.value == pytest.approx(0.01)
        assert mean.low == pytest.approx(0.01)
        assert mean.high == pytest.approx(0.01)
    assert better.means()["overlap_f"].low < worse.means()["overlap_f"].high  # unpaired, they overlap


def test_the_interval_is_that_of_the_differences_and_repeatable() -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, 100)
    found = difference(rows_of(HARD + noise), rows_of(HARD))["overlap_f"]
    spread = noise.std() / np.sqrt(100)
    assert found.value == pytest.approx(noise.mean())
    assert found.high - found.value == pytest.approx(1.96 * spread, rel=0.15)
    assert found.value - found.low == pytest.approx(1.96 * spread, rel=0.15)
    assert found == difference(rows_of(HARD + noise), rows_of(HARD))["overlap_f"]


def test_the_other_way_round_it_has_the_other_sign() -> None:
    a, b = rows_of(HARD), rows_of(HARD[::-1].copy())
    there, back = difference(a, b)["boundary_f"], difference(b, a)["boundary_f"]
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


def test_images_are_paired_by_name() -> None:
    names = [f"n{k}" for k in range(100)]
    backwards = Evaluation(rows_of(HARD, names).rows[::-1])
    assert difference(rows_of(HARD, names), backwards)["overlap_f"].low == 0
    same = ["scene"] * 100  # images of one name pair in their order
    assert difference(rows_of(HARD + 0.05, same), rows_of(HARD, same))["overlap_f"].low == pytest.approx(0.05)


def test_other_images_or_other_truth_are_refused() -> None:
    a = rows_of(HARD[:3])
    with pytest.raises(InputError, match="3 images against 2, 'image2' is in one only"):
        difference(a, Evaluation(a.rows[:2]))
    with pytest.raises(InputError, match="'image0' is in one only"):
        difference(a, Evaluation((ImageScores("other", a.rows[0].scores), *a.rows[1:])))
    with pytest.raises(InputError, match="3 images against 4; score"):
        difference(a, Evaluation((*a.rows, a.rows[0])))
    other = replace(a.rows[1].scores, objects=9)
    with pytest.raises(InputError, match="'image1' has 4 true objects in one and 9 in the other"):
        difference(a, Evaluation((a.rows[0], ImageScores("image1", other), a.rows[2])))
