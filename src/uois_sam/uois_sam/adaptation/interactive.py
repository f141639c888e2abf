"""Interactive segmentation of one object: the image is embedded once, each click redraws the mask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from uois_sam.errors import InputError
from uois_sam.sam.logits import full_size, logit_size, logits_at, mask_to_logits
from uois_sam.sam.protocol import Embedding, MaskCandidates, PromptableSegmenter, Prompts
from uois_sam.types import Camera


@dataclass(frozen=True)
class Click:
    """A pixel of which a person says what it is.

    Attributes:
        x, y: in pixels of the image; pixel centres lie at integers.
        positive: whether it is on the object.
    """

    x: float
    y: float
    positive: bool


@dataclass(frozen=True)
class Answer:
    """What the segmenter made of some clicks.

    Attributes:
        prompts: the one prompt that was decoded: all clicks, and the mask before.
        logits: (1, h, w) float32 at low resolution, of the candidate that was chosen.
        mask: (H, W) bool.
        score: the segmenter's own estimate of the mask's IoU.
        candidate: number of the candidate, 0 to 3.
    """

    prompts: Prompts
    logits: Tensor
    mask: NDArray[np.bool_]
    score: float
    candidate: int


class InteractiveSession:
    """Clicks on one object of one image (Schön et al., 2024, section 3.1).

    With the t-th click the mask is m_t = f(x, p_1:t, m_t-1): decoded from the embedding, all clicks so far and the
    logits of the mask before; `choose_candidate` takes one of the four answers.

    Attributes:
        segmenter: any `PromptableSegmenter`; may be exchanged between clicks for one with another decoder.
        embedding: of the image, by this segmenter's encoder.
    """

    def __init__(
        self,
        segmenter: PromptableSegmenter,
        embedding: Embedding,
        initial: NDArray[np.bool_] | None = None,
    ) -> None:
        """Begin without a click.

        Args:
            segmenter, embedding: see the class.
            initial: (H, W) bool, a mask to correct; None begins an object of which nothing is known.

        Raises:
            InputError: `initial` is no mask of the image's size.
        """
        if initial is not None and (initial.shape != embedding.image_size or initial.dtype != np.bool_):
            raise InputError(
                f"the mask to correct is {initial.shape} {initial.dtype}; wanted {embedding.image_size} bool"
            )
        self.segmenter = segmenter
        self.embedding = embedding
        self._initial = initial
        self._clicks: list[Click] = []
        self._answers: list[Answer] = []

    @classmethod
    def from_image(
        cls,
        segmenter: PromptableSegmenter,
        image: NDArray[np.uint8],
        depth: NDArray[np.float32] | None = None,
        camera: Camera | None = None,
    ) -> InteractiveSession:
        """Embed an image and begin; the arguments are those of `PromptableSegmenter.encode`.

        Raises:
            InputError: image or depth is not as the protocol wants it.
        """
        return cls(segmenter, segmenter.encode(image, depth, camera))

    @property
    def clicks(self) -> tuple[Click, ...]:
        """All clicks that count, the first first."""
        return tuple(self._clicks)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """One for each click."""
        return tuple(self._answers)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool as it is now: before the first click the one to correct, or nothing."""
        if self._answers:
            return self._answers[-1].mask
        return np.zeros(self.embedding.image_size, bool) if self._initial is None else self._initial

    @property
    def logits(self) -> Tensor | None:
        """(1, h, w) float32 of `mask` at low resolution; None where there is no mask yet."""
        if self._answers:
            return self._answers[-1].logits
        return None if self._initial is None else mask_to_logits(self._initial, logit_size(self.embedding))

    @property
    def score(self) -> float:
        """The segmenter's own estimate of the mask's IoU; 0 before the first click."""
        return self._answers[-1].score if self._answers else 0.0

    def add_click(self, x: float, y: float, positive: bool) -> NDArray[np.bool_]:
        """Click, and get the mask that follows.

        Args:
            x, y: in pixels of the image.
            positive: whether the pixel is on the object.

        Returns:
            (H, W) bool.

        Raises:
            InputError: the pixel is outside the image, or the first click is not on the object although there is
                no mask to correct. The session stays as it was.
        """
        self._check(x, y, positive)
        clicks = [*self._clicks, Click(float(x), float(y), bool(positive))]
        prompts = as_prompts(clicks, self.logits)
        with torch.no_grad():
            candidates = self.segmenter.decode(self.embedding, prompts)
            answer = self._answer(candidates, prompts, clicks)
        self._clicks = clicks
        self._answers.append(answer)
        return answer.mask

    def undo(self) -> bool:
        """Take the latest click back, with what it did to the mask; False where there is none."""
        if not self._clicks:
            return False
        self._clicks.pop()
        self._answers.pop()
        return True

    def _answer(self, candidates: MaskCandidates, prompts: Prompts, clicks: Sequence[Click]) -> Answer:
        chosen = choose_candidate(candidates, clicks, self.embedding.image_size)
        logits = candidates.logits[0, chosen : chosen + 1]
        mask = (full_size(logits, self.embedding.image_size)[0] > 0).cpu().numpy()
        return Answer(prompts, logits, mask, float(candidates.scores[0, chosen]), chosen)

    def _check(self, x: float, y: float, positive: bool) -> None:
        height, width = self.embedding.image_size
        if not (math.isfinite(x) and math.isfinite(y) and 0 <= x <= width - 1 and 0 <= y <= height - 1):
            raise InputError(
                f"click ({x:g}, {y:g}) lies outside the {width} x {height} image; "
                f"give x from 0 to {width - 1} and y from 0 to {height - 1}"
            )
        if not positive and not self._clicks and self._initial is None:
            raise InputError("the first click is beside the object; there is no mask yet, so click on the object")


def as_prompts(clicks: Sequence[Click], logits: Tensor | None) -> Prompts:
    """One prompt of all clicks and the (1, h, w) logits of the mask before, where there is one."""
    points, labels = as_tensors(clicks)
    return Prompts(points=points[None], labels=labels[None], masks=logits)


def as_tensors(clicks: Sequence[Click]) -> tuple[Tensor, Tensor]:
    """(P, 2) float32, x and y in pixels, and (P,) int64, 1 on the object and 0 off it."""
    points = torch.tensor([[click.x, click.y] for click in clicks], dtype=torch.float32)
    return points.view(-1, 2), torch.tensor([int(click.positive) for click in clicks], dtype=torch.int64)


def choose_candidate(candidates: MaskCandidates, clicks: Sequence[Click], image_size: tuple[int, int]) -> int:
    """The candidate of the first prompt that goes best with the clicks and is well scored.

    That is the largest sum of its score and of the clicks' mean log likelihood: a candidate that contradicts a
    click loses to one that does not, and among those that agree with all the score decides.
    """
    points, labels = as_tensors(clicks)
    values = logits_at(candidates.logits[0], points, image_size)
    entropy = F.binary_cross_entropy_with_logits(values, labels.to(values).expand_as(values), reduction="none")
    return int((candidates.scores[0] - entropy.mean(1)).argmax())
