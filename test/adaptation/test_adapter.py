"""What is learned from clicks and masks, how long it lasts, and what never changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import tiny
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.adaptation.adapter import DecoderAdapter
from uois_sam.adaptation.interactive import InteractiveSession
from uois_sam.adaptation.loss import sparse_bce
from uois_sam.adaptation.pseudo_labels import click_labels
from uois_sam.adaptation.settings import CONFIGURATIONS, AdaptationSettings
from uois_sam.errors import InputError, ModelError
from uois_sam.sam.protocol import Embedding, PromptableSegmenter
from uois_sam.sam.tiny.tiny import TinySegmenter

CLICKS = ((40.0, 30.0, True), (80.0, 70.0, False), (50.0, 40.0, True))
RATE = 1e-3


@pytest.fixture
def embedding(segmenter: TinySegmenter, image: NDArray[np.uint8]) -> Embedding:
    return segmenter.encode(image)


def weights(segmenter: PromptableSegmenter) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in segmenter.decoder.state_dict().items()}


def changed(one: dict[str, Tensor], other: dict[str, Tensor]) -> set[str]:
    """First parts of the names of the tensors that differ."""
    return {name.split(".")[0] for name in one if not torch.equal(one[name], other[name])}


def click_through(adapter: DecoderAdapter, embedding: Embedding) -> InteractiveSession:
    session = adapter.begin(embedding)
    for x, y, positive in CLICKS:
        session.add_click(x, y, positive)
        adapter.learn_from_clicks(session)
    return session


def entropy(segmenter: PromptableSegmenter, session: InteractiveSession) -> float:
    """Loss of the session's clicks on what the segmenter now answers to the last prompt."""
    answer = session.answers[-1]
    with torch.no_grad():
        logits = segmenter.decode(session.embedding, answer.prompts).logits[0, answer.candidate, None]
    return float(sparse_bce(logits, click_labels(session.clicks, session.embedding.image_size)))


@pytest.mark.parametrize("label", CONFIGURATIONS)
def test_what_changes_with_a_click_and_what_remains(
    segmenter: TinySegmenter, embedding: Embedding, label: str
) -> None:
    settings = AdaptationSettings.from_label(label, RATE)
    original = weights(segmenter)
    adapter = DecoderAdapter(segmenter, settings)
    session = click_through(adapter, embedding)
    during = weights(adapter.segmenter)
    assert changed(original, during) == (set() if settings.click_adaptation == "off" else {"masks"})
    adapter.finish(session)
    after = weights(adapter.segmenter)
    assert changed(original, after) == ({"masks"} if settings.lasting else set())
    assert changed(original, weights(segmenter)) == set()
    assert all(torch.isfinite(tensor).all() for tensor in after.values())


@pytest.mark.parametrize("label", ["C", "CM"])
def test_a_step_makes_the_clicks_more_likely(segmenter: TinySegmenter, embedding: Embedding, label: str) -> None:
    adapter = DecoderAdapter(segmenter, AdaptationSettings.from_label(label, 1e-4))
    session = adapter.begin(embedding)
    session.add_click(*CLICKS[0])
    adapter.learn_from_clicks(session)
    adapter.finish(session)
    assert entropy(adapter.segmenter, session) < entropy(segmenter, session) - 1e-3


def test_any_segmenter_of_the_protocol_learns(
    any_segmenter: PromptableSegmenter, image: NDArray[np.uint8]
) -> None:
    adapter = DecoderAdapter(any_segmenter, AdaptationSettings.from_label("R,E,CM", 1e-4))
    session = adapter.begin(any_segmenter.encode(image))
    session.add_click(*CLICKS[0])
    adapter.learn_from_clicks(session)
    assert entropy(adapter.segmenter, session) < entropy(any_segmenter, session)
    adapter.finish(session)
    learned = changed(weights(any_segmenter), weights(adapter.segmenter))
    assert len(learned) == 1
    assert learned <= {"masks", "mask_decoder"}
    assert all(p.grad is None for p in any_segmenter.decoder.parameters())


