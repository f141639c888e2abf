"""Updates are kept or rolled back by what earlier corrections say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from uois_sam.adaptation.adapter import DecoderAdapter
from uois_sam.adaptation.interactive import InteractiveSession
from uois_sam.adaptation.rollback import CorrectionBuffer, UpdateReport, guarded_finish
from uois_sam.adaptation.settings import AdaptationSettings
from uois_sam.errors import InputError
from uois_sam.sam.protocol import Embedding, MaskCandidates, Prompts

H, W = 24, 32


class Threshold:
    """Answers the left of the image up to a column that its only parameter says; the embedding adds to it."""

    def __init__(self) -> None:
        self.decoder = nn.Module()
        self.decoder.mask_decoder = nn.Linear(1, 1)
        with torch.no_grad():
            self.decoder.mask_decoder.weight.zero_()
            self.decoder.mask_decoder.bias.fill_(4)

    def decode(self, embedding: Embedding, prompts: Prompts) -> MaskCandidates:
        column = self.decoder.mask_decoder(torch.ones(1)) + embedding.features[0].mean()
        row = column - torch.arange(16.0) - 0.5
        logits = row.expand(1, 4, 12, 16)
        return MaskCandidates(logits, torch.zeros(1, 4), torch.zeros(1, 1, 2), torch.zeros(1, 4, 2))

    @property
    def column(self) -> float:
        return float(self.decoder.mask_decoder.bias.detach() + self.decoder.mask_decoder.weight.detach())


EMBEDDING = Embedding((torch.zeros(1, 2, 3, 4),), (H, W))


def adapter_of(label: str, rate: float = 0.5) -> DecoderAdapter:
    return DecoderAdapter(Threshold(), AdaptationSettings.from_label(label, rate))  # type: ignore[arg-type]


def correct(adapter: DecoderAdapter, x: float, positive: bool) -> InteractiveSession:
    session = adapter.begin(EMBEDDING)
    session.add_click(1, 1, True)
    adapter.learn_from_clicks(session)
    session.add_click(x, 12, positive)
    adapter.learn_from_clicks(session)
    return session


def column(adapter: DecoderAdapter) -> float:
    segmenter = adapter.segmenter
    assert isinstance(segmenter, Threshold)
    return segmenter.column


def test_the_first_update_stands_and_the_correction_is_held() -> None:
    adapter, buffer = adapter_of("R,CM"), CorrectionBuffer(erosions=1)
    assert buffer.score(adapter.segmenter) is None
    report = guarded_finish(adapter, correct(adapter, 20, True), buffer)
    assert report == UpdateReport(True, 0, None, None)
    assert "no earlier one" in str(report)
    assert len(buffer) == 1
    assert column(adapter) > 4.5


def test_an_update_that_makes_earlier_corrections_worse_is_rolled_back() -> None:
    adapter, buffer = adapter_of("R,CM"), CorrectionBuffer(erosions=1)
    guarded_finish(adapter, correct(adapter, 10, True), buffer)
    before, state = column(adapter), adapter.state()
    worse = correct(adapter, 31, True)  # draws the border to the right
    report = guarded_finish(adapter, worse, buffer)
    assert not report.kept
    assert report.corrections == 1
    assert report.after < report.before - 0.005  # type: ignore[operator]
    assert str(report).startswith("rolled back: IoU 1.000 to 0.")
    assert column(adapter) == before
    assert repr(adapter.state().optimizer) == repr(state.optimizer)
    assert len(buffer) == 2  # the correction itself is as good as any


def test_an_update_that_helps_earlier_corrections_stands() -> None:
    adapter, buffer = adapter_of("R,CM"), CorrectionBuffer(erosions=1)
    wide = np.zeros((H, W), bool)
    wide[:, :20] = True
    session = adapter.begin(EMBEDDING)
    session.add_click(1, 1, True)
    buffer.add(_with_mask(session, wide))
    report = guarded_finish(adapter, correct(adapter, 16, True), buffer)
    assert report.kept
    assert report.before < report.after  # type: ignore[operator]
    assert str(report).startswith("learned from the correction: IoU 0.")
    assert column(adapter) > 4.5


@pytest.mark.parametrize("label", ["C", "C,E,CM", "R,E,CM"])
def test_what_clicks_taught_is_rolled_back_too(label: str) -> None:
    adapter, buffer = adapter_of(label), CorrectionBuffer(erosions=1)
    guarded_finish(adapter, correct(adapter, 10, True), buffer)
    before = column(adapter)
    session = correct(adapter, 31, True)
    if label.startswith("C"):
        assert column(adapter) > before + 0.5
    report = guarded_finish(adapter, session, buffer, tolerance=0.0)
    if not report.kept:
        assert column(adapter) == before
    else:
        assert report.after >= report.before  # type: ignore[operator]
    if label == "C":
        assert not report.kept


def test_nothing_learned_changes_nothing() -> None:
    adapter, buffer = adapter_of("R"), CorrectionBuffer()
    for _ in range(2):
        report = guarded_finish(adapter, correct(adapter, 31, True), buffer)
    assert report.kept
    assert report.before == report.after
    assert column(adapter) == 4


def test_the_oldest_correction_makes_room() -> None:
    adapter, buffer = adapter_of("none"), CorrectionBuffer(2, erosions=1)
    masks = [np.zeros((H, W), bool) for _ in range(3)]
    for mask, right in zip(masks, (30, 8, 8), strict=True):
        mask[:, :right] = True
        session = adapter.begin(EMBEDDING)
        session.add_click(1, 1, True)
        buffer.add(_with_mask(session, mask))
    assert len(buffer) == 2
    assert buffer.score(adapter.segmenter) == 1


def test_the_border_of_what_a_person_was_content_with_does_not_count() -> None:
    adapter = adapter_of("none")
    mask = np.zeros((H, W), bool)
    mask[:, :10] = True  # the answer is 8 wide
    session = _with_mask(adapter.begin(EMBEDDING), mask)
    session.add_click(1, 1, True)
    tolerant, strict = CorrectionBuffer(erosions=2), CorrectionBuffer(erosions=1)
    for buffer in (tolerant, strict):
        buffer.add(session)
    assert tolerant.score(adapter.segmenter) == 1
    assert strict.score(adapter.segmenter) == pytest.approx(8 / 9)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="wanted 1 or more"):
        CorrectionBuffer(0)
    adapter, buffer = adapter_of("CM"), CorrectionBuffer()
    session = adapter.begin(EMBEDDING)
    with pytest.raises(InputError, match="without a click"):
        buffer.add(session)
    with pytest.raises(InputError, match="no click to learn from"):
        guarded_finish(adapter, session, buffer)
    assert len(buffer) == 0


class _Fixed(InteractiveSession):
    """A session whose mask is known."""

    fixed: NDArray[np.bool_]

    @property
    def mask(self) -> NDArray[np.bool_]:
        return self.fixed


def _with_mask(session: InteractiveSession, mask: NDArray[np.bool_]) -> InteractiveSession:
    session.__class__ = _Fixed
    assert isinstance(session, _Fixed)
    session.fixed = mask
    return session


def test_the_stand_in_answers_its_column() -> None:
    logits: Tensor = Threshold().decode(EMBEDDING, Prompts.from_points(torch.zeros(1, 2))).logits
    assert (logits[0, 0] > 0).sum() == 4 * 12
