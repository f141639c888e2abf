"""Remembers which steps are done, with what, and which one was cut off half-way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from setup_workspace.errors import InterruptedStepError, SetupError


def digest(parts: Iterable[str | bytes]) -> str:
    """One key for all that a step depends on; it changes when any part does."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "little"))
        whole.update(data)
    return whole.hexdigest()


def digest_files(paths: Iterable[Path], root: Path) -> str:
    """One key for names and contents of files below `root`."""
    parts: list[str | bytes] = []
    for path in sorted(paths):
        parts += [path.relative_to(root).as_posix(), path.read_bytes()]
    return digest(parts)


class Stamps:
    """One file per finished step in `folder`, holding the key it was finished with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def is_done(self, step: str, key: str) -> bool:
        stamp = self.folder / step
        return stamp.is_file() and stamp.read_text() == key

    def unfinished(self) -> list[str]:
        """The steps that were begun and neither ended nor failed in order: what they wrote cannot be trusted."""
        return sorted(path.stem for path in self.folder.glob("*.unfinished"))

    def clear(self) -> None:
        """Forgets all steps; choices of the user (*.choice) stay."""
        for path in self.folder.glob("*"):
            if path.suffix != ".choice":
                path.unlink()

    @contextmanager
    def working(self, step: str, key: str) -> Iterator[None]:
        """Stamps the step when the block ends well; a block that is killed leaves the step unfinished."""
        self.folder.mkdir(parents=True, exist_ok=True)
        mark = self.folder / f"{step}.unfinished"
        mark.write_text(key)
        stamp = self.folder / step
        stamp.unlink(missing_ok=True)
        try:
            yield
        except InterruptedStepError:
            raise
        except SetupError:
            mark.unlink()
            raise
        mark.replace(stamp)
