from __future__ import annotations

import pytest
import torch

from uois_sam.sam.geometry import GEOMETRY_CHANNELS
from uois_sam.segmentation.evidence import EVIDENCE_CHANNELS, mask_evidence

INSIDE, INNER, OUTER = (slice(k * GEOMETRY_CHANNELS, (k + 1) * GEOMETRY_CHANNELS) for k in range(3))
SHAPE = slice(3 * GEOMETRY_CHANNELS, None)


def square(low: int, high: int, logit: float = 20.0) -> torch.Tensor:
    logits = torch.full((1, 4, 60, 80), -20.0)
    logits[..., low:high, low:high] = logit
    return logits


def geometry() -> torch.Tensor:
    """Height 1 on the square of cells 10 to 20, else 0; the rest of the channels count their index."""
    maps = torch.arange(GEOMETRY_CHANNELS).view(1, -1, 1, 1).expand(1, -1, 60, 80).clone().float()
    maps[:, 0] = 0
    maps[:, 0, 10:20, 10:20] = 1
    return maps


def test_whole_mask_has_its_border_at_the_edge() -> None:
    whole, part = (mask_evidence(square(10, high), geometry())[0, 0] for high in (20, 15))
    assert whole.shape == (EVIDENCE_CHANNELS,)
    assert [float(whole[s][0]) for s in (INSIDE, INNER, OUTER)] == [1, 1, 0]
    assert 0.3 < float(part[OUTER][0]) < 0.6
    assert whole[INSIDE][1:].tolist() == pytest.approx([1, 2, 3, 4, 5, 6])


def test_shape_of_a_sure_and_of_an_unsure_mask() -> None:
    sure, unsure = (mask_evidence(square(10, 20, logit), None)[0, 0, SHAPE] for logit in (20.0, 1.0))
    assert sure.tolist() == pytest.approx([(100 / 4800) ** 0.5, 1, 0, 36 / 100, 0], abs=1e-3)
    assert unsure[1:3].tolist() == pytest.approx([torch.tensor(1.0).sigmoid(), 1], abs=1e-3)


def test_a_mask_at_the_border_of_the_image_says_so() -> None:
    assert float(mask_evidence(square(0, 10), None)[0, 0, -1]) == pytest.approx(19 / 100)


def test_without_depth_geometry_is_zero() -> None:
    assert not mask_evidence(square(10, 20), None)[..., : SHAPE.start].any()


def test_nothing_and_everything_are_finite() -> None:
    for logits in (torch.full((2, 4, 30, 40), -5.0), torch.full((2, 4, 30, 40), 5.0), torch.zeros(0, 4, 30, 40)):
        evidence = mask_evidence(logits, geometry())
        assert evidence.shape == (len(logits), 4, EVIDENCE_CHANNELS)
        assert evidence.isfinite().all()


def test_geometry_of_another_size_fits_in() -> None:
    fine = torch.nn.functional.interpolate(geometry(), scale_factor=4)
    same = mask_evidence(square(10, 20), fine)
    assert torch.allclose(same, mask_evidence(square(10, 20), geometry()), atol=1e-5)
    wide = mask_evidence(torch.nn.functional.interpolate(square(10, 20), scale_factor=2), geometry())
    assert torch.allclose(same[..., INSIDE], wide[..., INSIDE], atol=1e-5)
