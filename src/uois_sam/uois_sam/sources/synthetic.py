"""Synthetic tables as a live camera."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from uois_sam.errors import SourceError, UoisSamError
from uois_sam.sources.source import OpenSource
from uois_sam.types import Frame

if TYPE_CHECKING:
    from uois_sam.datasets.synthetic.live import SyntheticCamera


class SyntheticSource(OpenSource):
    """The frames of a `SyntheticCamera`, with depth as a sensor measures it and the true labels; it never ends.

    May be used from any thread, one at a time: renderers draw only on the thread that made them, so there is one
    thread for that.
    """

    def __init__(self, make_camera: Callable[[], SyntheticCamera]) -> None:
        """`make_camera` is called on the renderer's thread; what it raises comes out here."""
        self.rate: float | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="renderer")
        self._count = 0
        self._closed = False
        try:
            self._camera = self._thread.submit(make_camera).result()
        except BaseException:
            self._thread.shutdown()
            raise

    def describe(self) -> str:
        """Size and contents in one line."""
        camera = self._camera.camera
        return f"synthetic tables: {camera.width} x {camera.height}, rendered live with depth and true labels"

    def close(self) -> None:
        """Give the renderer back; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self._thread.submit(self._camera.close).result()
        self._thread.shutdown()

    def __next__(self) -> Frame:
        if self._closed:
            raise SourceError("the synthetic camera was closed")
        try:
            shot = self._thread.submit(next, self._camera).result()
        except UoisSamError as error:
            raise SourceError(f"the synthetic camera stopped: {error}") from error
        self._count += 1
        name = f"synthetic-{self._count:06d}"
        return Frame(shot.color, shot.depth.astype(np.float32), shot.camera, None, name, shot.label)


def open_synthetic() -> SyntheticSource:
    """Tables laid at random of objects that training never uses.

    Raises:
        SourceError: the renderer is not installed, or finds no way to draw on this machine.
    """
    try:
        from uois_sam.datasets.synthetic.live import SyntheticCamera

        return SyntheticSource(SyntheticCamera)
    except ModuleNotFoundError as error:
        raise SourceError(f"the synthetic camera needs the Python package {error.name}; install it") from error
    except UoisSamError as error:
        raise SourceError(f"the synthetic camera does not start: {error}") from error
