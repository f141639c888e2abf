"""Original segment-anything checkpoints: the same answers as that package's own code, and refusals.

`segment_anything_answers.json` holds the tensor names and shapes of a small `segment_anything.modeling.Sam` and
what that code answered with the weights of `closed_form_weights`, so that parity is tested where the package is
absent; `test_recorded_answers_are_segment_anythings` makes the answers again where it is installed.
"""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.errors import ModelError
from uois_sam.sam.hf_sam import HfSam
from uois_sam.sam.protocol import Prompts
from uois_sam.sam.sam_checkpoint import read_sam_checkpoint

ANSWERS = Path(__file__).parent / "segment_anything_answers.json"
PROMPTS = {
    "point": Prompts.from_points(torch.tensor([[30.0, 40.0]])),
    "clicks": Prompts(torch.tensor([[[30.0, 40.0], [90.0, 20.0]]]), torch.tensor([[1, 0]])),
    "box": Prompts(boxes=torch.tensor([[10.0, 20.0, 100.0, 80.0]])),
    "point and mask": Prompts(
        torch.tensor([[[30.0, 40.0]]]), torch.tensor([[1]]), masks=torch.linspace(-5, 5, 1024).view(1, 32, 32)
    ),
}


def square_image() -> NDArray[np.uint8]:
    """(128, 128, 3) uint8, of the small SAM's own size: nothing is resampled or padded."""
    y, x = np.mgrid[:128, :128]
    return np.stack([2 * x, 2 * y, (x * y) % 256], axis=-1).astype(np.uint8)


def closed_form_weights(shapes: dict[str, list[int]]) -> dict[str, Tensor]:
    """Weights that depend on name and place alone."""
    weights = {}
    for k, name in enumerate(sorted(shapes)):
        place = torch.arange(int(np.prod(shapes[name])), dtype=torch.float64)
        noise = torch.frac(43758.5453 * torch.sin(12.9898 * place + 78.233 * k))
        bias = 1 if "norm" in name and "weight" in name else 0
        weights[name] = (0.6 * noise + bias).float().view(shapes[name])
    return weights


def small_segment_anything() -> Any:
    """A segment_anything Sam, 128 x 128 input and 8 x 8 embedding; skips where the package does not import."""
    modeling = pytest.importorskip("segment_anything.modeling", reason="segment_anything is not installed")
    norm = partial(torch.nn.LayerNorm, eps=1e-6)
    return modeling.Sam(
        modeling.ImageEncoderViT(
            img_size=128,
            embed_dim=32,
            depth=3,
            num_heads=4,
            mlp_ratio=1.5,
            out_chans=32,
            norm_layer=norm,
            use_rel_pos=True,
            window_size=3,
            global_attn_indexes=(1,),
        ),
        modeling.PromptEncoder(32, (8, 8), (128, 128), 8),
        modeling.MaskDecoder(
            transformer_dim=32,
            transformer=modeling.TwoWayTransformer(depth=2, embedding_dim=32, num_heads=8, mlp_dim=40),
            iou_head_hidden_dim=24,
        ),
    ).eval()


def segment_anything_answer(sam: Any, image: NDArray[np.uint8], prompts: Prompts) -> tuple[Tensor, Tensor]:
    """Logits (M, 4, 32, 32) and scores (M, 4) of all four masks by that package's modules."""
    pixels = torch.from_numpy(image).permute(2, 0, 1).float()
    with torch.no_grad():
        features = sam.image_encoder(sam.preprocess(pixels)[None])
        points = None if prompts.points is None else (prompts.points, prompts.labels)
        masks = None if prompts.masks is None else prompts.masks[:, None]
        sparse, dense = sam.prompt_encoder(points, prompts.boxes, masks)
        return sam.mask_decoder.predict_masks(features, sam.prompt_encoder.get_dense_pe(), sparse, dense)


def recorded() -> dict[str, Any]:
    return json.loads(ANSWERS.read_text())


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "sam_small.pth"
    torch.save(closed_form_weights(recorded()["shapes"]), path)
    return path


