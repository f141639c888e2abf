"""A recorded sequence: one synthetic table seen by a moving camera, as the folder form of a data set.

A label is the same object in all frames and is never given to another one. Stamps and events are in sequence.json, see
`uois_sam.datasets.sequence_file` (`read_sequence(folder)`, or `FolderDataset(folder).sequence`) and docs/datasets.md.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from uois_sam.datasets.synthetic.files import (
    encode_color,
    encode_png,
    intrinsics,
    to_millimetres,
    write_bytes,
    write_json,
)
from uois_sam.datasets.synthetic.live import SyntheticCamera
from uois_sam.datasets.synthetic.render import Backend
from uois_sam.errors import InputError

_JPEG_QUALITY = 88
_LEAST_OBJECTS = 7


def generate_sequence(
    out: Path | str,
    seed: int,
    *,
    frames: int = 24,
    size: tuple[int, int] = (480, 640),
    families: str = "heldout",
    backend: Backend = "auto",
    cache_dir: Path | None = None,
) -> Path:
    """Write a sequence to the folder `out` and return it.

    color/NAME.jpg, depth/NAME.png (uint16 mm, as a sensor measures it, 0 unknown), label/NAME.png (uint16, an
    object keeps its number), camera.json, and poses.json: {"objects": {number: {"family", "parts"}},
    "frames": {NAME: {"camera_pose": (4, 4) world-from-optical, "table_plane": (n, d)}}}.

    Raises:
        InputError: an argument cannot be used. RendererError: no renderer works here.
    """
    if frames < 1:
        raise InputError(f"frames is {frames}; give 1 or more")
    folder = Path(out)
    for name in ("color", "depth", "label"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    camera = SyntheticCamera(
        seed,
        size=size,
        frames_per_scene=frames,
        families=families,
        backend=backend,
        least_objects=_LEAST_OBJECTS,
        cache_dir=cache_dir,
    )
    objects: dict[str, Any] = {}
    poses: dict[str, Any] = {}
    for index, frame in enumerate(islice(camera, frames)):
        name = f"{index:06d}"
        write_bytes(folder / "color" / f"{name}.jpg", encode_color(frame.color, _JPEG_QUALITY))
        write_bytes(folder / "depth" / f"{name}.png", encode_png(to_millimetres(frame.depth), 9))
        write_bytes(folder / "label" / f"{name}.png", encode_png(frame.label, 9))
        objects.update({str(k): {"family": o.family, "parts": list(o.parts)} for k, o in frame.objects.items()})
        poses[name] = {"camera_pose": frame.camera_pose.tolist(), "table_plane": frame.table_plane.tolist()}
    write_json(folder / "camera.json", intrinsics(camera.camera))
    write_json(folder / "poses.json", {"objects": objects, "frames": poses})
    camera.close()
    return folder
