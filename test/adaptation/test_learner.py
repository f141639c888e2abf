"""Learning from corrections with the bundled model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from uois_sam.adaptation.correction import Correction
from uois_sam.adaptation.interactive import Click
from uois_sam.adaptation.learner import CorrectionLearner
from uois_sam.adaptation.rollback import TOLERANCE
from uois_sam.adaptation.settings import AdaptationSettings
from uois_sam.errors import InputError, ModelError
from uois_sam.sam.protocol import Embedding
from uois_sam.segmentation.load import load_segmenter

SEGMENTER = load_segmenter("uois-sam-tiny", torch.device("cpu")).segmenter
CLICKS = (Click(40, 30, True),)


@pytest.fixture(scope="module")
def embedding() -> Embedding:
    image = np.full((96, 128, 3), 60, np.uint8)
    image[20:60, 20:80] = (220, 80, 40)
    return SEGMENTER.encode(image)


def learner(folder: Path, rate: float = 1e-4) -> CorrectionLearner:
    return CorrectionLearner(SEGMENTER, AdaptationSettings.from_label("E,CM", rate), folder)


def weights(one: CorrectionLearner) -> torch.Tensor:
    return torch.cat([p.flatten() for p in one.decoder().parameters()])


def test_a_correction_teaches_and_the_segmenter_itself_stays(tmp_path: Path, embedding: Embedding) -> None:
    original = torch.cat([p.detach().flatten().clone() for p in SEGMENTER.decoder.parameters()])
    one = learner(tmp_path)
    assert torch.equal(weights(one), original)
    report = one.learn(Correction(embedding, None, CLICKS))
    assert (report.kept, report.corrections) == (True, 0)
    assert not torch.equal(weights(one), original)
    assert torch.equal(torch.cat([p.flatten() for p in SEGMENTER.decoder.parameters()]), original)


def test_what_makes_earlier_corrections_worse_is_rolled_back(tmp_path: Path, embedding: Embedding) -> None:
    wild = learner(tmp_path, rate=0.2)  # a step of which leaves no mask as it was
    assert wild.learn(Correction(embedding, None, CLICKS)).corrections == 0
    taught = weights(wild)
    report = wild.learn(Correction(embedding, None, (Click(100, 80, True),)))
    assert report.before is not None
    assert report.after is not None
    assert report.kept == (report.after >= report.before - TOLERANCE)
    assert torch.equal(weights(wild), taught) != report.kept


def test_names_keep_what_was_learned(tmp_path: Path, embedding: Embedding) -> None:
    one = learner(tmp_path)
    original = weights(one)
    one.learn(Correction(embedding, None, CLICKS))
    taught = weights(one)
    assert one.save("kitchen") == tmp_path / "kitchen.safetensors"
    one.reset()
    assert torch.equal(weights(one), original)
    another = learner(tmp_path)
    another.load("kitchen")
    assert torch.equal(weights(another), taught)
    with pytest.raises(ModelError, match="saved are: kitchen"):
        another.load("garden")
    with pytest.raises(InputError, match="names no decoder"):
        another.save("../kitchen")
    assert torch.equal(weights(another), taught)


def test_clicks_that_do_not_fit_teach_nothing(tmp_path: Path, embedding: Embedding) -> None:
    one = learner(tmp_path)
    original = weights(one)
    with pytest.raises(InputError, match="outside"):
        one.learn(Correction(embedding, None, (*CLICKS, Click(500, 3, False))))
    assert torch.equal(weights(one), original)
    assert one.learn(Correction(embedding, None, CLICKS)).kept