@pytest.mark.parametrize("kind", PROMPTS)
def test_answers_equal_the_recorded_ones(checkpoint: Path, kind: str) -> None:
    sam = HfSam.from_checkpoint(checkpoint)
    with torch.inference_mode():
        out = sam.decode(sam.encode(square_image()), PROMPTS[kind])
    expected = recorded()[kind]
    assert np.std(expected["logits"]) > 0.1
    np.testing.assert_allclose(out.logits[0, :, ::5, ::5], expected["logits"], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(out.scores[0], expected["scores"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", PROMPTS)
def test_recorded_answers_are_segment_anythings(kind: str) -> None:
    sam = small_segment_anything()
    assert {name: list(tensor.shape) for name, tensor in sam.state_dict().items()} == recorded()["shapes"]
    sam.load_state_dict(closed_form_weights(recorded()["shapes"]))
    logits, scores = segment_anything_answer(sam, square_image(), PROMPTS[kind])
    np.testing.assert_allclose(logits[0, :, ::5, ::5], recorded()[kind]["logits"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(scores[0], recorded()[kind]["scores"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", PROMPTS)
def test_parity_with_segment_anything(tmp_path: Path, kind: str) -> None:
    torch.manual_seed(0)
    theirs = small_segment_anything()
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            if "norm" not in name:
                parameter.normal_(std=0.2)
    torch.save(theirs.state_dict(), tmp_path / "sam.pth")
    ours = HfSam.from_checkpoint(tmp_path / "sam.pth")
    with torch.inference_mode():
        out = ours.decode(ours.encode(square_image()), PROMPTS[kind])
    logits, scores = segment_anything_answer(theirs, square_image(), PROMPTS[kind])
    torch.testing.assert_close(out.logits, logits, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(out.scores, scores, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("hidden", "heads", "depth", "windowless"),
    [(768, 12, 12, [2, 5, 8, 11]), (1024, 16, 24, [5, 11, 17, 23]), (1280, 16, 32, [7, 15, 23, 31])],
    ids=["vit_b", "vit_l", "vit_h"],
)
def test_published_sizes_are_recognised(
    tmp_path: Path, hidden: int, heads: int, depth: int, windowless: list[int]
) -> None:
    reach = [64 if k in windowless else 14 for k in range(depth)]
    shapes = {
        "image_encoder.patch_embed.proj.weight": (hidden, 3, 16, 16),
        "image_encoder.pos_embed": (1, 64, 64, hidden),
        "image_encoder.blocks.0.mlp.lin1.weight": (4 * hidden, hidden),
        "image_encoder.neck.0.weight": (256, hidden, 1, 1),
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix": (2, 128),
        "prompt_encoder.mask_downscaling.3.weight": (16, 4, 2, 2),
        "mask_decoder.iou_token.weight": (1, 256),
        "mask_decoder.mask_tokens.weight": (4, 256),
        "mask_decoder.transformer.layers.0.cross_attn_token_to_image.q_proj.weight": (128, 256),
        "mask_decoder.transformer.layers.0.mlp.lin1.weight": (2048, 256),
        "mask_decoder.transformer.layers.1.mlp.lin1.weight": (2048, 256),
        "mask_decoder.iou_prediction_head.layers.0.weight": (256, 256),
        "mask_decoder.iou_prediction_head.layers.1.weight": (256, 256),
        "mask_decoder.iou_prediction_head.layers.2.weight": (4, 256),
    } | {f"image_encoder.blocks.{k}.attn.rel_pos_h": (2 * r - 1, hidden // heads) for k, r in enumerate(reach)}
    zero = torch.zeros(1)
    torch.save({name: zero.expand(shape) for name, shape in shapes.items()}, tmp_path / "sam.pth")
    config, _ = read_sam_checkpoint(tmp_path / "sam.pth")
    assert config["vision_config"] == {
        "hidden_size": hidden,
        "output_channels": 256,
        "num_hidden_layers": depth,
        "num_attention_heads": heads,
        "num_channels": 3,
        "image_size": 1024,
        "patch_size": 16,
        "window_size": 14,
        "global_attn_indexes": windowless,
        "num_pos_feats": 128,
        "mlp_dim": 4 * hidden,
    }
    assert config["mask_decoder_config"] == {
        "hidden_size": 256,
        "mlp_dim": 2048,
        "num_hidden_layers": 2,
        "num_attention_heads": 8,
        "attention_downsample_rate": 2,
        "num_multimask_outputs": 3,
        "iou_head_depth": 3,
        "iou_head_hidden_dim": 256,
        "layer_norm_eps": 1e-5,
    }


def assert_refused(path: Path, match: str) -> None:
    with pytest.raises(ModelError, match=match) as refusal:
        HfSam.from_checkpoint(path)
    assert "\n" not in str(refusal.value)


class RunsCode:
    """Unpickling it would make a file."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> Any:
        return os.mknod, (str(self.witness),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_code_is_refused_and_not_run(checkpoint: Path, tmp_path: Path, zipped: bool) -> None:
    witness = tmp_path / "ran"
    weights = torch.load(checkpoint, weights_only=True)
    torch.save(weights | {"x": RunsCode(witness)}, checkpoint, _use_new_zipfile_serialization=zipped)
    assert_refused(checkpoint, "may run code")
    assert not witness.exists()


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert_refused(tmp_path / "nowhere.pth", "there is no file")
    assert_refused(tmp_path, "there is no file")


@pytest.mark.parametrize("kept", [0, 1, 100, -100])
def test_truncated_file(checkpoint: Path, kept: int) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:kept])
    assert_refused(checkpoint, "sam_small.pth")


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n" + bytes(100), b"hello world\n", b"PK\x03\x04" + bytes(50)]
)
def test_foreign_file(checkpoint: Path, content: bytes) -> None:
    checkpoint.write_bytes(content)
    assert_refused(checkpoint, "sam_small.pth")


@pytest.mark.parametrize("value", [[1, 2], {"model": {"w": torch.zeros(1)}}, {"epoch": 3}, torch.zeros(3)])
def test_no_table_of_tensors(checkpoint: Path, value: Any) -> None:
    torch.save(value, checkpoint)
    assert_refused(checkpoint, "no table of tensors")


@pytest.mark.parametrize("weights", [{}, {"conv.weight": torch.zeros(3)}, {1: torch.zeros(3)}])
def test_another_networks_weights(checkpoint: Path, weights: dict[Any, Tensor]) -> None:
    torch.save(weights, checkpoint)
    assert_refused(checkpoint, "no segment-anything checkpoint|no table of tensors")


@pytest.mark.parametrize("shape", [(), (3,), (0, 0, 0, 0), (8, 3, 16, 16)])
def test_weights_of_a_senseless_shape(checkpoint: Path, shape: tuple[int, ...]) -> None:
    weights = torch.load(checkpoint, weights_only=True)
    weights["image_encoder.patch_embed.proj.weight"] = torch.zeros(shape)
    torch.save(weights, checkpoint)
    assert_refused(checkpoint, "sam_small.pth")


def test_one_missing_weight(checkpoint: Path) -> None:
    weights = torch.load(checkpoint, weights_only=True)
    del weights["mask_decoder.output_upscaling.3.bias"]
    torch.save(weights, checkpoint)
    assert_refused(checkpoint, "lacks 1 of SAM's weights, mask_decoder.upscale_conv2.bias")
