"""Where the files that come with the package lie: in the source tree, or in the ament share folder."""

from __future__ import annotations

import os
from pathlib import Path

from uois_sam.errors import ModelError

_PACKAGE = Path(__file__).resolve().parent


def _shared(name: str) -> Path:
    beside_package = _PACKAGE.parent / name
    if beside_package.is_dir():
        return beside_package.resolve()
    try:
        from ament_index_python.packages import get_package_share_directory

        installed = Path(get_package_share_directory("uois_sam")) / name
    except (ImportError, LookupError):
        installed = beside_package
    if not installed.is_dir():
        raise ModelError(f"no {name} folder beside the package or in its share folder; install uois_sam again")
    return installed


def data_dir() -> Path:
    """Where a user's own files of the project are kept ($XDG_DATA_HOME, or ~/.local/share)."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "uois_sam"


def models_dir() -> Path:
    """The folder of the bundled models."""
    return _shared("models")


def config_dir() -> Path:
    """The folder of node parameters and profiles."""
    return _shared("config")


def bundled_sequence() -> Path:
    """The recorded table that the demo and the tests use, in folder form."""
    return _PACKAGE / "datasets" / "bundled" / "table"
