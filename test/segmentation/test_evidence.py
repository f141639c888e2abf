from __future__ import annotations

import pytest
import torch
from torch import Tensor

from uois_sam.sam.geometry import GEOMETRY_CHANNELS
from uois_sam.sam.protocol import Embedding, MaskCandidates
from uois_sam.segmentation.evidence import EVIDENCE_CHANNELS, gather_evidence, geometry_and_shape, relations

INSIDE, INNER, OUTER = (slice(k * GEOMETRY_CHANNELS, (k + 1) * GEOMETRY_CHANNELS) for k in range(3))
SHAPE = slice(3 * GEOMETRY_CHANNELS, None)


def square(low: int, high: int, probability: float = 1.0) -> Tensor:
    mask = torch.zeros(1, 60, 80)
    mask[..., low:high, low:high] = probability
    return mask


def geometry() -> Tensor:
    """Height 1 on the square of cells 10 to 20, else 0; the rest of the channels count their index."""
    maps = torch.arange(GEOMETRY_CHANNELS).view(1, -1, 1, 1).expand(1, -1, 60, 80).clone().float()
    maps[:, 0] = 0
    maps[:, 0, 10:20, 10:20] = 1
    return maps


class TestGeometryAndShape:
    def test_whole_mask_has_its_border_at_the_edge(self) -> None:
        whole, part = (geometry_and_shape(square(10, high), geometry())[0] for high in (20, 15))
        assert [float(whole[s][0]) for s in (INSIDE, INNER, OUTER)] == [1, 1, 0]
        assert 0.3 < float(part[OUTER][0]) < 0.6
        assert whole[INSIDE][1:].tolist() == pytest.approx([1, 2, 3, 4, 5, 6])

    def test_shape_of_a_sure_and_of_an_unsure_mask(self) -> None:
        sure, unsure = (geometry_and_shape(square(10, 20, p), None)[0, SHAPE] for p in (1.0, 0.7))
        assert sure.tolist() == pytest.approx([(100 / 4800) ** 0.5, 1, 0, 36 / 100, 0], abs=1e-3)
        assert unsure[1:3].tolist() == pytest.approx([0.7, 1], abs=1e-3)

    def test_a_mask_at_the_border_of_the_image_says_so(self) -> None:
        assert float(geometry_and_shape(square(0, 10), None)[0, -1]) == pytest.approx(19 / 100)

    def test_without_depth_geometry_is_zero(self) -> None:
        assert not geometry_and_shape(square(10, 20), None)[..., : SHAPE.start].any()

    def test_geometry_of_another_size_fits_in(self) -> None:
        fine = torch.nn.functional.interpolate(geometry(), scale_factor=4)
        same = geometry_and_shape(square(10, 20), fine)
        assert torch.allclose(same, geometry_and_shape(square(10, 20), geometry()), atol=1e-5)


class TestRelations:
    """Prompt 0 says: the whole (cells 10 to 20), its left half, nothing, nothing. Prompt 1 lies on it too."""

    whole, left, nothing = square(10, 20), square(10, 20), square(0, 0)
    left[..., 15:] = 0
    points = torch.tensor([[12.5 / 80, 12.5 / 60], [18.5 / 80, 18.5 / 60]])
    scores = torch.tensor([[0.9, 0.6, 0.1, 0.1], [0.8, 0.2, 0.1, 0.1]])

    def of(self, second: Tensor) -> Tensor:
        masks = torch.cat([self.whole, self.left, self.nothing, self.nothing, second, *[self.nothing] * 3])
        return relations(masks, self.scores, self.points)

    def test_another_prompt_that_agrees(self) -> None:
        found = self.of(self.whole)
        assert found[0].tolist() == pytest.approx([0.1, 1, 0.8, 1, 1, 1, 0.8, 1, 0.5, 0, 1, 0], abs=1e-5)
        assert found[1].tolist() == pytest.approx([0, 0, 0.6, 1, 1, 1, 0.6, 1, 0.5, 0, 0.5, -0.3], abs=1e-5)

    def test_another_prompt_that_sees_less(self) -> None:
        corner = square(15, 20)
        found = self.of(corner)[0]
        assert found[2:7].tolist() == pytest.approx([0.8 * 0.25, 0.25, 0.25, 1, 0.8], abs=1e-5)

    def test_one_prompt_alone(self) -> None:
        masks = torch.cat([self.whole, self.left, self.nothing, self.nothing])
        found = relations(masks, self.scores[:1], self.points[:1])
        assert found[0, :7].tolist() == pytest.approx([0, 0, 0.9, 1, 1, 1, 0.9])

    def test_order_of_the_prompts_does_not_matter(self) -> None:
        torch.manual_seed(0)
        masks, scores, points = torch.rand(12, 30, 40), torch.rand(3, 4), torch.rand(3, 2)
        order = torch.tensor([2, 0, 1])
        turned = relations(masks.view(3, 4, 30, 40)[order].flatten(0, 1), scores[order], points[order])
        straight = relations(masks, scores, points).view(3, 4, -1)[order].flatten(0, 1)
        assert torch.allclose(turned, straight, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 5])
@pytest.mark.parametrize("logit", [-5.0, 5.0])
def test_nothing_and_everything_are_finite(count: int, logit: float) -> None:
    candidates = MaskCandidates(
        torch.full((count, 4, 30, 40), logit),
        torch.rand(count, 4),
        torch.rand(count, 1, 8),
        torch.rand(count, 4, 8),
    )
    embedding = Embedding((torch.zeros(1, 8, 6, 6),), (120, 160), geometry=geometry())
    evidence = gather_evidence(candidates, torch.rand(count, 2) * 100, embedding)
    assert evidence.shape == (count, 4, EVIDENCE_CHANNELS)
    assert evidence.isfinite().all()
