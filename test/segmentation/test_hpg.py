from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import Dinov2Config, Dinov2Model

from uois_sam.errors import ModelError
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.dino import DinoBackbone
from uois_sam.segmentation.hpg import (
    EmbeddingBackbone,
    ForegroundGridPrompter,
    GridPrompter,
    HeatmapPromptGenerator,
    PromptMaps,
    UpsamplingHead,
    WithGeometry,
    select_peaks,
)
from uois_sam.segmentation.settings import SegmentationSettings

IMAGE = np.zeros((60, 80, 3), np.uint8)


def maps(peaks: dict[tuple[int, int], float], foreground: float = 1.0) -> PromptMaps:
    heatmap = torch.zeros(12, 16)
    for (row, column), value in peaks.items():
        heatmap[row, column] = value
    return PromptMaps(torch.full((12, 16), foreground), heatmap)


class TestPeaks:
    settings = SegmentationSettings()

    def test_highest_first(self) -> None:
        found = select_peaks(maps({(2, 3): 0.5, (8, 10): 0.9}), self.settings)
        assert found.tolist() == [[8, 10], [2, 3]]

    def test_neighbours_of_a_peak_are_none(self) -> None:
        found = select_peaks(maps({(2, 3): 0.9, (3, 4): 0.8, (2, 6): 0.7}), self.settings)
        assert found.tolist() == [[2, 3], [2, 6]]

    def test_low_peaks_and_background_are_left_out(self) -> None:
        assert len(select_peaks(maps({(2, 3): 0.007}), self.settings)) == 0
        assert len(select_peaks(maps({(2, 3): 0.0071}), self.settings)) == 1
        assert len(select_peaks(maps({(2, 3): 0.9}, foreground=0.85), self.settings)) == 0
        assert len(select_peaks(maps({(2, 3): 0.9}, foreground=0.851), self.settings)) == 1

    def test_a_peak_beside_the_foreground_hands_over_to_the_pixel_inside(self) -> None:
        m = maps({(2, 3): 0.9, (2, 4): 0.8})
        m.foreground[2, 3] = 0
        assert select_peaks(m, self.settings).tolist() == [[2, 4]]

    def test_at_most_k(self) -> None:
        many = {(r, c): 0.1 + 0.01 * r + 0.001 * c for r in range(0, 12, 2) for c in range(0, 16, 2)}
        assert len(select_peaks(maps(many), self.settings)) == 30
        assert len(select_peaks(maps(many), SegmentationSettings(max_prompts=5))) == 5


class TestHead:
    def test_the_papers_shape(self) -> None:
        head = UpsamplingHead(8, channels=4).eval()
        assert head(torch.zeros(1, 8, 24, 32)).shape == (1, 3, 336, 448)

    def test_blocks_are_convolution_norm_and_prelu(self) -> None:
        head = UpsamplingHead(384)
        assert len(head.blocks) == 4
        for block in head.blocks:
            convolution, norm, activation = block.children()
            assert isinstance(convolution, nn.Conv2d)
            assert convolution.kernel_size == (3, 3)
            assert convolution.out_channels == 256
            assert isinstance(norm, nn.BatchNorm2d)
            assert isinstance(activation, nn.PReLU)


class FixedHead(UpsamplingHead):
    """Answers one peak at row 2, column 3 of a 6 x 8 map."""

    def __init__(self) -> None:
        super().__init__(4, 4, (1,))

    def forward(self, features: Tensor) -> Tensor:
        logits = torch.full((1, 3, 6, 8), -9.0)
        logits[:, 1] = 9
        logits[0, 2, 2, 3] = 3
        return logits


def test_proposes_pixels_of_the_image() -> None:
    hpg = HeatmapPromptGenerator(EmbeddingBackbone(0), FixedHead())
    embedding = Embedding((torch.zeros(1, 4, 6, 8),), (60, 80))
    proposal = hpg.propose(IMAGE, embedding, SegmentationSettings(heatmap_threshold=0.5))
    assert proposal.points.tolist() == [[34.5, 24.5]]
    assert proposal.maps is not None
    assert proposal.maps.foreground.min() > 0.99


def test_embedding_backbone_takes_a_level_without_its_padding() -> None:
    embedding = Embedding((torch.zeros(1, 4, 8, 8), torch.zeros(1, 2, 16, 16)), (60, 80), (0.75, 1.0))
    assert EmbeddingBackbone(1)(IMAGE, embedding).shape == (1, 2, 12, 16)


def test_grid_covers_the_image() -> None:
    embedding = Embedding((torch.zeros(1, 4, 8, 8),), (60, 80))
    points = GridPrompter(4).propose(IMAGE, embedding, SegmentationSettings()).points
    assert points.shape == (16, 2)
    assert points[0].tolist() == [9.5, 7.0]
    assert points[-1].tolist() == [69.5, 52.0]


