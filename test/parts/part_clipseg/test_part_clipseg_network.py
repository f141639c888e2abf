"""The network against CLIPSeg's own decoder, and against eqs. 3 and 4 by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from uois_sam.datasets.ov_parts import PartVocabulary
from uois_sam.parts.part_clipseg import network as network_module
from uois_sam.parts.part_clipseg.model import PartClipSegModel

CLASSES = torch.tensor([[0, 0], [0, 2], [1, 0], [1, 1]])


def test_shapes(model: PartClipSegModel, vocabulary: PartVocabulary) -> None:
    assert vocabulary.classes == ((0, 0), (0, 2), (1, 0), (1, 1))
    objects, parts = model.embed(vocabulary.objects), model.embed(vocabulary.parts)
    maps = model.network(torch.zeros(3, 3, 32, 32), objects, parts, CLASSES, attention=True)
    assert maps.objects.shape == (3, 3, 16, 16)
    assert maps.parts.shape == (3, 3, 16, 16)
    assert maps.classes.shape == (3, 5, 16, 16)
    assert maps.object_attention is not None
    assert maps.part_attention is not None
    assert maps.object_attention.shape == (3, 2, 16, 16)
    assert maps.part_attention.shape == (3, 3, 16, 16)
    rows = maps.part_attention.sum(-1)
    assert 0 < float(rows.min()) <= float(rows.max()) < 1, "the class token takes the rest"
    assert model.network(torch.zeros(1, 3, 32, 32), objects, parts, CLASSES).part_attention is None


def test_masks_of_names_are_clipsegs(clipseg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_module, "_ADAPTED", 0.0)
    model = PartClipSegModel.from_clipseg(str(clipseg), torch.device("cpu"))
    net = model.network.eval()
    pixels = torch.randn(2, 3, 64, 64)
    words = model.embed(["body", "mug"])
    with torch.no_grad():
        maps = net(pixels, words[1:], words[:1], CLASSES[:1])
        for k in range(2):
            seen = net.clip.vision_model(pixels, interpolate_pos_encoding=True, output_hidden_states=True)
            layers = [seen.hidden_states[i + 1] for i in net.config.extract_layers]
            expected = net.decoder(layers, words[k : k + 1].expand(2, -1)).logits
            found = maps.parts[:, 0] if k == 0 else maps.objects[:, 0]
            torch.testing.assert_close(found, expected.reshape(found.shape), rtol=1e-4, atol=1e-5)


def test_an_object_specific_part_joins_its_object_and_its_part(model: PartClipSegModel) -> None:
    net = model.network
    pixels = torch.randn(1, 3, 32, 32)
    objects, parts = model.embed(["mug", "milk carton"]), model.embed(["body", "cap", "handle"])
    with torch.no_grad():
        maps = net(pixels, objects, parts, CLASSES)
        features, _ = net._decode(net.see(pixels), torch.cat([parts, objects, net.background]))
        image = net.join_features(torch.cat([features[0, 3], features[0, 2]], -1))  # mug, handle
        words = net.join_words(torch.cat([objects[0], parts[2]]))
        joined = net.film_mul(words) * image + net.film_add(words)
        expected = net.upsampling(joined.T.reshape(1, -1, 4, 4))[0, 0]
    torch.testing.assert_close(maps.classes[0, 1], expected, rtol=1e-4, atol=1e-5)


def test_names_meet_only_their_own_classes(model: PartClipSegModel) -> None:
    """Another object changes nothing of the first one's masks."""
    pixels = torch.randn(1, 3, 32, 32)
    parts = model.embed(["body", "handle"])
    with torch.no_grad():
        alone = model.network(pixels, model.embed(["mug"]), parts, CLASSES[:1])
        both = model.network(pixels, model.embed(["mug", "milk carton"]), parts, CLASSES[[0, 2]])
    torch.testing.assert_close(alone.classes[:, 0], both.classes[:, 0])
    torch.testing.assert_close(alone.classes[:, -1], both.classes[:, -1])
    assert not torch.allclose(both.classes[:, 0], both.classes[:, 1])
