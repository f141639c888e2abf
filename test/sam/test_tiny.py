from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from uois_sam.errors import InputError, ModelError
from uois_sam.sam.protocol import Embedding, Prompts
from uois_sam.sam.tiny.mask_decoder import Attention
from uois_sam.sam.tiny.prompt_encoder import PromptEncoder
from uois_sam.sam.tiny.tiny import Fit, TinyDecoder, TinySegmenter
from uois_sam.segmentation.load import load_segmenter
from uois_sam.training.export import save_half
from uois_sam.types import Camera

POINTS = torch.tensor([[100.0, 80.0], [200.0, 120.0], [37.0, 210.0]])


@pytest.fixture(scope="module")
def segmenter() -> TinySegmenter:
    torch.manual_seed(0)
    return TinySegmenter().eval()


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def embedding(segmenter: TinySegmenter, image: np.ndarray) -> Embedding:
    return segmenter.encode(image)


@torch.no_grad()
def test_answers_four_masks_with_scores_and_tokens(segmenter: TinySegmenter, embedding: Embedding) -> None:
    candidates = segmenter.decode(embedding, Prompts.from_points(POINTS))
    assert candidates.logits.shape == (3, 4, 144, 192)
    assert candidates.scores.shape == (3, 4)
    assert candidates.iou_token.shape == (3, 1, segmenter.token_dim)
    assert candidates.mask_tokens.shape == (3, 4, segmenter.token_dim)


@torch.no_grad()
def test_prompts_are_answered_alone_as_together(segmenter: TinySegmenter, embedding: Embedding) -> None:
    together = segmenter.decode(embedding, Prompts.from_points(POINTS))
    alone = segmenter.decode(embedding, Prompts.from_points(POINTS[1:2]))
    assert torch.allclose(together.logits[1:2], alone.logits, atol=1e-4)


@torch.no_grad()
def test_attention_between_tokens_and_image_is_plain_attention() -> None:
    torch.manual_seed(0)
    attention = Attention(16, 8)
    tokens, image, position = torch.randn(3, 5, 16), torch.randn(3, 30, 16), torch.randn(30, 16)
    padding = torch.tensor([[False] * 5, [False] * 4 + [True], [False, True, False, True, False]])
    placed = image + position
    assert torch.allclose(attention.to_image(tokens, image, position), attention(tokens, placed, image), atol=1e-5)
    keys = tokens + 1
    assert torch.allclose(
        attention.from_image(image, position, keys, tokens, padding),
        image + attention(placed, keys, tokens, padding),
        atol=1e-5,
    )


@torch.no_grad()
def test_padding_points_change_nothing(segmenter: TinySegmenter, embedding: Embedding) -> None:
    plain = segmenter.decode(embedding, Prompts.from_points(POINTS))
    points = torch.cat([POINTS[:, None], torch.rand(3, 2, 2) * 200], 1)
    padded = Prompts(points=points, labels=torch.tensor([[1, -1, -1]] * 3))
    assert torch.allclose(segmenter.decode(embedding, padded).logits, plain.logits, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["box", "negative", "mask"])
def test_every_kind_of_prompt_counts(segmenter: TinySegmenter, embedding: Embedding, kind: str) -> None:
    plain = segmenter.decode(embedding, Prompts.from_points(POINTS))
    points = torch.stack([POINTS, POINTS + 20], 1)
    prompts = {
        "box": Prompts(boxes=torch.tensor([[60.0, 40, 140, 120]] * 3)),
        "negative": Prompts(points=points, labels=torch.tensor([[1, 0]] * 3)),
        "mask": Prompts(points=POINTS[:, None], labels=torch.ones(3, 1), masks=plain.logits[:, 0] + 1),
    }[kind]
    other = segmenter.decode(embedding, prompts)
    assert other.logits.shape == plain.logits.shape
    assert not torch.allclose(other.logits, plain.logits, atol=1e-3)


@torch.no_grad()
def test_the_bundled_weights_read_places_off_their_own_tokens() -> None:
    segmenter = load_segmenter("uois-sam-tiny", torch.device("cpu")).segmenter
    assert isinstance(segmenter, TinySegmenter)
    encoder = segmenter.decoder.prompts
    assert isinstance(encoder, PromptEncoder)
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    feature = segmenter.encode(image).features[0]
    corners = torch.rand(200, 2, 2, generator=torch.Generator().manual_seed(0)).sort(1).values
    made = encoder(feature, None, None, corners.flatten(1))
    read = encoder.from_tokens(made.tokens)
    off = (read.places - made.places) * torch.tensor([320.0, 240.0])
    assert off.norm(dim=-1).median() < 6
    between = (read.reference - made.reference) * torch.tensor([320.0, 240.0])
    assert between.norm(dim=-1).median() < 6


@torch.no_grad()
def test_ready_tokens_decode(segmenter: TinySegmenter, embedding: Embedding) -> None:
    points = segmenter.prompt_tokens(embedding, Prompts.from_points(POINTS))
    boxes = segmenter.prompt_tokens(embedding, Prompts(boxes=torch.tensor([[60.0, 40, 140, 120]])))
    assert points.shape == (3, 1, segmenter.token_dim)
    assert boxes.shape == (1, 2, segmenter.token_dim)
    assert segmenter.decode(embedding, Prompts(tokens=boxes)).logits.shape == (1, 4, 144, 192)


