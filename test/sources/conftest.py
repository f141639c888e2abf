"""Fixtures of the tests of sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from recordings import Recorded, write_bag

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def bag(tmp_path: Path) -> Callable[..., Path]:
    """Writes messages to a recording in a temporary folder: bag(messages, name="x.mcap") -> its path."""

    def write(messages: Sequence[Recorded], name: str = "x.mcap") -> Path:
        return write_bag(tmp_path / name, messages)

    return write
