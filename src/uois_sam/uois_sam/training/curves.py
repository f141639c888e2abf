"""The numbers of a run as lines of JSON and as TensorBoard curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from uois_sam.closeable import Closeable


class Curves(Closeable):
    """Appends to `metrics.jsonl` and, where TensorBoard is installed, to `tensorboard/`; use it in a `with`."""

    def __init__(self, run: Path, done: int, *, keep: bool = True) -> None:
        """Open the files of a run.

        Args:
            run: its directory, which exists.
            done: steps that are done; later points of a run that was cut off are dropped from the curves.
            keep: False writes nothing.
        """
        self._writer: Any = None
        self._log = (run / "metrics.jsonl").open("a", encoding="utf-8") if keep else None
        if keep:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                return
            self._writer = SummaryWriter(str(run / "tensorboard"), purge_step=done + 1)

    def add(self, step: int, kind: str, numbers: dict[str, float]) -> None:
        """Write the numbers of a step; `kind` is "train" or "validation"."""
        if self._log is None:
            return
        names = {k if kind == "train" else f"{kind}_{k}": v for k, v in numbers.items()}
        self._log.write(json.dumps({"step": step, **names}) + "\n")
        self._log.flush()
        if self._writer is not None:
            for name, value in numbers.items():
                self._writer.add_scalar(f"{kind}/{name}", value, step)

    def close(self) -> None:
        """Close the files."""
        if self._log is not None:
            self._log.close()
        if self._writer is not None:
            self._writer.close()
