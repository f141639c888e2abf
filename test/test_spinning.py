"""What is set for libgomp, and what a user has set."""

from __future__ import annotations

import os

import pytest

from uois_sam.spinning import spin_briefly


@pytest.mark.parametrize(
    ("before", "count"),
    [({}, "20000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)],
)
def test_what_a_user_has_set_stays(
    monkeypatch: pytest.MonkeyPatch, before: dict[str, str], count: str | None
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    environ = dict(os.environ)
    monkeypatch.setattr(os, "environ", environ)
    spin_briefly()
    assert environ.get("GOMP_SPINCOUNT") == count
