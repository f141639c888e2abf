"""`uois-sam annotate`: what it refuses."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from uois_sam.parts.guided_sam.labels import PatchLabels, write_patch_labels
from uois_sam.parts.guided_sam.patches import PatchGrid


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), np.full((40, 60, 3), 90, np.uint8))
    return folder


@pytest.mark.parametrize("kind", [("parts", "--names", "handle"), ("instances",)])
def test_without_nicegui_it_says_what_to_install(
    photos: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, kind: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "nicegui", None)
    line = refused("annotate", *kind, photos, "--out", photos.parent / "l.json")
    assert "pip install nicegui" in line


def test_bad_instances(photos: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    pytest.importorskip("nicegui", reason="NiceGUI is not installed")
    out = tmp_path / "out"
    annotate = ("annotate", "instances")
    assert "required: IMAGES, --out" in refused(*annotate)
    assert "'x' is no whole number" in refused(*annotate, photos, "--out", out, "--port", "x")
    assert "there is no folder" in refused(*annotate, tmp_path / "nowhere", "--out", out)
    (tmp_path / "empty").mkdir()
    assert "holds no image" in refused(*annotate, tmp_path / "empty", "--out", out)
    assert "cannot make the folder" in refused(*annotate, photos, "--out", photos / "a.png")
    assert "cannot use port 99999" in refused(*annotate, photos, "--out", out, "--port", "99999")
    assert "has no config.json" in refused(*annotate, photos, "--out", out, "--model", tmp_path / "empty")
    assert "device 'abacus' is unknown" in refused(*annotate, photos, "--out", out, "--device", "abacus")
    (out / "instances.json").write_text('{"input": "photo.jpg", "images": []}')
    assert "no file of marked instances" in refused(*annotate, photos, "--out", out)
    (out / "instances.json").unlink()
    (out / "label" / "a.png").write_bytes(b"")
    assert "label/a.png is there, but nothing of it" in refused(*annotate, photos, "--out", out)
    (out / "label" / "a.png").unlink()
    (photos / "a.bmp").write_bytes(b"BM")
    assert "holds both a.bmp and a.png" in refused(*annotate, photos, "--out", out)
    (photos / "a.bmp").rename(photos / "b.bmp")
    assert "b.bmp is no readable image" in refused(*annotate, photos, "--out", out)
    assert [path.name for path in out.rglob("*.*")] == []


def test_bad_parts(photos: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    pytest.importorskip("nicegui", reason="NiceGUI is not installed")
    out = tmp_path / "labels.json"
    annotate = ("annotate", "parts")
    named = ("--names", "handle,blade", "--out", out)
    assert "required: KIND" in refused("annotate")
    assert "required: IMAGES, --names, --out" in refused(*annotate)
    assert "'-1' is no whole number" in refused(*annotate, photos, *named, "--port", "-1")
    assert "there is no folder" in refused(*annotate, tmp_path / "nowhere", *named)
    (tmp_path / "empty").mkdir()
    assert "holds no image" in refused(*annotate, tmp_path / "empty", *named)
    assert "the parts are none" in refused(*annotate, photos, "--names", " , ", "--out", out)
    assert "handle, handle; name one" in refused(*annotate, photos, "--names", "handle, handle", "--out", out)
    assert "it is a folder" in refused(*annotate, photos, "--names", "handle", "--out", photos)
    assert "cannot use port 99999" in refused(*annotate, photos, *named, "--port", "99999")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"cannot use port {port}: it is taken" in refused(*annotate, photos, *named, "--port", port)
    write_patch_labels(PatchLabels(PatchGrid(8, 2), ("handle",), {}), out)
    assert "patches of 2 of 8 cells, wanted are 2 of 28" in refused(*annotate, photos, *named)
    write_patch_labels(PatchLabels(PatchGrid(), ("rim",), {}), out)
    assert "'rim' is not among the parts handle, blade" in refused(*annotate, photos, *named)
    out.write_text(json.dumps({"format": 2}))
    assert "its format is 2" in refused(*annotate, photos, *named)
    out.unlink()
    assert "no folder" in refused(*annotate, photos, *named, "--clip", tmp_path / "no-clip")
    assert "no folder" in refused(*annotate, photos, *named, "--features", tmp_path / "no-dino")
    (photos / "b.jpg").write_bytes(b"\xff\xd8 cut short")
    assert "b.jpg is no readable image" in refused(*annotate, photos, *named)
    assert not out.exists()