class TestDino:
    def small(self) -> Dinov2Model:
        torch.manual_seed(0)
        config = Dinov2Config(
            hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
        )
        return Dinov2Model(config)

    def test_one_vector_per_patch_and_frozen(self) -> None:
        backbone = DinoBackbone(self.small(), (42, 56))
        features = backbone(IMAGE)
        assert features.shape == (1, 16, 3, 4)
        assert backbone.channels == 16
        assert not any(p.requires_grad for p in backbone.parameters())

    def test_rows_run_down_and_columns_right(self) -> None:
        image = np.zeros((42, 56, 3), np.uint8)
        backbone = DinoBackbone(self.small(), (42, 56))
        base = backbone(image)
        image[28:, :14] = 255
        change = (backbone(image) - base).abs().sum(1)[0]
        assert change.flatten().argmax().item() == 2 * 4

    def test_folder_round_trip(self, tmp_path: object) -> None:
        model = self.small()
        model.save_pretrained(str(tmp_path))
        again = DinoBackbone.from_pretrained(str(tmp_path), (42, 56))
        assert torch.allclose(again(IMAGE), DinoBackbone(model, (42, 56))(IMAGE), atol=1e-5)

    def test_refusals(self, tmp_path: object) -> None:
        with pytest.raises(ModelError, match="no folder"):
            DinoBackbone.from_pretrained(f"{tmp_path}/none")
        self.small().save_pretrained(str(tmp_path))
        config = Path(str(tmp_path)) / "config.json"
        config.write_text(config.read_text().replace('"hidden_size": 16', '"hidden_size": 32'))
        with pytest.raises(ModelError, match="do not fit"):
            DinoBackbone.from_pretrained(str(tmp_path))
        with pytest.raises(ModelError, match="multiple of the patch"):
            DinoBackbone(self.small(), (40, 56))


class TestForegroundGrid:
    def propose(self, foreground: Tensor, threshold: float = 0.85) -> Tensor:
        """Points of a 4 x 4 grid on the 60 x 80 image."""

        class Fixed(HeatmapPromptGenerator):
            def __init__(self) -> None:
                nn.Module.__init__(self)

            def maps(self, image: np.ndarray, embedding: Embedding) -> PromptMaps:
                return PromptMaps(foreground, torch.zeros_like(foreground))

        embedding = Embedding((torch.zeros(1, 1, 6, 8),), (60, 80))
        settings = SegmentationSettings(foreground_threshold=threshold, max_prompts=1)
        return ForegroundGridPrompter(Fixed(), GridPrompter(4)).propose(IMAGE, embedding, settings).points

    def test_points_on_the_foreground_are_kept_as_they_are(self) -> None:
        whole = GridPrompter(4).propose(
            IMAGE, Embedding((torch.zeros(1, 1, 6, 8),), (60, 80)), SegmentationSettings()
        )
        assert torch.equal(self.propose(torch.ones(12, 16)), whole.points)

    def test_points_elsewhere_are_left_out(self) -> None:
        foreground = torch.zeros(12, 16)
        foreground[:6, 8:] = 1
        points = self.propose(foreground)
        assert points.tolist() == [[49.5, 7.0], [69.5, 7.0], [49.5, 22.0], [69.5, 22.0]]

    def test_the_threshold_is_the_peaks_threshold(self) -> None:
        assert len(self.propose(torch.full((12, 16), 0.85))) == 0
        assert len(self.propose(torch.full((12, 16), 0.851))) == 16
        assert len(self.propose(torch.full((12, 16), 0.4), 0.3)) == 16

    def test_maps_finer_than_the_image_and_of_one_cell(self) -> None:
        assert len(self.propose(torch.ones(120, 160))) == len(self.propose(torch.ones(1, 1))) == 16


def test_geometry_joins_the_backbones_map() -> None:
    geometry = torch.arange(7.0).view(1, 7, 1, 1).expand(1, 7, 12, 16)
    backbone = WithGeometry(EmbeddingBackbone())
    seen = backbone(IMAGE, Embedding((torch.ones(1, 2, 6, 8),), (60, 80), geometry=geometry))
    assert seen[0, :, 3, 3].tolist() == [1, 1, 0, 1, 2, 3, 4, 5, 6]
    blind = backbone(IMAGE, Embedding((torch.ones(1, 2, 6, 8),), (60, 80)))
    assert blind[0, :, 3, 3].tolist() == [1, 1] + [0] * 7


def test_things_that_stand_are_prompts_where_wanted() -> None:
    geometry = torch.zeros(1, 7, 6, 8)
    geometry[:, 6] = 1
    geometry[:, 0, 2:4, 3:5] = 0.5
    hpg = HeatmapPromptGenerator(EmbeddingBackbone(), UpsamplingHead(1, 4, (1,))).eval()
    embedding = Embedding((torch.zeros(1, 1, 6, 8),), (60, 80), geometry=geometry)
    none = SegmentationSettings(heatmap_threshold=1.0)
    assert len(hpg.propose(IMAGE, embedding, none).points) == 0
    points = hpg.propose(IMAGE, embedding, replace(none, standing_height=0.02)).points
    assert len(points) == 1
    assert 30 <= points[0, 0] < 50
    assert 20 <= points[0, 1] < 40
