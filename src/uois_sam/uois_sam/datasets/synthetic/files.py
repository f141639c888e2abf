"""Frames as files, in the folder form that the rest of the project reads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uois_sam.types import Camera

if TYPE_CHECKING:
    from uois_sam.datasets.synthetic.render import RenderedFrame

FOLDERS = ("color", "depth", "label", "parts", "frames")
_JPEG_QUALITY = 93


def default_cache_dir() -> Path:
    """The project's folder in the user's cache ($XDG_CACHE_HOME, or ~/.cache)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uois_sam" / "synthetic"


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def write_json(path: Path, value: dict[str, Any]) -> None:
    write_bytes(path, json.dumps(value).encode() + b"\n")


def encode_color(color: NDArray[np.uint8], quality: int = _JPEG_QUALITY) -> bytes:
    """JPEG of a (H, W, 3) uint8 RGB image."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", np.ascontiguousarray(color[..., ::-1]), options)[1].tobytes()


def encode_png(image: NDArray[np.uint16], compression: int = 2) -> bytes:
    """PNG of a (H, W) uint16 image."""
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, compression])[1].tobytes()


def to_millimetres(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """(H, W) uint16 millimetres of (H, W) metres; 0 stays 0."""
    return np.round(np.clip(depth, 0, 65) * 1000).astype(np.uint16)


def intrinsics(camera: Camera) -> dict[str, float]:
    """The keys of a camera.json for depth in millimetres."""
    return {
        "fx": camera.fx,
        "fy": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
        "width": camera.width,
        "height": camera.height,
        "depth_scale": 0.001,
    }


def write_frame(
    out: Path, name: str, frame: RenderedFrame, depth: NDArray[np.float32], origin: dict[str, Any]
) -> None:
    """Write one frame with this depth (metres); its JSON file comes last and says that the frame is complete."""
    write_bytes(out / "color" / f"{name}.jpg", encode_color(frame.color))
    write_bytes(out / "depth" / f"{name}.png", encode_png(to_millimetres(depth)))
    write_bytes(out / "label" / f"{name}.png", encode_png(frame.label))
    write_bytes(out / "parts" / f"{name}.png", encode_png(frame.parts))
    description = {
        **intrinsics(frame.camera),
        "camera_pose": frame.camera_pose.tolist(),
        "table_plane": frame.table_plane.tolist(),
        "objects": {str(k): {"family": o.family, "parts": list(o.parts)} for k, o in frame.objects.items()},
        **origin,
    }
    write_json(out / "frames" / f"{name}.json", description)