def test_reset_steps_do_not_reach_the_next_object(segmenter: TinySegmenter, embedding: Embedding) -> None:
    adapter = DecoderAdapter(segmenter, AdaptationSettings.from_label("R", RATE))
    first = click_through(adapter, embedding)
    second = click_through(adapter, embedding)  # the first was never finished
    for one, other in zip(first.answers, second.answers, strict=True):
        assert torch.equal(one.logits, other.logits)
    plain = InteractiveSession(segmenter, embedding)
    plain.add_click(*CLICKS[0])
    assert torch.equal(plain.answers[0].logits, first.answers[0].logits)
    plain.add_click(*CLICKS[1])
    assert not torch.equal(plain.answers[1].logits, first.answers[1].logits)


def test_what_lasts_reaches_the_next_object(segmenter: TinySegmenter, embedding: Embedding) -> None:
    adapter = DecoderAdapter(segmenter, AdaptationSettings.from_label("R,E,CM", RATE))
    first = click_through(adapter, embedding)
    adapter.finish(first)
    second = click_through(adapter, embedding)
    assert not torch.equal(first.answers[0].logits, second.answers[0].logits)


def test_the_same_clicks_teach_the_same(image: NDArray[np.uint8]) -> None:
    learned = []
    for _ in range(2):
        segmenter = tiny()
        adapter = DecoderAdapter(segmenter, AdaptationSettings.from_label("C,E,CM", RATE))
        for _ in range(2):
            adapter.finish(click_through(adapter, segmenter.encode(image)))
        learned.append(weights(adapter.segmenter))
    assert changed(*learned) == set()


def test_a_state_can_be_returned_to(segmenter: TinySegmenter, embedding: Embedding) -> None:
    adapter = DecoderAdapter(segmenter, AdaptationSettings.from_label("C,E,CM", RATE))
    adapter.finish(click_through(adapter, embedding))
    state, held = adapter.state(), weights(adapter.segmenter)
    adapter.finish(click_through(adapter, embedding))
    once = weights(adapter.segmenter)
    assert changed(held, once) == {"masks"}
    adapter.restore(state)
    assert changed(held, weights(adapter.segmenter)) == set()
    adapter.finish(click_through(adapter, embedding))
    assert changed(once, weights(adapter.segmenter)) == set()  # Adam's moments came back too


def test_another_decoder_can_be_gone_on_from(segmenter: TinySegmenter, embedding: Embedding) -> None:
    other = tiny(seed=1).decoder
    adapter = DecoderAdapter(segmenter, AdaptationSettings.from_label("C", RATE), other)
    adapter.finish(click_through(adapter, embedding))
    assert all(p.requires_grad for p in other.parameters())
    assert changed(weights(adapter.segmenter), other.state_dict()) == {"masks"}
    with pytest.raises(ModelError, match="no mask_decoder"):
        DecoderAdapter(segmenter, AdaptationSettings(), torch.nn.Linear(2, 2))


def test_sessions_that_cannot_teach_are_refused(segmenter: TinySegmenter, embedding: Embedding) -> None:
    adapter = DecoderAdapter(segmenter, AdaptationSettings.from_label("R,CM", RATE))
    session = adapter.begin(embedding)
    for learn in (adapter.learn_from_clicks, adapter.finish):
        with pytest.raises(InputError, match="no click to learn from"):
            learn(session)
    session.add_click(*CLICKS[0])
    adapter.finish(session)
    with pytest.raises(InputError, match="is finished"):
        adapter.finish(session)
    with pytest.raises(InputError, match="not the one that was begun last"):
        adapter.learn_from_clicks(InteractiveSession(segmenter, embedding))
    with pytest.raises(InputError, match="mask to correct"):
        adapter.begin(embedding, np.zeros((3, 3), bool))
