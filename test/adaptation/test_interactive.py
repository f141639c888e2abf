"""An interactive session: what each click decodes, which candidate is taken, undo, and bad clicks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from uois_sam.adaptation.interactive import Click, InteractiveSession, choose_candidate
from uois_sam.errors import InputError
from uois_sam.sam.logits import full_size
from uois_sam.sam.protocol import Embedding, MaskCandidates, PromptableSegmenter, Prompts

H, W = 24, 32


class Recorder:
    """Answers four halves of the image (left, right, top, bottom) and keeps what it was asked."""

    def __init__(self) -> None:
        self.decoder = nn.Identity()
        self.asked: list[Prompts] = []
        self.scores = [0.4, 0.3, 0.2, 0.1]

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        self.asked.append(prompts)
        y, x = torch.meshgrid(torch.arange(12.0), torch.arange(16.0), indexing="ij")
        logits = torch.stack([7.5 - x, x - 7.5, 5.5 - y, y - 5.5])[None]
        return MaskCandidates(logits, torch.tensor([self.scores]), torch.zeros(1, 1, 2), torch.zeros(1, 4, 2))


def begin(initial: NDArray[np.bool_] | None = None) -> tuple[InteractiveSession, Recorder]:
    recorder = Recorder()
    embedding = Embedding((torch.zeros(1, 2, 3, 4),), (H, W))
    return InteractiveSession(recorder, embedding, initial), recorder  # type: ignore[arg-type]


def test_each_click_decodes_all_clicks_and_the_mask_before() -> None:
    session, recorder = begin()
    assert not session.mask.any()
    assert session.logits is None
    assert session.score == 0
    first = session.add_click(3, 5, True)
    before = session.logits
    second = session.add_click(30.5, 20, False)
    assert recorder.asked[0].masks is None
    assert recorder.asked[0].points.tolist() == [[[3, 5]]]
    assert recorder.asked[1].points.tolist() == [[[3, 5], [30.5, 20]]]
    assert recorder.asked[1].labels.tolist() == [[1, 0]]
    assert recorder.asked[1].masks is before
    assert session.clicks == (Click(3, 5, True), Click(30.5, 20, False))
    assert (first == (np.arange(W) < 16)[None]).all()
    assert (second == first).all()
    assert session.score == pytest.approx(0.4)


def test_the_candidate_that_goes_with_the_clicks_is_taken_and_among_such_the_best_scored() -> None:
    session, recorder = begin()
    session.add_click(30, 5, True)  # right or top; right is scored higher
    assert session.answers[-1].candidate == 1
    session.add_click(30, 20, False)  # top alone agrees with both
    assert session.answers[-1].candidate == 2
    assert (session.mask == (np.arange(H) < 12)[:, None]).all()
    recorder.scores = [0.1, 0.2, 0.3, 0.4]
    answered = recorder.decode(session.embedding, recorder.asked[0])
    assert choose_candidate(answered, session.clicks[:1], (H, W)) == 2


def test_undo_takes_back_the_click_and_its_mask() -> None:
    session, recorder = begin()
    assert not session.undo()
    one = session.add_click(30, 5, True)
    kept = session.logits
    session.add_click(30, 20, False)
    assert session.undo()
    assert session.clicks == (Click(30, 5, True),)
    assert (session.mask == one).all()
    assert session.logits is kept
    session.add_click(1, 1, True)
    assert recorder.asked[-1].masks is kept
    assert session.undo()
    assert session.undo()
    assert not session.mask.any()
    assert session.logits is None


def test_a_mask_to_correct_is_where_it_begins() -> None:
    mask = np.zeros((H, W), bool)
    mask[4:16, 8:24] = True
    session, recorder = begin(mask)
    assert (session.mask == mask).all()
    session.add_click(9, 5, False)
    (asked,) = recorder.asked
    assert asked.masks.shape == (1, 12, 16)
    assert ((full_size(asked.masks, (H, W))[0] > 0).numpy() == mask).all()
    assert session.undo()
    assert (session.mask == mask).all()


@given(
    st.floats(allow_nan=True, allow_infinity=True).filter(lambda v: not 0 <= v <= H - 1),
    st.booleans(),
    st.booleans(),
)
def test_clicks_outside_the_image_are_refused_and_change_nothing(value: float, is_x: bool, positive: bool) -> None:
    session, recorder = begin()
    session.add_click(1, 1, True)
    x, y = (value + (W - H if value > 0 else 0), 2.0) if is_x else (2.0, value)
    with pytest.raises(InputError, match="outside the 32 x 24 image"):
        session.add_click(x, y, positive)
    assert len(recorder.asked) == len(session.clicks) == 1


def test_what_cannot_be_begun_with_is_refused() -> None:
    session, recorder = begin()
    with pytest.raises(InputError, match="click on the object"):
        session.add_click(1, 1, False)
    assert not recorder.asked
    for wrong in (np.zeros((H, W + 1), bool), np.zeros((H, W), np.uint8)):
        with pytest.raises(InputError, match="mask to correct"):
            begin(wrong)


def test_any_segmenter_of_the_protocol_takes_clicks(
    any_segmenter: PromptableSegmenter, image: NDArray[np.uint8]
) -> None:
    height, width = image.shape[:2]
    session = InteractiveSession.from_image(any_segmenter, image)
    for k in range(4):
        mask = session.add_click(10 + 20 * k, 15 + 15 * k, k % 2 == 0)
        assert mask.shape == (height, width)
        assert mask.dtype == np.bool_
        assert not session.answers[-1].logits.requires_grad
    again = InteractiveSession(any_segmenter, session.embedding)
    for click in session.clicks:
        again.add_click(click.x, click.y, click.positive)
    assert (again.mask == session.mask).all()
    corrected = InteractiveSession(any_segmenter, session.embedding, np.eye(height, width, dtype=bool))
    assert corrected.add_click(3, 3, False).shape == (height, width)
