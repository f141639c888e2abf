"""Fixtures of the tests of clouds."""

from __future__ import annotations

import pytest
from hypothesis import settings
from tables import Table, make_table

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def table() -> Table:
    """Boxes on a plane with exact depth."""
    return make_table()
