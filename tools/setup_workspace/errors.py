"""What ends a set-up, told in one line."""

from __future__ import annotations


class SetupError(Exception):
    """Something is missing or failed; the message is one line that says what and what to do."""


class InterruptedStepError(SetupError):
    """A program that the set-up ran was killed, so what it was writing may be half written."""
