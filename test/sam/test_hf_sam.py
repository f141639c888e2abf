"""HfSam: the protocol's promises, and parity with transformers' own forward pass."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import SamModel

from uois_sam.errors import InputError, ModelError
from uois_sam.sam.hf_decoder import BACKGROUND_LOGIT
from uois_sam.sam.hf_sam import HfSam
from uois_sam.sam.protocol import Embedding, MaskCandidates, PromptableSegmenter, Prompts

POINTS = torch.tensor([[10.0, 20.0], [100.0, 60.0], [64.0, 48.0]])
BOXES = torch.tensor([[5.0, 5.0, 60.0, 70.0], [80.0, 30.0, 120.0, 90.0], [0.0, 0.0, 127.0, 95.0]])
CLICKS = Prompts(
    points=torch.stack([POINTS, POINTS.flip(0)], dim=1), labels=torch.tensor([[1, 0], [1, -1], [0, 1]])
)
ROWS, COLUMNS = 24, 32  # of a 96 x 128 image in the small SAM's 32 x 32 logits

PROMPTS = {
    "point": Prompts.from_points(POINTS),
    "clicks": CLICKS,
    "box": Prompts(boxes=BOXES),
    "box and clicks": Prompts(points=CLICKS.points, labels=CLICKS.labels, boxes=BOXES),
    "point and mask": Prompts(
        points=POINTS[:, None],
        labels=torch.ones(3, 1, dtype=torch.long),
        masks=torch.linspace(-9, 9, 3 * ROWS * COLUMNS).view(3, ROWS, COLUMNS),
    ),
}


def decode(segmenter: PromptableSegmenter, image: NDArray[np.uint8], prompts: Prompts) -> MaskCandidates:
    with torch.inference_mode():
        return segmenter.decode(segmenter.encode(image), prompts)


def transformers_answer(
    model: SamModel, embedding: Embedding, prompts: Prompts
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (M, 4, 32, 32) and scores (M, 4) by SamModel.forward, prompt by prompt: one mask, then three."""
    logits, scores = [], []
    for row in range(len(prompts)):
        one = prompts[slice(row, row + 1)]
        masks = one.masks
        if masks is not None:
            square = torch.full((1, 1, 32, 32), BACKGROUND_LOGIT)
            square[:, 0, :ROWS, :COLUMNS] = masks
            masks = square
        answers = [
            model(
                image_embeddings=embedding.features[0],
                input_points=None if one.points is None else one.points[None],
                input_labels=None if one.labels is None else one.labels[None],
                input_boxes=None if one.boxes is None else one.boxes[None],
                input_masks=masks,
                multimask_output=several,
            )
            for several in (False, True)
        ]
        logits.append(torch.cat([a.pred_masks[0, 0] for a in answers]))
        scores.append(torch.cat([a.iou_scores[0, 0] for a in answers]))
    return torch.stack(logits), torch.stack(scores)


@pytest.mark.parametrize("kind", PROMPTS)
def test_decode_equals_transformers_forward(
    hf_sam: HfSam, sam_model: SamModel, image: NDArray[np.uint8], kind: str
) -> None:
    with torch.inference_mode():
        embedding = hf_sam.encode(image)
        ours = hf_sam.decode(embedding, PROMPTS[kind])
        logits, scores = transformers_answer(sam_model, embedding, PROMPTS[kind])
    assert logits.std() > 0.01
    torch.testing.assert_close(ours.logits, logits[:, :, :ROWS, :COLUMNS], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.scores, scores, rtol=1e-4, atol=1e-5)


def test_encode_equals_the_vision_encoder(hf_sam: HfSam, sam_model: SamModel, image: NDArray[np.uint8]) -> None:
    mean = np.array([123.675, 116.28, 103.53], np.float32)
    std = np.array([58.395, 57.12, 57.375], np.float32)
    pixels = np.zeros((1, 3, 128, 128), np.float32)
    pixels[0, :, :96] = ((image - mean) / std).transpose(2, 0, 1)
    embedding = hf_sam.encode(image)
    expected = sam_model.get_image_embeddings(torch.from_numpy(pixels))
    torch.testing.assert_close(embedding.features[0], expected, rtol=1e-4, atol=1e-5)
    assert embedding.image_size == (96, 128)
    assert embedding.extent == (0.75, 1.0)


