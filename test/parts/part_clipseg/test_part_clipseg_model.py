"""Model folders: written and read again, from CLIPSeg in Hugging Face format, and broken ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPSegForImageSegmentation

from uois_sam.datasets.ov_parts import PartVocabulary
from uois_sam.errors import InputError, ModelError
from uois_sam.parts.part_clipseg.model import PartClipSegModel
from uois_sam.parts.part_clipseg.small import SmallClipSeg
from uois_sam.training.export import write_part_clipseg

CPU = torch.device("cpu")


def test_small_models_know_their_words_alone(model: PartClipSegModel) -> None:
    assert [model.knows(n) for n in ("mug", "Milk Carton", "cap", "object")] == [True] * 4
    assert [model.knows(n) for n in ("pan", "milk", "")] == [False] * 3
    found = model.embed(["pan", "object", "mug", "MUG"])
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(found[2], found[3])
    assert not torch.allclose(found[1], found[2])
    assert model.embed([]).shape == (0, 8)


def test_a_small_model_begins_with_moderate_logits(model: PartClipSegModel, vocabulary: PartVocabulary) -> None:
    with torch.no_grad():
        maps = model.network(
            torch.randn(2, 3, 32, 32),
            model.embed(vocabulary.objects),
            model.embed(vocabulary.parts),
            torch.tensor(vocabulary.classes),
        )
    assert max(float(x.abs().max()) for x in (maps.objects, maps.parts, maps.classes)) < 10


def test_pixels_are_normalised_squares(model: PartClipSegModel) -> None:
    image = np.full((20, 50, 3), 255, np.uint8)
    pixels = model.pixels([image, np.ones((7, 9, 3), np.float32)])
    assert pixels.shape == (2, 3, 32, 32)
    torch.testing.assert_close(pixels[0], pixels[1])
    assert float(pixels[0, 0, 0, 0]) == pytest.approx((1 - 0.485) / 0.229, abs=1e-4)


def test_a_folder_is_read_as_it_was_written(model: PartClipSegModel, tmp_path: Path) -> None:
    write_part_clipseg(tmp_path / "m", model)
    again = PartClipSegModel.from_folder(tmp_path / "m", CPU)
    assert (again.objects, again.parts, again.hypernym) == (model.objects, model.parts, "object")
    assert (again.input_size, again.knows("pan"), again.knows("milk carton")) == (32, False, True)
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        maps = [
            m.network(x, m.embed(["mug"]), m.embed(["handle"]), torch.tensor([[0, 0]])).classes
            for m in (model, again)
        ]
    torch.testing.assert_close(maps[0], maps[1], atol=0.02, rtol=0.02)


def test_broken_folders_are_refused(model: PartClipSegModel, tmp_path: Path) -> None:
    folder = write_part_clipseg(tmp_path / "m", model)
    config = json.loads((folder / "config.json").read_text())
    for change, complaint in (
        ({"kind": "tiny"}, "kind 'tiny'; wanted part-clipseg"),
        ({"input_size": "large"}, "is no part-clipseg model"),
        ({"clipseg": {**config["clipseg"], "reduce_dim": 16}}, "holds another network"),
        ({"weights": "gone.safetensors"}, "is missing"),
    ):
        (folder / "config.json").write_text(json.dumps({**config, **change}))
        with pytest.raises(ModelError, match=complaint):
            PartClipSegModel.from_folder(folder, CPU)
    (folder / "config.json").write_text(json.dumps(config))
    for file in (folder / "tokenizer").iterdir():
        file.unlink()
    with pytest.raises(ModelError, match="holds no tokenizer"):
        PartClipSegModel.from_folder(folder, CPU)
    with pytest.raises(ModelError, match=re.escape("config.json cannot be read")):
        PartClipSegModel.from_folder(tmp_path / "no", CPU)


def test_from_clipseg(clipseg: Path) -> None:
    model = PartClipSegModel.from_clipseg(str(clipseg), CPU)
    assert (model.input_size, model.hypernym, model.knows("gizmo"), model.knows("")) == (352, "", True, False)
    whole = CLIPSegForImageSegmentation.from_pretrained(clipseg)
    decoder = model.network.decoder
    torch.testing.assert_close(decoder.reduces[1].weight, whole.decoder.reduces[1].weight)
    torch.testing.assert_close(model.network.film_mul.weight, whole.decoder.film_mul.weight)
    torch.testing.assert_close(model.network.upsampling.weight, whole.decoder.transposed_convolution.weight)
    assert not torch.allclose(*model.embed(["cat", "dog"]))
    with torch.no_grad():
        maps = model.network(
            model.pixels([np.zeros((40, 50, 3), np.uint8)]),
            model.embed(["cat"]),
            model.embed(["head", "tail"]),
            torch.tensor([[0, 0], [0, 1]]),
        )
    assert maps.classes.shape == (1, 3, 352, 352)


def test_what_is_no_clipseg_is_refused(clipseg: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no folder"):
        PartClipSegModel.from_clipseg(str(tmp_path / "no"), CPU)
    config = json.loads((clipseg / "config.json").read_text())
    (clipseg / "config.json").write_text(json.dumps({**config, "reduce_dim": 12}))
    with pytest.raises(ModelError, match=r"do not fit its config\.json"):
        PartClipSegModel.from_clipseg(str(clipseg), CPU)
    (clipseg / "config.json").write_text(json.dumps({**config, "model_type": "sam"}))
    with pytest.raises(ModelError, match="of type sam; wanted clipseg"):
        PartClipSegModel.from_clipseg(str(clipseg), CPU)


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ({"tokens": 1}, "at least 2 tokens"),
        ({"patch": 6}, "a multiple of 4"),
        ({"input_size": 31}, "input_size is 31; wanted at least 32"),
        ({"width": 3}, "width is 3"),
        ({"reduce": 10, "heads": 4}, "reduce is 10"),
        ({"word_depth": 0}, "word_depth is 0"),
    ],
)
def test_sizes_must_fit(sizes: dict[str, int], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        SmallClipSeg(**sizes)
