"""A renderer for the tests that draw, and a small data set drawn once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("LP_NUM_THREADS", "1")

SIZE = (96, 128)


@pytest.fixture(scope="session")
def lights_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cache folder for image lights, shared by all tests."""
    return tmp_path_factory.mktemp("synthetic_cache")


@pytest.fixture(scope="session")
def renderer_backend() -> str:
    """The backend that works here; skips by name where none does."""
    pytest.importorskip("mujoco", reason="mujoco is not installed: synthetic tables cannot be drawn")
    from uois_sam.datasets.synthetic.render import Renderer, RendererError

    try:
        renderer = Renderer((48, 64))
    except RendererError as error:
        pytest.skip(f"synthetic tables cannot be drawn here: {error}")
    backend = renderer.backend
    renderer.close()
    return backend


@pytest.fixture(scope="session")
def small_set(renderer_backend: str, lights_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of seed 11, two views each, drawn by two workers."""
    from uois_sam.datasets.synthetic.generate import generate

    out = tmp_path_factory.mktemp("synthetic") / "small"
    return generate(out, 2, 11, workers=2, size=SIZE, views=2, backend=renderer_backend, cache_dir=lights_dir)
