"""Updates that are taken back where earlier corrections come out worse."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from uois_sam.adaptation.adapter import DecoderAdapter
from uois_sam.adaptation.interactive import Click, InteractiveSession, choose_candidate
from uois_sam.adaptation.pseudo_labels import OBJECT, UNKNOWN, mask_labels
from uois_sam.errors import InputError
from uois_sam.sam.logits import full_size
from uois_sam.sam.protocol import Embedding, PromptableSegmenter, Prompts

TOLERANCE = 0.005
"""IoU that an update may cost; a step is never quite without effect on what was right before."""


@dataclass(frozen=True)
class UpdateReport:
    """What became of an update.

    Attributes:
        kept: whether it stands.
        corrections: number of earlier ones that it was judged by.
        before, after: mean IoU on them without and with it; None where there were none.
    """

    kept: bool
    corrections: int
    before: float | None
    after: float | None

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            return "learned from the correction; there is no earlier one to judge by"
        change = f"IoU {self.before:.3f} to {self.after:.3f} on {self.corrections} earlier corrections"
        return f"learned from the correction: {change}" if self.kept else f"rolled back: {change}"


@dataclass(frozen=True)
class _Held:
    """One correction: its image, its first click, and what the person was content with."""

    embedding: Embedding
    prompts: Prompts
    click: Click
    labels: NDArray[np.int8]


class CorrectionBuffer:
    """The latest corrections, to judge a decoder by.

    A correction is judged by what its first click alone gives now: the IoU of that answer with the mask that the
    person was content with in the end, its uncertain border (as eroded for RM) left out. So a decoder is good that
    would have needed fewer clicks, also where it answers to all the clicks as before.

    Args:
        capacity: corrections that are held; each keeps its image's embedding.
        erosions: k of the border that is left out, as in `AdaptationSettings`.

    Raises:
        InputError: `capacity` is below 1.
    """

    def __init__(self, capacity: int = 16, erosions: int = 5) -> None:
        if capacity < 1:
            raise InputError(f"a buffer of {capacity} corrections judges nothing; wanted 1 or more")
        self._erosions = erosions
        self._held: deque[_Held] = deque(maxlen=capacity)

    def __len__(self) -> int:
        return len(self._held)

    def add(self, session: InteractiveSession) -> None:
        """Hold a correction that is done, in place of the oldest where the buffer is full.

        Raises:
            InputError: it has no click.
        """
        if not session.clicks:
            raise InputError("a correction without a click cannot be judged; add a click first")
        labels = mask_labels(session.mask, self._erosions)
        self._held.append(_Held(session.embedding, session.answers[0].prompts, session.clicks[0], labels))

    @torch.no_grad()
    def score(self, segmenter: PromptableSegmenter) -> float | None:
        """Mean IoU, 0 to 1, that a segmenter reaches; None for an empty buffer."""
        if not self._held:
            return None
        return float(np.mean([_first_iou(segmenter, held) for held in self._held]))


def guarded_finish(
    adapter: DecoderAdapter,
    session: InteractiveSession,
    buffer: CorrectionBuffer,
    tolerance: float = TOLERANCE,
) -> UpdateReport:
    """Finish an object; what it taught is taken back where it makes earlier corrections worse.

    The correction joins the buffer afterwards, whatever came of it, so that none is judged by itself.

    Args:
        adapter: that began the session.
        session: with the clicks.
        buffer: of earlier corrections by the same adapter.
        tolerance: of the mean IoU.

    Raises:
        InputError: as `DecoderAdapter.finish`.
    """
    adapter.finish(session)
    learned, after = adapter.state(), buffer.score(adapter.segmenter)
    adapter.restore(adapter.start)
    before, count = buffer.score(adapter.segmenter), len(buffer)
    buffer.add(session)
    kept = before is None or after is None or after >= before - tolerance
    if kept:
        adapter.restore(learned)
    return UpdateReport(kept, count, before, after)


def _first_iou(segmenter: PromptableSegmenter, held: _Held) -> float:
    size = held.embedding.image_size
    candidates = segmenter.decode(held.embedding, held.prompts)
    chosen = choose_candidate(candidates, [held.click], size)
    mask = (full_size(candidates.logits[0, chosen, None], size)[0] > 0).cpu().numpy()
    known, truth = held.labels != UNKNOWN, held.labels == OBJECT
    union = np.count_nonzero((mask | truth) & known)
    return np.count_nonzero(mask & truth) / union if union else 1.0
