"""Puts a frame and what another node found in it together, by exact stamp. No middleware here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

F = TypeVar("F")
A = TypeVar("A")


class StampMatcher(Generic[F, A]):
    """Frames wait for their answers, which come later, and stay for a second answer (a correction).

    An answer that comes before its frame waits too.
    """

    def __init__(
        self, matched: Callable[[F, A], None], dropped: Callable[[], None], frames: int = 30, answers: int = 5
    ) -> None:
        """Make an empty matcher.

        Args:
            matched: called with each frame and its answer.
            dropped: called for each answer whose frame never came.
            frames: how many are kept; at 30 Hz, 30 leave a second for the answer.
            answers: how many wait.
        """
        self._matched = matched
        self._dropped = dropped
        self._keep_frames = frames
        self._keep_answers = answers
        self._frames: OrderedDict[int, F] = OrderedDict()
        self._answers: OrderedDict[int, A] = OrderedDict()

    def add_frame(self, stamp: int, frame: F) -> None:
        """Take a frame; `stamp` in nanoseconds."""
        self._frames.pop(stamp, None)
        self._frames[stamp] = frame
        while len(self._frames) > self._keep_frames:
            self._frames.popitem(last=False)
        if stamp in self._answers:
            self._matched(frame, self._answers.pop(stamp))

    def add_answer(self, stamp: int, answer: A) -> None:
        """Take an answer to the frame of exactly this stamp."""
        if stamp in self._frames:
            self._matched(self._frames[stamp], answer)
            return
        self._answers[stamp] = answer
        while len(self._answers) > self._keep_answers:
            self._answers.popitem(last=False)
            self._dropped()