def test_decoder_learns_and_the_encoder_does_not(segmenter: TinySegmenter, embedding: Embedding) -> None:
    segmenter.decode(embedding, Prompts.from_points(POINTS)).logits.sum().backward()
    assert all(p.grad is None for p in segmenter.encoder.parameters())
    learned = {n for n, p in segmenter.decoder.named_parameters() if p.grad is not None}
    assert "masks.upscale.weight" in learned
    segmenter.zero_grad(set_to_none=True)


@torch.no_grad()
def test_another_decoder_may_be_swapped_in(image: np.ndarray) -> None:
    torch.manual_seed(1)
    segmenter = TinySegmenter().eval()
    embedding = segmenter.encode(image)
    before = segmenter.decode(embedding, Prompts.from_points(POINTS)).logits
    original, segmenter.decoder = segmenter.decoder, TinyDecoder().eval()
    assert not torch.allclose(segmenter.decode(embedding, Prompts.from_points(POINTS)).logits, before)
    segmenter.decoder = original
    assert torch.equal(segmenter.decode(embedding, Prompts.from_points(POINTS)).logits, before)


@torch.no_grad()
@pytest.mark.parametrize("shape", [(480, 640), (300, 200), (97, 401), (16, 16)])
def test_any_shape_is_covered_exactly(segmenter: TinySegmenter, shape: tuple[int, int]) -> None:
    embedding = segmenter.encode(np.zeros((*shape, 3), np.uint8))
    assert embedding.image_size == shape
    logits = segmenter.decode(embedding, Prompts.from_points(torch.tensor([[3.0, 3.0]]))).logits
    h, w = logits.shape[-2:]
    assert w / h == pytest.approx(shape[1] / shape[0], rel=0.05)
    assert embedding.map(1).shape[-1] / embedding.map(1).shape[-2] == pytest.approx(w / h, rel=0.1)


def test_fit_never_exceeds_the_input() -> None:
    for h, w in [(3000, 4000), (4000, 3000), (16, 5000), (240, 320)]:
        fit = Fit.of(h, w)
        assert 1 <= fit.height <= 288
        assert 1 <= fit.width <= 384
        assert fit.height == 288 or fit.width == 384


class TestDepth:
    camera = Camera(260, 260, 159.5, 119.5, 320, 240)

    def features(self, segmenter: TinySegmenter, image: np.ndarray, depth: np.ndarray | None) -> torch.Tensor:
        return segmenter.encode(image, depth, self.camera).features[0]

    def table(self) -> np.ndarray:
        depth = np.repeat(np.linspace(1.2, 0.6, 240, dtype=np.float32)[:, None], 320, 1)
        depth[100:150, 100:150] -= 0.05
        return depth

    def test_counts(self, segmenter: TinySegmenter, image: np.ndarray) -> None:
        without = self.features(segmenter, image, None)
        assert not torch.allclose(self.features(segmenter, image, self.table()), without, atol=1e-3)

    @pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
    def test_nothing_measured_is_like_no_depth(
        self, segmenter: TinySegmenter, image: np.ndarray, value: float
    ) -> None:
        depth = np.full((240, 320), value, np.float32)
        assert torch.equal(self.features(segmenter, image, depth), self.features(segmenter, image, None))

    def test_without_a_camera_is_not_used(self, segmenter: TinySegmenter, image: np.ndarray) -> None:
        with_depth = segmenter.encode(image, self.table(), None).features[0]
        assert torch.equal(with_depth, self.features(segmenter, image, None))

    def test_of_another_size_is_refused(self, segmenter: TinySegmenter, image: np.ndarray) -> None:
        with pytest.raises(InputError, match="depth is"):
            segmenter.encode(image, np.ones((120, 160), np.float32), self.camera)


class TestFile:
    def test_round_trip_in_half_precision(self, segmenter: TinySegmenter, tmp_path: Path) -> None:
        path = tmp_path / "segmenter.safetensors"
        save_half(segmenter, path)
        again = TinySegmenter.from_file(path)
        for name, tensor in segmenter.state_dict().items():
            assert torch.allclose(again.state_dict()[name], tensor, atol=2e-3, rtol=2e-3)
            assert again.state_dict()[name].dtype == tensor.dtype

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="missing"):
            TinySegmenter.from_file(tmp_path / "none.safetensors")

    def test_truncated(self, segmenter: TinySegmenter, tmp_path: Path) -> None:
        path = tmp_path / "segmenter.safetensors"
        save_half(segmenter, path)
        path.write_bytes(path.read_bytes()[:100_000])
        with pytest.raises(ModelError, match="not a whole safetensors"):
            TinySegmenter.from_file(path)

    def test_foreign(self, tmp_path: Path) -> None:
        path = tmp_path / "segmenter.safetensors"
        save_file({"other": torch.zeros(2)}, path)
        with pytest.raises(ModelError, match="another network"):
            TinySegmenter.from_file(path)
