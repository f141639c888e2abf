"""Errors of the project: each message is one line that says what was given, what was wanted and what to do."""

from __future__ import annotations


class UoisSamError(Exception):
    """Base of all errors raised on purpose; the command line turns it into one line and exit code 2."""


class InputError(UoisSamError):
    """An image, depth map, message, folder or option cannot be used as it was given."""


class ModelError(UoisSamError):
    """A weight file or model folder is missing, broken or of another kind."""


class SourceError(UoisSamError):
    """A camera source (device, folder, video, bag) is missing, unreadable or has ended."""


class TooFewPointsError(UoisSamError):
    """An instance has fewer measured points than a grasp planner can use."""
