"""Tiny folders and a pipeline without a network, for the commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_tables import BrightThings, H, W, true_label, write_frame


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> BrightThings:
    """What `load_pipeline` gives to every command."""
    made = BrightThings()
    monkeypatch.setattr("uois_sam.segmentation.load.load_pipeline", lambda model, device="auto": made)
    return made


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A folder of three frames with depth, labels and intrinsics."""
    folder = tmp_path / "table"
    for name in ("1", "2", "10"):
        write_frame(folder, name, label=true_label())
    camera = {"fx": 60, "fy": 60, "cx": 31.5, "cy": 23.5, "width": W, "height": H}
    (folder / "camera.json").write_text(json.dumps(camera))
    return folder


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command line that must end with code 2 and one line on standard error; returns the line."""
    from uois_sam.cli import main

    def check(*arguments: object) -> str:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as end:  # argparse's own
            code = int(end.code or 0)
        errors = capsys.readouterr().err
        assert code == 2
        assert errors.count("\n") == 1
        assert errors.endswith("\n")
        assert errors.startswith("uois-sam")
        assert "Traceback" not in errors
        return errors

    return check
