"""Rendered frames as a source."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from uois_sam.errors import SourceError, UoisSamError
from uois_sam.sources.source import FrameSource, open_source
from uois_sam.sources.synthetic import SyntheticSource
from uois_sam.types import Camera

CAMERA = Camera(50, 50, 3.5, 2.5, 8, 6)


class FakeCamera:
    """Gives one frame, then fails as a renderer may."""

    camera = CAMERA
    closed = False
    given = False

    def __next__(self) -> Any:
        if self.given:
            raise UoisSamError("no draw gave a good scene")
        self.given = True
        return SimpleNamespace(
            color=np.zeros((6, 8, 3), np.uint8),
            depth=np.ones((6, 8)),
            camera=CAMERA,
            label=np.ones((6, 8), np.uint16),
        )

    def close(self) -> None:
        self.closed = True


def test_frames_have_depth_intrinsics_and_truth() -> None:
    camera: Any = FakeCamera()
    with SyntheticSource(lambda: camera) as source:
        assert isinstance(source, FrameSource)
        assert "8 x 6" in source.describe()
        frame = next(source)
        with pytest.raises(SourceError, match="stopped: no draw"):
            next(source)
    assert camera.closed
    assert frame.depth is not None
    assert frame.depth.dtype == np.float32
    assert frame.camera == CAMERA
    assert frame.label is not None
    assert frame.label.max() == 1


def test_the_renderer_is_made_used_and_closed_on_one_thread() -> None:
    threads: list[int] = []

    class Watched(FakeCamera):
        def __init__(self) -> None:
            threads.append(threading.get_ident())

        def __next__(self) -> Any:
            threads.append(threading.get_ident())
            return super().__next__()

        def close(self) -> None:
            threads.append(threading.get_ident())

    make: Any = Watched
    source = SyntheticSource(make)
    other = threading.Thread(target=lambda: next(source))
    other.start()
    other.join()
    source.close()
    source.close()
    assert len(threads) == 3
    assert set(threads).isdisjoint({threading.get_ident(), other.ident})
    assert len(set(threads)) == 1
    with pytest.raises(SourceError, match="was closed"):
        next(source)


def test_a_renderer_that_does_not_start() -> None:
    def fail() -> Any:
        raise UoisSamError("no way to draw")

    with pytest.raises(UoisSamError, match="no way to draw"):
        SyntheticSource(fail)


def test_a_missing_renderer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uois_sam.datasets.synthetic.live", None)
    with pytest.raises(SourceError, match="needs the Python package") as caught:
        open_source("synthetic")
    assert "\n" not in str(caught.value)
