"""Folders of tiny recordings, and models that are loaded in other processes."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
from replay_doubles import BrightPipeline, recorded_tables

from uois_sam.errors import ModelError

BRIGHT, DEADLY, WAITING, BROKEN = "bright", "deadly", "waiting", "broken"
"""Names of models: as `BrightPipeline`; `Deadly`; `Waiting`; one that cannot be loaded."""

DEADLY_COUNT = 7
JOURNAL = "UOIS_SAM_TEST_JOURNAL"
"""Environment variable with the path of a file that gets a line for each model that is loaded, or begun with."""


class Deadly(BrightPipeline):
    """An image with `DEADLY_COUNT` squares kills the process, as the system does when memory runs out."""

    def segment(self, image: np.ndarray) -> Any:
        found = super().segment(image)
        if len(found) == DEADLY_COUNT:
            os.kill(os.getpid(), signal.SIGKILL)
        return found


class Waiting(BrightPipeline):
    """Says in the journal that it has begun with an image, and never ends."""

    def encode(self, image: np.ndarray, depth: np.ndarray | None = None, camera: Any = None) -> np.ndarray:
        note(f"begun {os.getpid()}")
        threading.Event().wait()
        return image


def load_double(model: str, device: str = "auto") -> Any:
    """Stands in for `load_pipeline`."""
    note(f"{model} in {os.getpid()} with {os.environ.get('OMP_NUM_THREADS')}")
    if model == BROKEN:
        raise ModelError("the model is broken; take another")
    return {BRIGHT: BrightPipeline, DEADLY: Deadly, WAITING: Waiting}[model]()


def note(line: str) -> None:
    """Add a line to the journal, where there is one."""
    if JOURNAL in os.environ:
        with open(os.environ[JOURNAL], "a") as journal:
            journal.write(f"{line}\n")


def folder_of_bags(folder: Path, *, deadly: bool = False) -> Path:
    """`first` and `third` can be replayed, `sub/second` is no recording; `deadly` has `DEADLY_COUNT` squares."""
    (folder / "sub").mkdir(parents=True)
    recorded_tables(folder / "first.mcap", (2, 3), truth=True)
    (folder / "sub" / "second.mcap").write_bytes(b"no recording")
    recorded_tables(folder / "third.bag", (1, 4))
    if deadly:
        recorded_tables(folder / "deadly.db3", (2, DEADLY_COUNT))
    return folder