def test_tokens_are_the_transformers_output(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    seen = []
    hook = hf_sam.decoder.mask_decoder.transformer.register_forward_hook(lambda *call: seen.append(call[2][0]))
    out = decode(hf_sam, image, PROMPTS["point"])
    hook.remove()
    torch.testing.assert_close(out.iou_token, seen[0][:, 0, :1])
    torch.testing.assert_close(out.mask_tokens, seen[0][:, 0, 1:5])
    assert out.iou_token.shape == (3, 1, hf_sam.token_dim)
    assert out.mask_tokens.shape == (3, 4, hf_sam.token_dim)


@pytest.mark.parametrize("kind", ["point", "clicks", "box", "box and clicks"])
def test_decoding_the_tokens_equals_decoding_the_prompts(
    hf_sam: HfSam, image: NDArray[np.uint8], kind: str
) -> None:
    embedding = hf_sam.encode(image)
    prompts = PROMPTS[kind]
    with torch.no_grad():
        tokens = hf_sam.prompt_tokens(embedding, prompts)
        by_tokens = hf_sam.decode(embedding, Prompts(tokens=tokens))
        by_prompts = hf_sam.decode(embedding, prompts)
    assert tokens.shape == (3, {"point": 1, "clicks": 3, "box": 2, "box and clicks": 4}[kind], 32)
    torch.testing.assert_close(by_tokens.logits, by_prompts.logits)
    torch.testing.assert_close(by_tokens.scores, by_prompts.scores)
    assert torch.equal(hf_sam.prompt_tokens(embedding, Prompts(tokens=tokens)), tokens)


def test_tokens_follow_the_image_size(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    """A point at the same place of a picture twice as large is the same prompt."""
    large = image.repeat(2, axis=0).repeat(2, axis=1)
    with torch.no_grad():
        small_tokens = hf_sam.prompt_tokens(hf_sam.encode(image), Prompts(boxes=BOXES))
        large_tokens = hf_sam.prompt_tokens(hf_sam.encode(large), Prompts(boxes=BOXES * 2))
    torch.testing.assert_close(small_tokens, large_tokens, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(96, 128), (128, 96), (16, 16), (37, 501), (501, 37), (16, 3000)])
def test_logits_cover_the_image(hf_sam: HfSam, height: int, width: int) -> None:
    out = decode(hf_sam, np.zeros((height, width, 3), np.uint8), Prompts.from_points(torch.tensor([[3.0, 4.0]])))
    assert out.logits.shape[:2] == (1, 4)
    scale = 32 / max(height, width)
    assert out.logits.shape[2] == pytest.approx(max(1, height * scale), abs=0.75)
    assert out.logits.shape[3] == pytest.approx(max(1, width * scale), abs=0.75)
    assert out.logits.dtype == torch.float32
    assert torch.isfinite(out.logits).all()


def test_no_prompts_give_no_candidates(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    out = decode(hf_sam, image, Prompts.from_points(torch.zeros(0, 2)))
    assert out.logits.shape == (0, 4, ROWS, COLUMNS)
    assert out.scores.shape == (0, 4)


def test_prompts_do_not_see_each_other(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    together = decode(hf_sam, image, PROMPTS["point"])
    apart = MaskCandidates.concatenate(
        [decode(hf_sam, image, PROMPTS["point"][slice(k, k + 1)]) for k in range(3)]
    )
    torch.testing.assert_close(together.logits, apart.logits, rtol=1e-4, atol=1e-5)


def test_an_earlier_mask_changes_the_answer_and_fits_as_it_came(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    first = decode(hf_sam, image, PROMPTS["point"])
    again = Prompts(PROMPTS["point"].points, PROMPTS["point"].labels, masks=first.logits[:, 1])
    second = decode(hf_sam, image, again)
    assert second.logits.shape == first.logits.shape
    assert (second.logits - first.logits).abs().max() > 1e-3


def test_one_embedding_serves_all_prompts(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    """The first attention of the decoder reads the embedding once, not once per prompt."""
    rows = []
    attention = hf_sam.decoder.mask_decoder.transformer.layers[0].cross_attn_token_to_image
    hook = attention.k_proj.register_forward_hook(lambda module, args, out: rows.append(out.shape[0]))
    decode(hf_sam, image, PROMPTS["point"])
    hook.remove()
    assert rows == [1]


def test_gradients_reach_the_decoder_and_not_the_encoder(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    embedding = hf_sam.encode(image)
    assert not embedding.features[0].requires_grad
    prompts = Prompts(CLICKS.points, CLICKS.labels, BOXES, masks=torch.zeros(3, ROWS, COLUMNS))
    out = hf_sam.decode(embedding, prompts)
    (out.logits.square().mean() + out.scores.square().mean()).backward()
    untouched = {name for name, p in hf_sam.decoder.named_parameters() if p.grad is None or not p.grad.any()}
    assert untouched == {
        "prompt_encoder.shared_embedding.positional_embedding",  # fixed, as in segment-anything
        "prompt_encoder.no_mask_embed.weight",  # the prompts bring masks
    } | {name for name in untouched if name.endswith("k_proj.bias")}  # softmax does not see a shift of all keys
    assert all(p.grad is None for p in hf_sam.encoder.parameters())


def test_the_decoder_is_copied_adapted_and_swapped(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    before = decode(hf_sam, image, PROMPTS["point"])
    original = hf_sam.decoder
    adapted = copy.deepcopy(original)
    with torch.no_grad():
        adapted.mask_decoder.iou_token.weight.add_(1.0)
    hf_sam.decoder = adapted
    assert not torch.equal(decode(hf_sam, image, PROMPTS["point"]).scores, before.scores)
    hf_sam.decoder = original
    assert torch.equal(decode(hf_sam, image, PROMPTS["point"]).scores, before.scores)
    with pytest.raises(ModelError, match="Linear"):
        hf_sam.decoder = torch.nn.Linear(1, 1)


def test_depth_is_not_looked_at(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    assert hf_sam.uses_depth is False
    depth = np.full(image.shape[:2], np.nan, np.float32)
    assert torch.equal(hf_sam.encode(image, depth).features[0], hf_sam.encode(image).features[0])


@pytest.mark.parametrize("order", ["read-only", "reversed channels", "every second row"])
def test_any_memory_layout_of_an_image_is_taken(hf_sam: HfSam, image: NDArray[np.uint8], order: str) -> None:
    view = {"read-only": image[:], "reversed channels": image[..., ::-1], "every second row": image[::2]}[order]
    if order == "read-only":
        view.flags.writeable = False
    assert torch.equal(hf_sam.encode(view).features[0], hf_sam.encode(view.copy()).features[0])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float32),
    ],
    ids=["empty", "one pixel", "grey", "four channels", "float"],
)
def test_bad_images_are_refused(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    with pytest.raises(InputError):
        hf_sam.encode(image)


def test_bad_prompts_are_refused(hf_sam: HfSam, image: NDArray[np.uint8]) -> None:
    embedding = hf_sam.encode(image)
    with pytest.raises(InputError, match="rows"):
        Prompts(POINTS[:, None], torch.ones(3, 1, dtype=torch.long), masks=torch.zeros(2, ROWS, COLUMNS))
    with pytest.raises(InputError, match=r"\(3, 32, 32\); this embedding wants \(M, 24, 32\)"):
        hf_sam.decode(embedding, Prompts(boxes=BOXES, masks=torch.zeros(3, 32, 32)))
    with pytest.raises(InputError, match=r"\(M, T, 32\)"):
        hf_sam.decode(embedding, Prompts(tokens=torch.zeros(3, 2, 16)))
    with pytest.raises(InputError, match=r"\(M, T, 32\)"):
        hf_sam.decode(embedding, Prompts(tokens=torch.zeros(3, 32)))


def test_foreign_embeddings_are_refused(hf_sam: HfSam) -> None:
    with pytest.raises(InputError, match="same model"):
        hf_sam.decode(Embedding((torch.zeros(1, 32, 64, 64),), (96, 128)), PROMPTS["point"])
    with pytest.raises(InputError, match="on meta"):
        hf_sam.decode(Embedding((torch.zeros(1, 32, 8, 8, device="meta"),), (96, 128)), PROMPTS["point"])


def test_torchvision_is_not_imported(sam_folder: Path) -> None:
    code = (
        "import sys, numpy, torch\n"
        "from uois_sam.sam.hf_sam import HfSam\n"
        "from uois_sam.sam.protocol import Prompts\n"
        f"sam = HfSam.from_pretrained({str(sam_folder)!r})\n"
        "sam.decode(sam.encode(numpy.zeros((32, 48, 3), numpy.uint8)), Prompts.from_points(torch.ones(1, 2)))\n"
        "assert 'transformers' in sys.modules\n"
        "sys.exit(bool({'torchvision', 'timm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
