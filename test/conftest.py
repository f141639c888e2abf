"""Fixtures shared by all tests."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parents[1]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a background job, whose children would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def denormals() -> Iterator[None]:
    """Models that load leave the processor without numbers near zero, which Hypothesis wants to try."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The reference material beside the repository (papers, real images); skips where it is absent."""
    shared = REPOSITORY.parent / "shared"
    if not shared.is_dir():
        pytest.skip("no ../shared beside the repository: reference material is not on this machine")
    return shared
